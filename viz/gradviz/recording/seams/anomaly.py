"""The lines that anomaly mode keeps of each forward call, to print them where a backward fails."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch.fx.traceback

from gradviz.recording.reading.where import GRADVIZ
from gradviz.recording.seams.seam import Seam, instead

_OWN = f'  File "{GRADVIZ}'


@functools.lru_cache(maxsize=16)
def _format_stack(original: Callable[..., list[str]]) -> Callable[..., list[str]]:
    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> list[str]:
        return without_own_lines(original(*args, **kwargs))

    return watching


def without_own_lines(entries: list[str]) -> list[str]:
    """Return the entries of a printed stack without those that a watched call adds."""
    kept: list[str] = []
    own = False
    for entry in entries:
        borrowed = own and entry.partition("\n")[0].endswith(", in _make")
        own = entry.startswith(_OWN)
        if own and kept and ", in handle_torch_function\n" in kept[-1]:
            # Torch's function on its way through a mode; it comes again, as without one
            del kept[-2:]
        elif not own and not borrowed:
            kept.append(entry)
    return kept


def seams() -> Iterator[Seam]:
    """Yield the seam over what anomaly mode asks for them."""
    yield instead(torch.fx.traceback, "format_stack", _format_stack)
