"""Lower case, letters only, one word a line."""

import re
from pathlib import Path

text = Path("genesis.txt").read_text(encoding="utf-8")
words = re.findall(r"[^\W\d_]+", text.lower())
Path("words.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
print(f"{len(words)} words")
