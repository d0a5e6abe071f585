"""JupyterLab for the browser tests."""

import os

from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)  # noqa: F821

c.ServerApp.ip = "127.0.0.1"  # noqa: F821
c.ServerApp.allow_root = True  # noqa: F821
if os.environ.get("OSCAR_UI_INSTALLED"):
    # The wheel enables itself. What Elyra brings of chat models takes longer to start than all the rest.
    c.ServerApp.jpserver_extensions = {"jupyter_ai": False, "jupyterlab_magic_wand": False}  # noqa: F821
else:
    c.ServerApp.jpserver_extensions = {"jupyterlab_oscar": True}  # noqa: F821
c.LabApp.news_url = None  # noqa: F821
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"  # noqa: F821

token = os.environ.get("OSCAR_UI_TOKEN")
if token:
    # The story with everything that a real server has: login, XSRF check, no anonymous calls.
    c.IdentityProvider.token = token  # noqa: F821
    c.ServerApp.disable_check_xsrf = False  # noqa: F821
    c.ServerApp.allow_unauthenticated_access = False  # noqa: F821
