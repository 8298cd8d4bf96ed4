"""Which of torch's loss functions an instruction calls, so that its steps can be drawn as one."""

import ast
import re
from types import CodeType

from torch import nn

from gradviz.recording.reading.instructions import position_of
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.where import by_file
from gradviz.system.lines import getlines

_FUNCTION = re.compile(r"(?:^|_)(?:loss|kl_div|cross_entropy(?:_with_logits)?)$|Loss$")
_MODULES = "torch.nn.modules.loss"


def loss_module(module: nn.Module) -> str:
    """Return the class of a module that is a loss of torch's; empty for any other."""
    kind = type(module)
    return kind.__name__ if kind.__module__ == _MODULES else ""


@by_file
def loss_function(code: CodeType, lasti: int) -> str:
    """Return by what name an instruction calls a loss function; empty where it calls none.

    Args:
        code: Of a frame outside torch, so that what it calls is torch's own.
        lasti: The instruction.
    """
    text = _text(code, lasti)
    if not re.search(r"(?i)loss|kl_div|cross_entropy", text):
        return ""
    try:
        called = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    name = name_of(called) if isinstance(called, ast.Call) else ""
    return name if _FUNCTION.search(name) else ""


def _text(code: CodeType, lasti: int) -> str:
    """Return the source of an instruction; empty where it cannot be read."""
    place = position_of(code, lasti)
    if place is None:
        return ""
    first, column, last, end = place
    lines = [line.encode() for line in getlines(code.co_filename)[first - 1 : last]]
    if len(lines) != last - first + 1:
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][column:]
    return b"".join(lines).decode(errors="replace")
