"""Two users of an issuer with oscar-python, as it comes from PyPI. Options as JSON on stdin; results as JSON on stdout."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

import requests
from oscar_python.client import Client

options = json.load(sys.stdin)
os.chdir(tempfile.mkdtemp())


def client_of(user):
    return Client(
        {"cluster_id": "local", "endpoint": options["endpoint"], "oidc_token": options["tokens"][user], "ssl": False}
    )


def status(call, *arguments):
    """The status of an answer, also where the client makes an exception of it."""
    try:
        return call(*arguments).status_code
    except requests.HTTPError as error:
        return error.response.status_code


alice, bob = client_of("alice"), client_of("bob")
seen = {"bob_first": bob.list_services().json()}

service = {
    "name": "shared",
    "cpu": "0.2",
    "memory": "64Mi",
    "image": "none",
    "script": '#!/bin/sh\ntr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/out.txt"\n',
    "isolation_level": "USER",
    "visibility": "restricted",
    "allowed_users": [options["subjects"]["alice"], options["subjects"]["bob"]],
    "input": [{"storage_provider": "minio.default", "path": "shared/in"}],
    "output": [{"storage_provider": "minio.default", "path": "shared/out"}],
}
seen["created"] = alice.create_service(service).status_code
seen["bucket_list"] = alice.get_service("shared").json()["bucket_list"]
seen["buckets"] = {
    name: sorted(each["bucket_name"] for each in who.list_buckets().json())
    for name, who in (("alice", alice), ("bob", bob))
}

# What bob puts into his bucket comes back into it, and nowhere else.
own = next(name for name in seen["buckets"]["bob"] if name != "shared")
storage = bob.create_storage_client("shared")
Path("mine.txt").write_text("of bob")
storage.upload_file("minio.default", "mine.txt", own + "/in")
deadline = time.time() + 30


def keys(path):
    listing = storage.list_files_from_path("minio.default", path)
    return [each["Key"] for each in listing.get("Contents", [])]


while "out/out.txt" not in keys(own + "/out/") and time.time() < deadline:
    time.sleep(0.05)
storage.download_file("minio.default", ".", own + "/out/out.txt")
seen["output"] = Path("out.txt").read_text()
seen["alice_output"] = [each["object_name"] for each in alice.get_bucket("shared").json()["objects"]]

seen["run"] = alice.run_service("shared", input="by token").status_code
seen["bob_update"] = status(bob.update_service, "shared", service)
seen["bob_remove"] = status(bob.remove_service, "shared")
seen["without_bob"] = alice.update_service(
    "shared", {**service, "allowed_users": [options["subjects"]["alice"]]}
).status_code
seen["bob_service"] = status(bob.get_service, "shared")
seen["bob_left"] = [each["bucket_name"] for each in bob.list_buckets().json()]

seen["bucket"] = alice.create_bucket("open-bucket", "private").status_code
seen["public"] = alice.update_bucket("open-bucket", "public").status_code
seen["bob_sees"] = [each["bucket_name"] for each in bob.list_buckets().json()]
link = alice.presign_bucket("open-bucket", "a b.txt", operation="upload").json()
with urlopen(Request(link["url"], data=b"through a link", method=link["method"])) as answer:
    seen["put"] = answer.status
link = bob.presign_bucket("open-bucket", "a b.txt").json()
with urlopen(link["url"]) as answer:
    seen["got"] = answer.read().decode()
seen["bucket_gone"] = alice.delete_bucket("open-bucket").status_code

seen["quota"] = alice.get_own_quota().json()["user_id"] == options["subjects"]["alice"]
seen["foreign_quota"] = status(bob.get_user_quota, options["subjects"]["alice"])
seen["system_log"] = status(bob.get_system_logs)
seen["foreign_metrics"] = status(bob.get_service_metrics, "shared")
seen["removed"] = alice.remove_service("shared").status_code
seen["at_last"] = alice.list_buckets().json()
print("\n" + json.dumps(seen))
