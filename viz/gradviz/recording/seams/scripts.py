"""Scripted and traced functions, whose nodes TorchScript makes out of Python's sight."""

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from gradviz.recording import torch_inside
from gradviz.recording.rules.scripts import ran_script
from gradviz.recording.seams.seam import Seam
from gradviz.recording.seams.watcher import Watcher, of_thread
from gradviz.recording.torch_inside import without_torch_function


def _scripted(original: Callable[..., Any]) -> Callable[..., Any]:
    """TorchScript makes its autograd nodes out of Python's sight.

    Between which numbers is to be known.
    """

    @functools.wraps(original)
    def watching(function: Any, *args: Any, **kwargs: Any) -> Any:
        watcher: Watcher | None = getattr(of_thread, "watcher", None)
        first = torch_inside.sequence_number()
        out = original(function, *args, **kwargs)
        if watcher is not None and not watcher.mode.failure:
            try:
                with without_torch_function():
                    ran_script(watcher.mode, function, first, args, kwargs, out, sys._getframe(1))
            except BaseException as failure:
                watcher.mode.failed(failure)
        return out

    return watching


def seams() -> Iterator[Seam]:
    """Yield the seams over what calls a scripted function or module."""
    for kind in torch_inside.SCRIPTED:
        original: Any = vars(kind)["__call__"]
        yield Seam(kind, "__call__", _scripted(kind.__call__), False, original)
