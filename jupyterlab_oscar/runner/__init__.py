"""The Python worker of MapReduce and high-throughput jobs.

Standard library only, Python 3.8 or newer, and nothing of the package around it: it runs as a folder
(``python runner/__main__.py``), as a zip file (``python runner.zip``) in any image, and is told what to do
over pipes (``frames``) or by one JSON file (``descriptor``). The tasks are those of
``backend-bridge/src/jobs/engine/task.ts``.
"""
