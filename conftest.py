"""Plugins of the tests; the fixtures are in jupyterlab_oscar/tests/conftest.py."""

pytest_plugins = ("pytest_jupyter.jupyter_server",)
