#!/bin/sh
# Makes a picture grey and keeps its name: with Pillow where it is there, else with ImageMagick (the public image).
set -eu

name=$(basename "$INPUT_FILE_PATH")

if python3 -c 'import PIL' 2>/dev/null; then
  exec python3 - "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/$name" <<'EOF'
import sys

from PIL import Image, ImageOps, UnidentifiedImageError

source, target = sys.argv[1:]
try:
    with Image.open(source) as opened:
        form = opened.format
        picture = ImageOps.exif_transpose(opened)
        if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
            grey = picture.convert("RGBA").convert("LA")
        else:
            grey = picture.convert("L")
except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
    sys.exit(f"{source.rsplit('/', 1)[-1]} is not a picture that can be read: {error}")
try:
    grey.save(target, format=form)
except OSError:
    # A format without an alpha channel.
    grey.convert("L").save(target, format=form)
print(f"{target.rsplit('/', 1)[-1]}: {grey.width} × {grey.height}, grey")
EOF
fi

convert "$INPUT_FILE_PATH" -colorspace Gray "$TMP_OUTPUT_DIR/$name"
echo "$name: grey"
