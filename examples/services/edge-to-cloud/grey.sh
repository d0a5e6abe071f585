#!/bin/sh
# Makes a PNG picture grey and writes it as PGM, a format that needs no library. Only Python's own modules are used.
set -eu
exec python3 - "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR" <<'PYTHON'
import pathlib
import struct
import sys
import zlib

source, folder = map(pathlib.Path, sys.argv[1:])
data = source.read_bytes()
if data[:8] != b"\x89PNG\r\n\x1a\n":
    sys.exit(f"{source.name} is no PNG picture")
width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
channels = {0: 1, 2: 3, 4: 2, 6: 4}.get(colour)
if depth != 8 or channels is None or interlaced:
    sys.exit(f"{source.name}: only PNG with 8 bits a channel, no palette and no interlacing")
packed, at = b"", 8
while at < len(data):
    (length,) = struct.unpack(">I", data[at : at + 4])
    if data[at + 4 : at + 8] == b"IDAT":
        packed += data[at + 8 : at + 8 + length]
    at += 12 + length
raw, stride = zlib.decompress(packed), width * channels
before, rows = bytearray(stride), []
for y in range(height):
    kind = raw[y * (stride + 1)]
    line = bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
    for x in range(stride) if kind else ():
        left = line[x - channels] if x >= channels else 0
        up, corner = before[x], before[x - channels] if x >= channels else 0
        if kind == 4:
            guess = left + up - corner
            near = sorted((abs(guess - value), i, value) for i, value in enumerate((left, up, corner)))
            line[x] = (line[x] + near[0][2]) & 255
        else:
            line[x] = (line[x] + (0, left, up, (left + up) // 2)[kind]) & 255
    rows.append(line)
    before = line
if channels > 2:
    grey = [
        bytes((299 * r + 587 * g + 114 * b) // 1000 for r, g, b in zip(row[::channels], row[1::channels], row[2::channels]))
        for row in rows
    ]
else:
    grey = [bytes(row[::channels]) for row in rows]
target = folder / f"{source.stem}.pgm"
target.write_bytes(b"P5\n%d %d\n255\n" % (width, height) + b"".join(grey))
print(f"{target.name}: {width} x {height}, grey")
PYTHON
