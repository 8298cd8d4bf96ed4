"""Run by Python itself at start-up, before the script.

Hands over to gradviz, then to the environment's own ``sitecustomize``.
"""

import contextlib
import os
import sys


def _hand_over() -> None:
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != folder]
    try:
        from gradviz.running import process
    except ImportError:  # not installed where this Python looks: take it from where this file is
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(folder))))
        try:
            from gradviz.running import process
        finally:
            sys.path.pop()
    process.begin()


def _load_the_one_behind() -> None:
    """This file hid the environment's own: load that one, under the name it expects to have."""
    import importlib.machinery
    import importlib.util

    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


try:
    _hand_over()
except Exception as error:
    with contextlib.suppress(Exception):  # it may be closed, or full
        sys.stderr.write(f"gradviz: the script runs unwatched ({type(error).__name__}: {error})\n")
_load_the_one_behind()
