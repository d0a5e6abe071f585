"""Drives an S3 endpoint with boto3. Arguments: URL. Keys come on stdin as JSON. Prints one JSON object of what was seen."""

import hashlib
import io
import json
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

url = sys.argv[1]
given = json.load(sys.stdin)


def client(signature="s3v4", checksums="when_supported"):
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=given["access_key"],
        aws_secret_access_key=given["secret_key"],
        region_name="us-east-1",
        config=Config(
            signature_version=signature,
            s3={"addressing_style": "path"},
            retries={"max_attempts": 1},
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
        ),
    )


s3 = client()
seen = {}
s3.create_bucket(Bucket="boto")

# Keys of every kind, put, listed and read back by each way of listing.
for key in given["keys"]:
    s3.put_object(Bucket="boto", Key=key, Body=("of " + key).encode())
wanted = sorted(given["keys"], key=lambda key: key.encode())
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="boto", PaginationConfig={"PageSize": 3})
seen["v2"] = [item["Key"] for page in pages for item in page.get("Contents", [])] == wanted
pages = s3.get_paginator("list_objects").paginate(Bucket="boto", PaginationConfig={"PageSize": 4})
seen["v1"] = [item["Key"] for page in pages for item in page.get("Contents", [])] == wanted
seen["read"] = [
    key for key in given["keys"] if s3.get_object(Bucket="boto", Key=key)["Body"].read() != ("of " + key).encode()
]
seen["copied"] = []
for key in given["keys"]:
    if len(key.encode()) < 1000:
        s3.copy_object(Bucket="boto", Key="copy-" + key, CopySource={"Bucket": "boto", "Key": key})
        if s3.get_object(Bucket="boto", Key="copy-" + key)["Body"].read() != ("of " + key).encode():
            seen["copied"].append(key)

# Links.
seen["links"] = []
for key in given["keys"]:
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "boto", "Key": key})
    if urllib.request.urlopen(link).read() != ("of " + key).encode():
        seen["links"].append(key)

# A browser's form.
form = s3.generate_presigned_post(
    "boto",
    "form/${filename}",
    Fields={"Content-Type": "text/plain", "x-amz-meta-who": "me"},
    Conditions=[["content-length-range", 1, 100], {"Content-Type": "text/plain"}, {"x-amz-meta-who": "me"}],
    ExpiresIn=60,
)


def post(fields, content, name="ñ file.txt"):
    mark = "boundary-of-the-form"
    parts = "".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()
    )
    parts += f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'
    body = parts.encode() + content + f"\r\n--{mark}--\r\n".encode()
    request = urllib.request.Request(
        form["url"], data=body, headers={"Content-Type": f"multipart/form-data; boundary={mark}"}
    )
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        return [error.code, text.split("<Code>")[1].split("<")[0]]


content = b"line\r\n--boundary-of-the-for\r\n"
seen["form"] = post(form["fields"], content)
got = s3.get_object(Bucket="boto", Key="form/ñ file.txt")
seen["form_read"] = [got["Body"].read() == content, got["ContentType"], got["Metadata"]]
seen["form_too_large"] = post(form["fields"], b"x" * 101)
seen["form_too_small"] = post(form["fields"], b"")
seen["form_extra"] = post({**form["fields"], "x-amz-meta-more": "1"}, b"x")
seen["form_other_key"] = post({**form["fields"], "key": "elsewhere"}, b"x")
seen["form_tampered"] = post({**form["fields"], "x-amz-signature": "0" * 64}, b"x")

# Large files through the transfer manager, both ways of signing bodies.
for name, one in {"supported": client(), "required": client(checksums="when_required")}.items():
    data = bytes(range(256)) * 4096 * 17
    one.upload_fileobj(
        io.BytesIO(data),
        "boto",
        "large",
        Config=TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=5 << 20),
    )
    back = io.BytesIO()
    one.download_fileobj(
        "boto", "large", back, Config=TransferConfig(multipart_threshold=1 << 20, multipart_chunksize=1 << 20)
    )
    seen["large_" + name] = hashlib.md5(back.getvalue()).hexdigest() == hashlib.md5(data).hexdigest()

# Ranges and conditions.
s3.put_object(Bucket="boto", Key="range", Body=b"0123456789", Metadata={"a": "b"})
etag = s3.head_object(Bucket="boto", Key="range")["ETag"]


def get(**options):
    try:
        answer = s3.get_object(Bucket="boto", Key="range", **options)
        return [
            answer["ResponseMetadata"]["HTTPStatusCode"],
            answer["Body"].read().decode(),
            answer.get("ContentRange"),
        ]
    except ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]


seen["ranges"] = [
    get(Range=text)
    for text in ["bytes=2-4", "bytes=5-", "bytes=-3", "bytes=0-99", "bytes=10-", "bytes=4-2", "lines=1-2"]
]
seen["conditions"] = [
    get(IfMatch=etag),
    get(IfMatch='"other"'),
    get(IfNoneMatch=etag),
    get(IfNoneMatch='"other"'),
    get(IfModifiedSince="2001-01-01"),
    get(IfUnmodifiedSince="2001-01-01"),
    get(IfModifiedSince="2099-01-01"),
]

# What is unset.
unset = {}
for name in [
    "get_bucket_cors",
    "get_bucket_encryption",
    "get_bucket_lifecycle_configuration",
    "get_bucket_policy",
    "get_bucket_replication",
    "get_bucket_tagging",
    "get_bucket_website",
    "get_object_lock_configuration",
    "get_bucket_versioning",
    "get_bucket_acl",
    "get_bucket_logging",
    "get_bucket_request_payment",
    "get_bucket_accelerate_configuration",
]:
    try:
        answer = getattr(s3, name)(Bucket="boto")
        unset[name] = sorted(key for key in answer if key != "ResponseMetadata")
    except ClientError as error:
        unset[name] = [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]
seen["unset"] = unset

# The resource interface empties and removes the bucket, versions included.
resource = boto3.resource(
    "s3",
    endpoint_url=url,
    aws_access_key_id=given["access_key"],
    aws_secret_access_key=given["secret_key"],
    region_name="us-east-1",
)
bucket = resource.Bucket("boto")
bucket.object_versions.delete()
seen["left"] = sum(1 for _ in bucket.objects.all())
bucket.delete()
print(json.dumps(seen))
