"""Which line of a user's hook writes into a gradient that has just arrived.

torch runs it inside backward, where no call is seen.
"""

from dis import get_instructions
from functools import partial
from types import CodeType
from typing import Any

from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.reading import where
from gradviz.recording.reading.where import Spot

_GRAD = "grad"


def write_of_hook(leaf: Tensor) -> tuple[str, Spot] | None:
    """Return what the hook on a leaf that runs after its gradient has come does to ``.grad``, and
    the line; None where none writes into it, or several do.
    """
    by_hook = map(_write, torch_inside.hooks_after(leaf))
    writes = [write for write in by_hook if write is not None]
    return writes[0] if len(writes) == 1 else None


def _write(hook: Any) -> tuple[str, Spot] | None:
    """Return the last write into a ``.grad`` in a hook: an assignment, or a method in place."""
    while isinstance(hook, partial):
        hook = hook.func
    code = getattr(hook, "__code__", None)
    if not isinstance(code, CodeType) or where.level(code.co_filename) != where.USER:
        return None
    last, before = None, ""
    for instruction in get_instructions(code):
        name = instruction.argval if instruction.opname.endswith(("_ATTR", "_METHOD")) else ""
        if instruction.opname == "STORE_ATTR" and name == _GRAD:
            last = _GRAD, Spot(code, instruction.offset)
        elif before == _GRAD and name.endswith("_"):
            last = name, Spot(code, instruction.offset)
        before = name
    return last
