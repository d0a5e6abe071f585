#!/bin/sh
# Reads the text in a picture: <name>.txt, <name>.json (lines with boxes and scores) and <name>-boxes.png.
# The steps around the two models are those of RapidOCR and PaddleOCR (both Apache-2.0).
set -eu

exec python3 - <<'EOF'
import json
import math
import os
import sys
from importlib.util import find_spec
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

import cv2
import numpy as np
import onnxruntime
import pyclipper

# More threads than cores wait for each other; the cluster says how many there are.
THREADS = int(os.environ.get("OMP_NUM_THREADS") or 1)
# A picture whose longer side has more pixels is made smaller before text is looked for.
LARGEST = 1600
# Lines of text that are read together.
TOGETHER = 6
# Two boxes whose tops are closer than this stand in one line of the page.
SAME_LINE = 10

cv2.setNumThreads(THREADS)


def load(model):
    """A model of the package. To import the package costs as much as to read a page, so its files are taken as they are."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    path = Path(find_spec("rapidocr").submodule_search_locations[0], "models", model)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(session, batch):
    return session.run(None, {session.get_inputs()[0].name: batch})[0]


def normal(pixels):
    """Height × width × 3 bytes → 3 × height × width from -1 to 1."""
    return (pixels.astype(np.float32).transpose(2, 0, 1) / 255 - 0.5) / 0.5


def corners(contour):
    """The smallest rectangle around some points: corners from the upper left clockwise, and its shorter side."""
    rectangle = cv2.minAreaRect(contour)
    points = sorted(cv2.boxPoints(rectangle), key=lambda point: point[0])
    (top, bottom), (upper, lower) = (sorted(pair, key=lambda point: point[1]) for pair in (points[:2], points[2:]))
    return np.array([top, upper, lower, bottom]), min(rectangle[1])


def grown(box):
    """A box around the middle of the letters, made as large as the letters are."""
    length = sum(np.linalg.norm(box[i] - box[i - 1]) for i in range(4))
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(box, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    return np.array(offset.Execute(cv2.contourArea(box) * 1.6 / length)).reshape(-1, 1, 2)


def certainty(chances, box):
    """How sure the model is, on average inside the box."""
    left, top = np.floor(box.min(0)).astype(int).clip(0)
    right, bottom = np.ceil(box.max(0)).astype(int) + 1
    part = chances[top:bottom, left:right]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [(box - (left, top)).astype(np.int32)], 1)
    return cv2.mean(part, mask)[0]


def multiples(size, largest):
    """Width and height of at most so many pixels, and in multiples of 32, which the model needs."""
    ratio = min(1, largest / max(size))
    return [max(1, round(int(side * ratio) / 32)) * 32 for side in size]


def detect(pixels):
    """Boxes of text (four corners in pixels) in the order in which they are read."""
    height, width = pixels.shape[:2]
    small = multiples((width, height), LARGEST)
    chances = run(load("PP-OCRv6_det_small.onnx"), normal(cv2.resize(pixels, small))[None])[0, 0]
    mask = cv2.dilate((chances > 0.3).astype(np.uint8), np.ones((2, 2)))
    boxes = []
    for contour in cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0][:1000]:
        box, side = corners(contour)
        if side < 3 or certainty(chances, box) < 0.5:
            continue
        box, side = corners(grown(box))
        if side < 5:
            continue
        box = np.round(box / small * (width, height)).clip(0, (width - 1, height - 1)).astype(np.float32)
        if min(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[0] - box[3])) >= 4:
            boxes.append(box)
    boxes.sort(key=lambda box: box[0][1])
    line, order = 0, []
    for number, box in enumerate(boxes):
        line += number > 0 and box[0][1] - boxes[number - 1][0][1] >= SAME_LINE
        order.append((line, box[0][0], number))
    return [boxes[number] for _, _, number in sorted(order)]


def cut(pixels, box):
    """What is in a box, turned so that its text lies flat."""
    width = int(max(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[2] - box[3])))
    height = int(max(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[1] - box[2])))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    move = cv2.getPerspectiveTransform(box, target)
    part = cv2.warpPerspective(pixels, move, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    return np.rot90(part) if height >= 1.5 * width else part


def recognise(session, alphabet, parts):
    """The texts of some lines, and how sure the model is of each: 0 to 1."""
    wide = [48 * part.shape[1] / part.shape[0] for part in parts]
    # Short lines are filled up, as they were when the model was trained.
    batch = np.zeros((len(parts), 3, 48, max(320, int(max(wide)))), np.float32)
    for place, part, width in zip(batch, parts, wide):
        inner = min(math.ceil(width), place.shape[2])
        place[:, :, :inner] = normal(cv2.resize(part, (inner, 48)))
    for chances in run(session, batch):
        best = chances.argmax(1)
        # A letter is seen several times in a row; number 0 stands between letters.
        seen = np.flatnonzero((best != 0) & (np.diff(best, prepend=0) != 0))
        text = "".join(alphabet[number] for number in best[seen])
        yield text, float(chances.max(1)[seen].mean()) if len(seen) else 0.0


# Models read letters of a few dozen pixels; a picture of less than 30 rows is given some air.
size = picture.size if max(picture.size) <= 2000 else multiples(picture.size, 2000)
pixels = cv2.resize(np.asarray(picture)[:, :, ::-1], size)
air = 0
if pixels.shape[0] <= 30 or pixels.shape[1] > 8 * pixels.shape[0]:
    air = abs(max(pixels.shape[1] // 8, 30) * 2 - pixels.shape[0]) // 2
    pixels = cv2.copyMakeBorder(pixels, air, air, 0, 0, cv2.BORDER_CONSTANT)
lines = []
boxes = detect(pixels)
if boxes:
    model = load("PP-OCRv6_rec_small.onnx")
    letters = ["", *model.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]
    parts = [cut(pixels, box) for box in boxes]
    # Lines of like width go together, so that little is filled up.
    order = sorted(range(len(parts)), key=lambda number: parts[number].shape[1] / parts[number].shape[0])
    read = {}
    for start in range(0, len(order), TOGETHER):
        some = order[start : start + TOGETHER]
        read.update(zip(some, recognise(model, letters, [parts[number] for number in some])))
    for number, box in enumerate(boxes):
        text, score = read[number]
        if text.strip() and score >= 0.5:
            corner = ((box - (0, air)) * picture.size / size).clip(0, picture.size).round(1)
            lines.append({"text": text, "score": round(score, 4), "box": corner.tolist()})

folder.joinpath(f"{name}.txt").write_text("".join(line["text"] + "\n" for line in lines), encoding="utf-8")
folder.joinpath(f"{name}.json").write_text(
    json.dumps(
        {"width": picture.width, "height": picture.height, "lines": lines},
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

print(f"{len(lines)} {'line' if len(lines) == 1 else 'lines'} of text")
for line in lines:
    print(line["text"])
EOF
