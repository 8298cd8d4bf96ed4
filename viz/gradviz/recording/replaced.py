"""Which function torch means where somebody put another in its place.

Torch hands a mode the function that stands under the name of the one that runs. Of one that was
replaced, as in ``torch.Tensor.backward = mine``, that is the replacement, which runs already and
called the original: it would run twice.
"""

import gc
from collections.abc import Callable
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    MethodDescriptorType,
    WrapperDescriptorType,
)
from typing import Any

import torch

from gradviz.recording import torch_inside
from gradviz.recording.where import INSIDE, level

_KINDS_OF_TORCH = ("builtins", "torch")  # where the kinds of its callables are from
_OF_TORCH = (BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType)


def original_of(function: Any, frame: FrameType) -> Callable[..., Any]:
    """Return the function that runs, for one that torch handed to a mode.

    Args:
        function: What torch handed over.
        frame: From which it did.
    """
    code = function.__code__ if type(function) is FunctionType else None
    if code is not None:
        if level(code.co_filename) == INSIDE:
            return function  # type: ignore[no-any-return]
    elif str(type(function).__module__).partition(".")[0] in _KINDS_OF_TORCH:
        return function  # type: ignore[no-any-return]
    running = (
        frame.f_back.f_code
        if frame.f_code is torch_inside.HAND_OVER and frame.f_back is not None
        else None
    )
    if running is not None and frame.f_back is not None:
        return function if running is code else _with_code(running) or _made_again(frame.f_back)
    return _in_c(function) or function


def _with_code(code: CodeType) -> Callable[..., Any] | None:
    return next(
        (
            referrer
            for referrer in gc.get_referrers(code)
            if type(referrer) is FunctionType and referrer.__code__ is code
        ),
        None,
    )


def _made_again(frame: FrameType) -> Callable[..., Any]:
    """Return a function like the one that a frame runs.

    The collector does not show the function itself once ``gc.freeze()`` was called. Torch hands
    over every argument by name, so that its defaults are not needed.
    """
    code = frame.f_code
    cells = tuple(CellType(frame.f_locals[name]) for name in code.co_freevars)
    return FunctionType(code, frame.f_globals, code.co_name, None, cells)


def _in_c(function: Any) -> Callable[..., Any] | None:
    """Return the method in C that a function was put in place of."""
    name = next((name for name, value in vars(torch.Tensor).items() if value is function), None)
    own = None if name is None else getattr(torch_inside.TensorBase, name, None)
    return own if type(own) in _OF_TORCH else None
