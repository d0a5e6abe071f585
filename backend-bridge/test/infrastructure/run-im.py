"""Runs the real Infrastructure Manager with settings from the command line (JSON); it has no option for its settings file."""

import json
import runpy
import sys

from IM.config import Config

for name, value in json.loads(sys.argv[1]).items():
    setattr(Config, name, value)
sys.argv = ["im_service"]
runpy.run_module("IM.im_service", run_name="__main__")
