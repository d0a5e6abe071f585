#!/bin/sh
# Takes every n-th picture (EVERY, default 5) of a Y4M video and writes it as PGM. Only Python's own modules are used.
set -eu
exec python3 - "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR" "${EVERY:-5}" <<'PYTHON'
import pathlib
import sys

source, folder, every = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
with source.open("rb") as video:
    words = video.readline().split()
    if words[:1] != [b"YUV4MPEG2"]:
        sys.exit(f"{source.name} is no Y4M video")
    given = {word[:1]: word[1:] for word in words[1:]}
    width, height = int(given[b"W"]), int(given[b"H"])
    colour = given.get(b"C", b"420")
    chroma = {b"mono": 0, b"420": 2 * (-(-width // 2) * -(-height // 2)), b"444": 2 * width * height}
    rest = next((size for name, size in chroma.items() if colour.startswith(name)), None)
    if rest is None:
        sys.exit(f"{source.name}: the colours {colour.decode()} cannot be read; 420, 444 and mono can")
    number = taken = 0
    while video.readline().startswith(b"FRAME"):
        picture = video.read(width * height)
        if len(picture) < width * height:
            sys.exit(f"{source.name} ends in the middle of picture {number}")
        video.seek(rest, 1)
        if number % every == 0:
            header = b"P5\n%d %d\n255\n" % (width, height)
            (folder / f"{source.stem}-{number:05}.pgm").write_bytes(header + picture)
            taken += 1
        number += 1
print(f"{source.name}: {taken} of {number} pictures")
PYTHON
