"""Whose a file is. Only the user's own are changed. Imports no torch."""

import os
import sys
import sysconfig
from functools import lru_cache

_GRADVIZ = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep
_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_STDLIB = os.path.realpath(sysconfig.get_path("stdlib")) + os.sep


@lru_cache
def is_own(file: str) -> bool:
    """Say whether a file is the user's.

    It is there, and part of no package that was installed, of Python or of gradviz.
    """
    path = os.path.realpath(file)
    if not file or not os.path.isfile(path):
        return False
    if path.startswith((_GRADVIZ, _STDLIB)) or any(folder in path for folder in _PACKAGES):
        return False
    return not path.startswith(os.path.join(os.path.realpath(sys.prefix), "bin") + os.sep)
