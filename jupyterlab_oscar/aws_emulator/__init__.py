"""A small AWS on this machine, for trying and for tests: moto, with functions and Batch jobs that really run.

``python -m jupyterlab_oscar.aws_emulator`` (or ``jupyter oscar scar emulator``) serves S3, Lambda, API Gateway,
CloudWatch Logs, Batch, ECR and what else moto knows on a port of 127.0.0.1. It keeps everything in memory.

What runs a function is not Amazon's: images that are on this machine run in containers of podman or docker, where one of them
works; other scripts run as processes of the user, without isolation. ``NOT_COVERED`` says what else is missing, and every
surface that offers the emulator shows it.
"""

from __future__ import annotations

#: Versions of moto whose inside is known here: the emulator replaces parts of it that are not its public interface.
KNOWN_MOTO = ("5.2.5",)
INSTALL = "pip install jupyterlab-oscar[aws-emulator]"
REGION = "us-east-1"

#: What a user must not expect, a few words each.
NOT_COVERED = (
    "images that are not on this machine, or without podman and docker: the script runs as you, with the programs of this machine",
    "permissions: IAM policies, roles and resource policies are stored and not enforced",
    "cold starts, concurrency limits, throttling and other quotas",
    "memory and disk limits of scripts outside containers (time limits are kept)",
    "retries and dead-letter queues of asynchronous calls",
    "layers of udocker functions: their script runs directly",
    "runtimes other than images, SCAR's own and Python",
    "storage other than S3 and MinIO",
    "paths below /var/task outside containers: use $LAMBDA_TASK_ROOT",
    "prices: nothing costs anything here",
    "keeping anything: all is gone when the emulator ends",
)

__all__ = ["INSTALL", "KNOWN_MOTO", "NOT_COVERED", "REGION"]
