"""A whole life cycle with oscar-python, as it comes from PyPI. Options as JSON on stdin; results as JSON on stdout."""

import ast
import base64
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from oscar_python.client import Client

options = json.load(sys.stdin)
client = Client(
    {
        "cluster_id": "local",
        "endpoint": options["endpoint"],
        "user": options["user"],
        "password": options["password"],
        "ssl": False,
    }
)
seen = {}
work = tempfile.mkdtemp()
os.chdir(work)

seen["health"] = client.health_check().text
seen["info"] = client.get_cluster_info().json()["version"]
seen["config"] = sorted(client.get_cluster_config().json())
seen["status"] = client.get_cluster_status().json()["cluster"]["nodes_count"]
seen["services_at_first"] = client.list_services().json()

Path("script.sh").write_text(
    '#!/bin/sh\ntr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\necho converted\n'
)
Path("fdl.yaml").write_text(
    """
functions:
  oscar:
  - local:
      name: py-upper
      memory: 64Mi
      cpu: '0.2'
      image: ghcr.io/grycap/cowsay
      script: script.sh
      log_level: CRITICAL
      input:
      - storage_provider: minio.default
        path: py-upper/in
      output:
      - storage_provider: minio.default
        path: py-upper/out
"""
)
seen["created"] = client.create_service("fdl.yaml").status_code
service = client.get_service("py-upper").json()
seen["token"] = len(service["token"])
seen["labels"] = service["labels"]["oscar_service"]

storage = client.create_storage_client("py-upper")
Path("hello world.txt").write_text("hello from python")
storage.upload_file("minio.default", "hello world.txt", "py-upper/in")


def keys(path):
    listing = storage.list_files_from_path("minio.default", path)
    return [each["Key"] for each in (listing or {}).get("Contents", [])]


deadline = time.time() + 30
while "out/hello world.txt" not in keys("py-upper/out/") and time.time() < deadline:
    time.sleep(0.05)
storage.download_file("minio.default", work, "py-upper/out/hello world.txt")
seen["output"] = Path("hello world.txt").read_text()

# What the Robot tests of OSCAR do: the list of jobs is also a literal of Python.
while True:
    listing = ast.literal_eval(client.list_jobs("py-upper").text)
    if all(job["status"] in ("Succeeded", "Failed") for job in listing["jobs"].values()) or time.time() > deadline:
        break
    time.sleep(0.05)
seen["jobs"] = [job["status"] for job in listing["jobs"].values()]
name = next(iter(listing["jobs"]))
seen["log"] = client.get_job_logs("py-upper", name).text

answer = client.run_service("py-upper", input="some text")
seen["run"] = base64.b64decode(answer.text).decode()

seen["deployment"] = client.get_deployment_status("py-upper").json()["service_name"]
seen["deployment_logs"] = client.get_deployment_logs("py-upper").json()["service_name"]
seen["updated"] = client.update_service("py-upper", {**service, "memory": "128Mi"}).status_code
seen["memory"] = client.get_service("py-upper").json()["memory"]

seen["volume"] = client.create_volume("py-volume", "1Gi").json()["name"]
seen["volumes"] = [each["name"] for each in client.list_volumes().json()]
seen["volume_gone"] = client.delete_volume("py-volume").status_code

seen["bucket"] = client.create_bucket("py-bucket").status_code
seen["link"] = client.presign_bucket("py-bucket", "a.txt", operation="upload").json()["method"]
seen["bucket_name"] = client.get_bucket("py-bucket").json()["bucket_name"]
seen["bucket_gone"] = client.delete_bucket("py-bucket").status_code

seen["metrics"] = client.get_service_metrics("py-upper").json()["service_name"]
seen["summary"] = client.get_metrics_summary().json()["totals"]["requests_count_async"]
seen["breakdown"] = [each["key"] for each in client.get_metrics_breakdown().json()["items"]]
seen["system_log"] = len(client.get_system_logs().json()["logs"])
seen["federation"] = client.get_federation("py-upper").json()

seen["job_removed"] = client.remove_job("py-upper", name).status_code
seen["jobs_removed"] = client.remove_all_jobs("py-upper").status_code
seen["removed"] = client.remove_service("py-upper").status_code
seen["services_at_last"] = client.list_services().json()
print("\n" + json.dumps(seen))
