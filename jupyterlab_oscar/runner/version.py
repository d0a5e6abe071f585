"""Of the worker: what it is told and answers."""

VERSION = "1"
