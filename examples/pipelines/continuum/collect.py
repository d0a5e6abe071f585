"""In the cloud: all texts in one file."""

from pathlib import Path

texts = sorted(path for path in Path().rglob("*.txt") if path.name != "requirements.txt")
if not texts:
    raise SystemExit("Nothing was read.")
Path("texts.md").write_text(
    "".join(f"## {path.stem}\n\n{path.read_text(encoding='utf-8')}\n" for path in texts), encoding="utf-8"
)
print(f"{len(texts)} of the pictures had text")
