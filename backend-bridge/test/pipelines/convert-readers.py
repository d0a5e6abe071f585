"""What other programs make of a conversion: oscar-python reads the FDL, botocore signs as the runner does."""

import json
import sys
from pathlib import Path

import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from oscar_python.client import Client


def read_all(path):
    """All services as oscar-python reads them: it takes the last of a file, so each gets a file of its own."""
    whole = yaml.safe_load(Path(path).read_text())
    client = Client(
        {
            "cluster_id": "default-cluster",
            "endpoint": "http://127.0.0.1:1",
            "user": "u",
            "password": "p",
            "ssl": "False",
        }
    )
    services = []
    for entry in whole["functions"]["oscar"]:
        one = Path(path).with_name("one.yaml")
        one.write_text(yaml.safe_dump({"functions": {"oscar": [entry]}}))
        services.append(client._check_fdl_definition(str(one)))
    return {"last": client._check_fdl_definition(path), "services": services}


def signatures(folder, cases):
    sys.argv = ["run.py"]
    sys.path.insert(0, folder)
    import run

    result = []
    for service, method, path, body in cases:
        client = run.Storage(f"https://{service}.eu-west-1.amazonaws.com", "AKID", "SECRET", "eu-west-1", "TOKEN")
        digest = run.hashlib.sha256(body.encode()).hexdigest()
        ours = run.sign(client, service, method, path, "", digest)
        request = AWSRequest(method=method, url=client.endpoint + path, data=body.encode())
        request.headers["X-Amz-Content-Sha256"] = digest
        request.headers["X-Amz-Date"] = ours["X-Amz-Date"]
        auth = SigV4Auth(Credentials("AKID", "SECRET", "TOKEN"), service, "eu-west-1")
        request.context["timestamp"] = ours["X-Amz-Date"]
        request.headers["X-Amz-Security-Token"] = "TOKEN"
        theirs = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        result.append([ours["Authorization"].rsplit("=", 1)[1], theirs])
    return result


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps({**read_all(given["fdl"]), "signatures": signatures(given["folder"], given["cases"])}))
