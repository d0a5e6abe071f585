"""At the edge: keeps the pictures that look like pages (mostly bright), and makes them grey and small."""

from pathlib import Path

from PIL import Image, ImageOps, ImageStat

folder = Path("grey")
folder.mkdir(exist_ok=True)
for source in sorted([*Path().glob("*.png"), *Path().glob("*.jpg")]):
    with Image.open(source) as picture:
        grey = ImageOps.grayscale(picture)
    brightness = ImageStat.Stat(grey).mean[0]
    if brightness < 170:
        print(f"{source.name}: brightness {brightness:.0f}, left out")
        continue
    grey.thumbnail((1600, 1600))
    grey.save(folder / f"{source.stem}.png")
    print(f"{source.name}: brightness {brightness:.0f}, sent on")
