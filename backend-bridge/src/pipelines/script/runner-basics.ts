/** Runner, first part: what it was started by, and what the service is configured as. Python ≥ 3.6, standard library only. */
export const BASICS = String.raw`"""Runs one node of a pipeline as a service of OSCAR: fetches what the nodes before it made, runs its code, hands its
outputs on, and keeps a record. Standard library only. Written by jupyterlab-oscar; the node is described in node.json."""
import base64
import calendar
import datetime
import email.utils
import glob
import hashlib
import hmac
import json
import os
import random
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import xml.etree.ElementTree

RUN_FILE = ".oscar-run.json"
RECORD = ".oscar-files"
RUN_ID = re.compile("[a-z0-9][a-z0-9-]{0,62}$")


class Failure(Exception):
    """The node cannot go on; the text says why and what to do."""


def say(text):
    print("[pipeline] " + text, flush=True)


def arrival():
    """Bucket and key of the object that started this job; empty where the event does not tell."""
    try:
        record = json.loads(os.environ.get("EVENT") or "{}")["Records"][0]["s3"]
        return record["bucket"]["name"], urllib.parse.unquote_plus(record["object"]["key"])
    except (ValueError, KeyError, IndexError, TypeError):
        return "", os.environ.get("STORAGE_OBJECT_KEY") or ""


def function_config():
    """The definition of the service, as the cluster gives it to its jobs."""
    for name in ("FUNCTION_CONFIG", "FDL"):
        if os.environ.get(name):
            return parse_config(base64.b64decode(os.environ[name]).decode("utf-8", "replace"))
    # Put together, so that a cluster without these folders does not take the script for one that needs them.
    for place in (("oscar", "config"), ("var", "task")):
        path = os.path.join(os.sep, *(place + ("function_config.yaml",)))
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                return parse_config(file.read())
    return {}


def parse_config(text):
    try:
        value = json.loads(text)
    except ValueError:
        value = parse_yaml(text)
    return value if isinstance(value, dict) else {}


def parse_yaml(text):
    """The part of YAML that Go's and JavaScript's writers use for a service: maps, lists and scalars in block style. Block
    scalars and quoted text over several lines are passed over: what is looked for here is short."""
    lines = []
    skip = None
    for raw in text.splitlines():
        body = raw.lstrip(" ")
        indent = len(raw) - len(body)
        if skip is not None and (not body.strip() or indent > skip):
            continue
        skip = None
        if not body.strip() or body.startswith("#") or body in ("---", "..."):
            continue
        while True:
            lines.append((indent, body.rstrip()))
            if not body.startswith("- "):
                break
            # An item that begins a map is a marker and the first line of that map.
            lines[-1] = (indent, "-")
            rest = body[2:].lstrip(" ")
            indent, body = indent + len(body) - len(rest), rest
        if re.search(r"(^|[:-] )[|>][-+0-9]*$", body) or begins_long_text(body):
            skip = lines[-1][0]
    return yaml_block(lines, 0, -1)[0]


def begins_long_text(body):
    value = re.split(r":\s+", body, 1)[-1]
    return value[:1] in "\"'" and (len(value) < 2 or value[-1] != value[0])


def yaml_block(lines, at, above):
    if at >= len(lines) or lines[at][0] <= above:
        return None, at
    indent = lines[at][0]
    if lines[at][1] == "-":
        items = []
        while at < len(lines) and lines[at][0] == indent and lines[at][1] == "-":
            item, at = yaml_block(lines, at + 1, indent)
            items.append(item)
        return items, at
    result = {}
    plain = None
    while at < len(lines) and lines[at][0] == indent and lines[at][1] != "-":
        match = re.match(r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s:'"][^:]*?(?::[^\s:][^:]*?)*)\s*:(?:\s+(.*))?$""", lines[at][1])
        if not match:
            plain = yaml_scalar(lines[at][1])
            at += 1
            continue
        key, value = yaml_scalar(match.group(1)), match.group(2)
        at += 1
        if value:
            result[key] = yaml_scalar(value)
            # The rest of a text that was folded.
            while at < len(lines) and lines[at][0] > indent:
                at += 1
        elif at < len(lines) and lines[at] == (indent, "-"):
            # Lists may stand as far left as their key.
            result[key], at = yaml_block(lines, at, indent - 1)
        else:
            result[key], at = yaml_block(lines, at, indent)
    return (result if result or plain is None else plain), at


def yaml_scalar(text):
    if text[:1] == '"' and text[-1:] == '"' and len(text) > 1:
        try:
            return json.loads(text)
        except ValueError:
            return text[1:-1]
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    text = re.sub(r"\s+#.*$", "", text)
    return {"[]": [], "{}": {}, "true": True, "false": False, "null": None, "~": None}.get(text, text)


def provider_parts(name):
    kind, dot, ident = str(name or "minio.default").partition(".")
    return kind.lower(), ident if dot else "default"


def split_path(path):
    bucket, _, prefix = str(path or "").strip(" /").partition("/")
    return bucket, prefix
`;
