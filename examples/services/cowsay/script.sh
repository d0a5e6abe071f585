#!/bin/sh
# Prints a cow that says the input: plain text, or JSON {"message": "…"}. With Python's standard library where there is
# Python, else with cowsay and jq (the public image).
set -eu

# A file that was uploaded gets its answer as a file; who calls and waits gets it as the answer itself.
target=/dev/null
if [ -n "${STORAGE_OBJECT_KEY:-}" ]; then
  name=$(basename "$INPUT_FILE_PATH")
  target="$TMP_OUTPUT_DIR/${name%.*}.cow.txt"
fi

if command -v python3 >/dev/null 2>&1; then
  exec python3 - "$INPUT_FILE_PATH" "$target" <<'EOF'
import json
import sys
import textwrap
from pathlib import Path

source, target = map(Path, sys.argv[1:])
text = source.read_bytes().decode("utf-8", "replace")
try:
    value = json.loads(text)
except ValueError:
    value = None
if isinstance(value, dict):
    message = value.get("message", "")
elif isinstance(value, str):
    message = value
else:
    message = text
lines = textwrap.wrap(" ".join(str(message).split()), 40)
if not lines:
    sys.exit('There is nothing to say. Send a text, or JSON like {"message": "Hello"}.')

width = max(map(len, lines))
edges = ["<>"] if len(lines) == 1 else ["/\\", *["||"] * (len(lines) - 2), "\\/"]
bubble = [f"{left} {line:<{width}} {right}" for (left, right), line in zip(edges, lines)]
cow = r"""
        \   ^__^
         \  (oo)\_______
            (__)\       )\/\
                ||----w |
                ||     ||
"""
answer = "\n".join([" " + "_" * (width + 2), *bubble, " " + "-" * (width + 2)]) + cow
target.write_text(answer, encoding="utf-8")
sys.stdout.reconfigure(encoding="utf-8")
print(answer, end="")
EOF
fi

PATH="$PATH:/usr/games"
message=$(jq -r '.message' "$INPUT_FILE_PATH" 2>/dev/null || cat "$INPUT_FILE_PATH")
cowsay "$message" | tee "$target"
