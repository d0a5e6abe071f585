#!/bin/sh
# Finds where somebody speaks in a WAV file (16 bits) and cuts it there: a file a segment, and segments.json with their times.
# The loudness of 20 ms is compared with that of the quiet parts. Only Python's own modules are used.
set -eu
exec python3 - "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR" <<'PYTHON'
import array
import json
import pathlib
import sys
import wave

source, folder = map(pathlib.Path, sys.argv[1:])
try:
    with wave.open(str(source)) as sound:
        rate, channels, width = sound.getframerate(), sound.getnchannels(), sound.getsampwidth()
        samples = array.array("h", sound.readframes(sound.getnframes())) if width == 2 else None
except (wave.Error, EOFError) as error:
    sys.exit(f"{source.name} is no WAV file that can be read: {error}")
if samples is None:
    sys.exit(f"{source.name} has {8 * width} bits a sample; only 16 can be read")
if sys.byteorder == "big":
    samples.byteswap()
mono = samples[::channels]
step = rate // 50
loud = [sum(value * value for value in mono[i : i + step]) / step for i in range(0, len(mono) - step + 1, step)]
quiet = sorted(loud)[len(loud) // 10] if loud else 0
speaks = [value > max(9 * quiet, 10_000) for value in loud]
segments, begin, silence = [], None, 0
for i, now in enumerate([*speaks, *[False] * 10]):
    if now:
        begin, silence = (i if begin is None else begin), 0
    elif begin is not None:
        silence += 1
        if silence == 10:  # a pause of 0.2 s ends it
            segments.append((begin, i - silence + 1))
            begin = None
for number, (first, last) in enumerate(segments):
    with wave.open(str(folder / f"{source.stem}-{number:03}.wav"), "wb") as part:
        part.setnchannels(1)
        part.setsampwidth(2)
        part.setframerate(rate)
        part.writeframes(mono[first * step : last * step].tobytes())
times = [{"begin": round(first / 50, 2), "end": round(last / 50, 2)} for first, last in segments]
(folder / f"{source.stem}.json").write_text(json.dumps({"seconds": round(len(mono) / rate, 2), "segments": times}))
print(f"{source.name}: {len(segments)} segments")
PYTHON
