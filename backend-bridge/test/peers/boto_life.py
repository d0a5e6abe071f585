"""boto3 against the S3 endpoint of a cluster, with the keys that /system/config gives. Options on stdin, results on stdout, as JSON."""

import base64
import io
import json
import sys
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

options = json.load(sys.stdin)


def call(method, path, body=None, authorization=None):
    basic = base64.b64encode(f"{options['user']}:{options['password']}".encode()).decode()
    request = urllib.request.Request(
        options["endpoint"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": authorization or f"Basic {basic}"},
    )
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


provider = json.loads(call("GET", "/system/config"))["minio_provider"]
s3 = boto3.client(
    "s3",
    endpoint_url=provider["endpoint"],
    region_name=provider["region"],
    aws_access_key_id=provider["access_key"],
    aws_secret_access_key=provider["secret_key"],
    config=Config(s3={"addressing_style": "path"}),
)
seen = {}
for name in ("first", "second"):
    call(
        "POST",
        "/system/services",
        {
            "name": name,
            "image": "none",
            "memory": "64Mi",
            "script": f'#!/bin/sh\n(cat "$INPUT_FILE_PATH"; echo {name}) > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\n',
            "input": [{"storage_provider": "minio", "path": f"{name}/in"}],
            "output": [{"storage_provider": "minio", "path": f"{name}/out"}],
        },
    )
seen["buckets"] = sorted(bucket["Name"] for bucket in s3.list_buckets()["Buckets"])
seen["tags"] = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket="first")["TagSet"]}
configuration = s3.get_bucket_notification_configuration(Bucket="first")
seen["arn"] = configuration["QueueConfigurations"][0]["QueueArn"]

# Chaining by a notification, as clients do it on a real cluster.
s3.put_bucket_notification_configuration(
    Bucket="first",
    NotificationConfiguration={
        "QueueConfigurations": configuration["QueueConfigurations"]
        + [
            {
                "QueueArn": "arn:minio:sqs::second:webhook",
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "out/"}]}},
            }
        ]
    },
)
seen["unknown_arn"] = None
try:
    s3.put_bucket_notification_configuration(
        Bucket="first",
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": "arn:minio:sqs::nobody:webhook", "Events": ["s3:ObjectCreated:*"]}]
        },
    )
except ClientError as error:
    seen["unknown_arn"] = error.response["Error"]["Code"]

s3.upload_fileobj(io.BytesIO(b"start\n"), "first", "in/ä b.txt")
deadline = time.time() + 30
while time.time() < deadline:
    found = [item["Key"] for item in s3.list_objects_v2(Bucket="second", Prefix="out/").get("Contents", [])]
    if "out/ä b.txt" in found:
        break
    time.sleep(0.05)
seen["chained"] = s3.get_object(Bucket="second", Key="out/ä b.txt")["Body"].read().decode()

# An update of the first service keeps the notification that the client made.
definition = json.loads(call("GET", "/system/services/first"))
call("PUT", "/system/services", definition)
seen["kept"] = sorted(
    queue["QueueArn"] for queue in s3.get_bucket_notification_configuration(Bucket="first")["QueueConfigurations"]
)
call("DELETE", "/system/services/second")
seen["after_delete"] = sorted(bucket["Name"] for bucket in s3.list_buckets()["Buckets"])
s3.put_object(Bucket="first", Key="out/still.txt", Body=b"x")
call("DELETE", "/system/services/first")
seen["at_last"] = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
print("\n" + json.dumps(seen))
