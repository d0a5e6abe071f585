#!/bin/sh
# Finds the edges in a grey PGM picture and writes them as PNG, with a few numbers as JSON. Only Python's own modules are used.
set -eu
exec python3 - "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR" <<'PYTHON'
import json
import pathlib
import struct
import sys
import zlib

source, folder = map(pathlib.Path, sys.argv[1:])
data = source.read_bytes()
try:
    magic, size, most, pixels = data.split(b"\n", 3)
    width, height = map(int, size.split())
except ValueError:
    sys.exit(f"{source.name} is no PGM picture")
if magic != b"P5" or most != b"255" or len(pixels) != width * height:
    sys.exit(f"{source.name} is no PGM picture with 8 bits")
edges = bytearray(width * height)
for y in range(1, height - 1):
    above, here, below = ((y + i) * width for i in (-1, 0, 1))
    for x in range(1, width - 1):
        across = pixels[here + x + 1] - pixels[here + x - 1]
        down = pixels[below + x] - pixels[above + x]
        edges[here + x] = min(255, 2 * (abs(across) + abs(down)))


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


lines = b"".join(b"\0" + edges[y * width : (y + 1) * width] for y in range(height))
picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
picture += chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
(folder / f"{source.stem}.png").write_bytes(picture)
strong = sum(value > 127 for value in edges)
numbers = {"width": width, "height": height, "edges": round(strong / max(1, width * height), 4)}
(folder / f"{source.stem}.json").write_text(json.dumps(numbers))
print(f"{source.stem}: {numbers['edges']:.1%} of the picture are edges")
PYTHON
