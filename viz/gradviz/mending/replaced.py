"""Changed source in the place of files, in this process alone.

For imports, for tracebacks and for whoever asks for the source.
"""

import linecache
import os
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from typing import Any


def replace_sources(changed: Mapping[str, bytes]) -> None:
    """Have Python take these bytes for what stands in these files, from here to the end of the
    process.

    The loader of every module that lies in a file is asked for its bytes, whether it is imported,
    run by ``runpy`` or loaded by its path. A loader that has no time of its file reads and writes
    no byte code.
    """
    by_path = {os.path.realpath(file): data for file, data in changed.items()}
    get_data, path_stats = SourceFileLoader.get_data, SourceFileLoader.path_stats

    def data_of(loader: Any, path: str) -> bytes:
        changed_data = by_path.get(os.path.realpath(path))
        return get_data(loader, path) if changed_data is None else changed_data

    def stats_of(loader: Any, path: str) -> Mapping[str, Any]:
        if os.path.realpath(path) in by_path:
            raise OSError("its source is changed")
        return path_stats(loader, path)

    SourceFileLoader.get_data = data_of  # type: ignore[method-assign, assignment]
    SourceFileLoader.path_stats = stats_of  # type: ignore[method-assign, assignment]
    for file, data in changed.items():
        lines = data.decode("utf-8", "replace").splitlines(keepends=True)
        for name in {file, os.path.realpath(file), os.path.abspath(file)}:
            linecache.cache[name] = (len(data), None, lines, name)
