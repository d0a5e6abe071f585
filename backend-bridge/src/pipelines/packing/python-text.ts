/** Python that goes into the scripts of packed services. It uses nothing but what comes with Python 3.8 and later. */

/** Runs `cell.py` beside it as the main program, with its own lines in tracebacks and nothing of this file. */
const START = String.raw`import inspect
import sys
import traceback
import types
from pathlib import Path

folder = Path(__file__).resolve().parent
source = folder / "cell.py"
sys.path.insert(0, str(folder))


def start(**values):
    """Run the code; its names."""
    module = types.ModuleType("__main__")
    module.__file__ = str(source)
    module.__dict__.update(values)
    sys.modules["__main__"] = module
    sys.argv = [str(source), *map(str, values.values())]
    try:
        exec(compile(source.read_text(encoding="utf-8"), str(source), "exec"), module.__dict__)
    except Exception as error:
        fail(error)
    return module.__dict__


def fail(error):
    """Tell what went wrong in the code, and end."""
    show(error)
    sys.stdout.flush()
    sys.exit(1)


def show(error):
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def parameters(function):
    """How many values it takes by position."""
    kinds = [item.kind for item in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return 99
    return sum(kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)
`;

/** A job: one input, and a folder for what comes out. */
export const JOB_RUNNER = `${START}${String.raw`

import json
import os
import re

sys.stdout.reconfigure(line_buffering=True)
given = os.environ.get("INPUT_FILE_PATH")
kept = os.environ.get("TMP_OUTPUT_DIR")
if not given or not kept:
    sys.exit("This script is the script of an OSCAR service: it needs INPUT_FILE_PATH and TMP_OUTPUT_DIR.")
input_path, output_dir = Path(given), Path(kept)
names = start(input_path=input_path, output_dir=output_dir)
main = names.get("main")
# A program that starts itself, or whose main takes other things, has done its work by now.
guarded = re.search(r"^if\s+__name__\s*==", source.read_text(encoding="utf-8"), re.M)
if inspect.isfunction(main) and main.__module__ == "__main__" and not guarded and parameters(main) >= 2:
    try:
        value = main(input_path, output_dir)
        if isinstance(value, bytes):
            (output_dir / "output").write_bytes(value)
        elif value is not None:
            print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    except Exception as error:
        fail(error)
`}`;

/** A server: each request is a call of `handler(body, path, query)`. */
export const SERVER = `${START}${String.raw`

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

LARGEST = 256 << 20
names = start()
handler = names.get("handler")
if not callable(handler):
    sys.exit("The code defines no function handler(body, path, query).")
count = min(parameters(handler), 3)
# Code of a notebook seldom expects to run twice at once.
turn = threading.Lock()


class Wrong(Exception):
    """A request that cannot be read; its text is the answer."""


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "oscar-service/1"

    def answer(self, status, value):
        kind = "application/octet-stream"
        if isinstance(value, str):
            value, kind = value.encode(), "text/plain; charset=utf-8"
        elif value is None:
            value = b""
        elif not isinstance(value, (bytes, bytearray)):
            value, kind = json.dumps(value, ensure_ascii=False).encode(), "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(value)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(value)

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            pieces, size = [], 0
            while True:
                length = int(self.rfile.readline(1000).split(b";")[0], 16)
                size += length
                if length < 0 or size > LARGEST:
                    raise Wrong(f"The body is larger than {LARGEST} bytes.")
                pieces.append(self.rfile.read(length))
                while self.rfile.readline(1000).strip() and not length:
                    pass
                if not length:
                    return b"".join(pieces)
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= LARGEST:
            raise Wrong(f"The body is larger than {LARGEST} bytes.")
        return self.rfile.read(length)

    def serve(self):
        place = urlsplit(self.path)
        if place.path == "/health" and self.command in ("GET", "HEAD"):
            return self.answer(200, "ok")
        try:
            body = self.body()
        except (Wrong, ValueError) as error:
            self.close_connection = True
            return self.answer(400, f"{error}\n")
        try:
            with turn:
                value = handler(*(body, place.path, dict(parse_qsl(place.query, keep_blank_values=True)))[:count])
            return self.answer(200, value)
        except ValueError as error:
            show(error)
            return self.answer(400, f"{error}\n")
        except Exception as error:
            show(error)
            return self.answer(500, f"{type(error).__name__}: {error}\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = serve

    def log_message(self, form, *values):
        if not self.path.startswith("/health"):
            print(form % values, flush=True)


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer.request_queue_size = 128
server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Server)
print(f"Listens on port {server.server_address[1]}", flush=True)
server.serve_forever()
`}`;
