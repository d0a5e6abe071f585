"""Runs the script of the example *ocr*, and RapidOCR as it is, on one picture; prints what both read and what it cost.

Arguments: the script, the picture, an empty folder.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

script, picture, folder = sys.argv[1:]

WHOLE = """
import json, sys
import numpy
from PIL import Image
from rapidocr import RapidOCR

found = RapidOCR(
    params={
        "Global.log_level": "error",
        "Global.use_cls": False,
        "Det.limit_type": "max",
        "Det.limit_side_len": 1600,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
)(numpy.asarray(Image.open(sys.argv[1]).convert("RGB"))[:, :, ::-1])
boxes = [] if found.boxes is None else found.boxes.round(1).tolist()
print(json.dumps([{"text": text, "box": box} for text, box in zip(found.txts or [], boxes)]))
"""


def run(*argv):
    """Run a program; its output and the seconds of CPU that it used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "INPUT_FILE_PATH": picture, "TMP_OUTPUT_DIR": folder, "OMP_NUM_THREADS": "1"}
    text = subprocess.run(argv, env=env, stdout=subprocess.PIPE, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return text, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


ours, cpu = run("sh", script)
theirs, whole_cpu = run(sys.executable, "-c", WHOLE, picture)
result = json.loads(Path(folder, Path(picture).stem + ".json").read_text())
print(json.dumps({"ours": result, "log": ours.decode(), "theirs": json.loads(theirs), "cpu": cpu, "whole": whole_cpu}))
