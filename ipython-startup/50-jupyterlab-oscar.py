# Loads the %oscar magics in every kernel of this environment.
# JUPYTERLAB_OSCAR_MAGICS_AUTOLOAD=0 turns it off.
def _jupyterlab_oscar_autoload() -> None:
    import os

    if os.environ.get("JUPYTERLAB_OSCAR_MAGICS_AUTOLOAD", "1").lower() in ("0", "false", "no"):
        return
    try:
        get_ipython().extension_manager.load_extension("jupyterlab_oscar")
    except Exception as error:  # a kernel must start whatever happens here
        print(f"The %oscar magics were not loaded: {error}")


_jupyterlab_oscar_autoload()
del _jupyterlab_oscar_autoload
