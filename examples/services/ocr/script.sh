#!/bin/sh
# Reads the text in a picture: <name>.txt, <name>.json (lines with boxes and scores) and <name>-boxes.png.
set -eu

exec python3 - <<'EOF'
import json
import os
import sys
from pathlib import Path

source = Path(os.environ["INPUT_FILE_PATH"])
folder = Path(os.environ["TMP_OUTPUT_DIR"])
name = source.stem or source.name

# Pillow is light: what is no picture is told before the models are loaded.
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

try:
    with Image.open(source) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
    sys.exit(f"{source.name} is not a picture that can be read: {error}")

import numpy
from rapidocr import RapidOCR

# More threads than cores wait for each other; the cluster says how many there are.
threads = int(os.environ.get("OMP_NUM_THREADS") or 1)
engine = RapidOCR(
    params={
        "Global.log_level": "error",
        # Pages are upright here; turning lines over spoils more than it mends.
        "Global.use_cls": False,
        # Small pictures are taken as they are: to blow them up costs three times as much and reads no better.
        "Det.limit_type": "max",
        "Det.limit_side_len": 1600,
        "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
)
found = engine(numpy.asarray(picture)[:, :, ::-1])

lines = []
if found.txts is not None:
    for text, score, box in zip(found.txts, found.scores, found.boxes):
        lines.append(
            {
                "text": text,
                "score": round(float(score), 4),
                "box": [[round(float(x), 1), round(float(y), 1)] for x, y in box],
            }
        )

folder.joinpath(f"{name}.txt").write_text(
    "".join(line["text"] + "\n" for line in lines), encoding="utf-8"
)
folder.joinpath(f"{name}.json").write_text(
    json.dumps(
        {
            "file": source.name,
            "width": picture.width,
            "height": picture.height,
            "lines": lines,
        },
        ensure_ascii=False,
        indent=2,
    )
    + "\n",
    encoding="utf-8",
)
draw = ImageDraw.Draw(picture)
width = max(1, round(max(picture.size) / 500))
for line in lines:
    points = [tuple(point) for point in line["box"]]
    draw.line([*points, points[0]], fill=(230, 60, 40), width=width)
picture.save(folder / f"{name}-boxes.png")

print(f"{source.name}: {len(lines)} {'line' if len(lines) == 1 else 'lines'} of text")
for line in lines:
    print(line["text"])
EOF
