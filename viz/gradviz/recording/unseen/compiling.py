"""What torch compiles or traces.

A trace stands aside meanwhile, or it would be compiled along with it.

What the user had compiled runs as it is written while a trace watches, which shows the true graph.
``torch.cond``, ``map``, ``flex_attention`` and their like have torch compile and run something on
the spot: that is one operation, run as without a trace.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import CellType, FrameType, FunctionType
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.reading.where import INSIDE, level

_DEEP = 4  # functions within functions whose variables are read


def is_for_torch_itself(frame: FrameType | None) -> bool:
    """Say whether torch has something compiled for its own use, from the frame that calls
    ``torch.compile``.
    """
    return frame is not None and frame.f_code.co_filename.startswith(torch_inside.OF_ITS_OWN)


def aside(
    compiled: Callable[..., Any],
    stand: Callable[[], AbstractContextManager[Any]],
    ran: Callable[..., None],
    first: Callable[[], int],
) -> Callable[..., Any]:
    """Return a function that torch compiled for itself as one that is run while a trace stands
    aside.

    Args:
        compiled: The function.
        stand: Enter to stand aside.
        ran: Called with the name of the operation, its arguments and result, the frame of the call,
            and what ``first`` returned.
        first: Called before.
    """

    @functools.wraps(compiled)
    def running(*args: Any, **kwargs: Any) -> Any:
        began = first()
        with stand():
            out = compiled(*args, **kwargs)
        frame = sys._getframe(1)
        ran(operation_name(frame), (*args, *kwargs.values()), out, frame, began)
        return out

    return running


def operation_name(frame: FrameType | None) -> str:
    """Return the name of the function of torch that other code called."""
    name = ""
    while frame is not None and level(frame.f_code.co_filename) == INSIDE:
        if frame.f_code.co_filename.startswith(torch_inside.OF_ITS_OWN) or not name:
            name = frame.f_code.co_name
        frame = frame.f_back
    return name


def values_in(arguments: Any) -> list[Tensor]:
    """Return the tensors among some arguments, and those that the functions among them read.

    By closure, by name, or in a module.
    """
    tensors: dict[int, Tensor] = {}
    looked: set[int] = set()

    def look(value: Any, deep: int) -> None:
        if id(value) in looked or deep > _DEEP:
            return
        if isinstance(value, Tensor):
            tensors[id(value)] = value
            return
        looked.add(id(value))
        inner: list[Any] = []
        if isinstance(value, nn.Module):
            inner = [
                parameter
                for module in torch_inside.modules_of(value)
                for parameter in torch_inside.parameters_of(module).values()
            ]
        elif isinstance(value, (list, tuple)):
            inner = list(value)
        elif isinstance(value, dict):
            inner = list(value.values())
        elif isinstance(value, FunctionType):
            inner = [_content(cell) for cell in value.__closure__ or ()]
            inner += [value.__globals__.get(name) for name in value.__code__.co_names]
            inner = [
                item
                for item in inner
                if isinstance(
                    item, (Tensor, nn.Module, FunctionType, list, tuple, dict, functools.partial)
                )
            ]
        elif isinstance(value, functools.partial):
            inner = [value.func, *value.args, *value.keywords.values()]
        elif getattr(value, "__self__", None) is not None and callable(value):
            inner = [value.__self__]
        for item in inner:
            look(item, deep + (isinstance(value, FunctionType)))

    look(arguments, 0)
    return list(tensors.values())


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


@contextmanager
def standing_aside(mode: torch.overrides.TorchFunctionMode, *, eager: bool) -> Iterator[None]:
    """Take a mode off torch's stack, and let torch compile where compiled code has been made to run
    ``eager``.
    """
    with (
        torch.compiler.set_stance("default") if eager else nullcontext(),
        torch_inside.taken_out(mode),
    ):
        yield
