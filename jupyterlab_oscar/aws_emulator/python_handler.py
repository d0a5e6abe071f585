"""Calls the handler of a plain Python function (run as a file, in a process of its own).

``python python_handler.py HANDLER EVENT_FILE RESULT_FILE``, started in the folder of the code.
"""

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path


class Context:
    """What Lambda gives a handler beside the event."""

    def __init__(self):
        env = os.environ
        self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = env["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = env["_EMULATOR_ARN"]
        self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.aws_request_id = env["AWS_LAMBDA_REQUEST_ID"]
        self.log_group_name = env["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = env["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._end = float(env["_EMULATOR_DEADLINE"])

    def get_remaining_time_in_millis(self):
        return max(0, int((self._end - time.time()) * 1000))


def main(handler, event_file, result_file):
    sys.path[0] = str(Path.cwd())
    event = json.loads(Path(event_file).read_text(encoding="utf-8"))
    try:
        module, _, name = handler.rpartition(".")
        function = getattr(importlib.import_module(module.replace("/", ".")), name)
        answer = {"value": json.dumps(function(event, Context()))}
    except Exception as error:
        answer = {
            "error": {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "stackTrace": traceback.format_tb(error.__traceback__),
            }
        }
        print(f"[ERROR] {type(error).__name__}: {error}\n{traceback.format_exc()}", file=sys.stderr)
    Path(result_file).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
