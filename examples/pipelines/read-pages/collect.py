"""Chooses the pages to read: pictures of at least a size, in bytes."""

import os
import shutil
from pathlib import Path

least = int(os.environ.get("smallest", "1000"))
folder = Path("pages")
folder.mkdir(exist_ok=True)
for picture in sorted(Path().glob("*.png")):
    if picture.stat().st_size >= least:
        shutil.copy(picture, folder / picture.name)
        print(picture.name)
