"""The few calls that make tensors out of tensors unseen by a torch function mode, watched while a trace runs and put back after.

``nn.Parameter(t)`` and ``Variable(t)`` share t's memory without its history, ``torch.from_numpy`` brings an array back, collectives
write into plain tensors. Each seam calls the original first and changes nothing about its result.
"""

import functools
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.recording.mode import RecordingMode

# name -> positions of the arguments written to and read from
_COLLECTIVES: dict[str, tuple[int, int]] = {
    "all_gather": (0, 1),
    "all_gather_into_tensor": (0, 1),
    "_all_gather_base": (0, 1),
    "all_gather_coalesced": (0, 1),
    "all_to_all": (0, 1),
    "all_to_all_single": (0, 1),
    "gather": (1, 0),
    "scatter": (0, 1),
    "reduce_scatter": (0, 1),
    "reduce_scatter_tensor": (0, 1),
    "_reduce_scatter_base": (0, 1),
}
_PARAMETERS = {
    "all_gather": ("tensor_list", "tensor"),
    "all_gather_into_tensor": ("output_tensor", "input_tensor"),
    "all_to_all": ("output_tensor_list", "input_tensor_list"),
    "all_to_all_single": ("output", "input"),
    "gather": ("gather_list", "tensor"),
    "scatter": ("tensor", "scatter_list"),
    "reduce_scatter": ("output", "input_list"),
    "reduce_scatter_tensor": ("output", "input"),
}

Note = Callable[[Any, tuple[Any, ...], dict[str, Any], Any], None]


@contextmanager
def watched(mode: RecordingMode, optimizers: "list[weakref.ref[torch.optim.Optimizer]]") -> Iterator[None]:
    """Watch the seams for one mode, in this thread, and note the optimizers built; everything is as before on leaving."""
    thread = threading.get_ident()

    def guarded(original: Callable[..., Any], note: Note) -> Callable[..., Any]:
        @functools.wraps(original)
        def watching(*args: Any, **kwargs: Any) -> Any:
            out = original(*args, **kwargs)
            if mode.failure is None and threading.get_ident() == thread:
                try:
                    with torch._C.DisableTorchFunction():
                        note(sys._getframe(1), args, kwargs, out)
                except Exception as failure:
                    mode.failure = failure
            return out

        return watching

    def wrapped_as(name: str) -> Note:
        def note(frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
            value = args[1] if len(args) > 1 else kwargs.get("data")
            if isinstance(value, Tensor) and isinstance(out, Tensor):
                mode.rewrapped(name, value, out, frame)

        return note

    def from_numpy(frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        mode.came_back(args[0], out, frame)

    def communicates(name: str) -> Note:
        places, labels = _COLLECTIVES[name], _PARAMETERS.get(name, ("", ""))

        def note(frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
            written, read = (
                _flat(args[place] if place < len(args) else kwargs.get(label)) for place, label in zip(places, labels, strict=True)
            )
            mode.communicated(name, written, read, frame)

        return note

    def optimizer_made(frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        optimizers.append(weakref.ref(args[0]))

    def module_hook(frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        mode.hooked(args[0], frame)

    with ExitStack() as stack:
        for name in ("register_full_backward_hook", "register_backward_hook", "register_full_backward_pre_hook"):
            _replace(stack, nn.Module, name, lambda original: guarded(original, module_hook))
        _replace(stack, torch.optim.Optimizer, "__init__", lambda original: guarded(original, optimizer_made))
        _replace(stack, nn.Parameter, "__new__", lambda original: staticmethod(guarded(original, wrapped_as("nn.Parameter"))))
        variable = torch.autograd.Variable
        _replace(stack, variable, "__new__", lambda original: staticmethod(guarded(original, wrapped_as("Variable"))))
        _replace(stack, torch, "from_numpy", lambda original: guarded(original, from_numpy))
        for module in _distributed_modules():
            for name in _COLLECTIVES:
                if hasattr(module, name):
                    _replace(stack, module, name, functools.partial(guarded, note=communicates(name)))
        yield


def _replace(stack: ExitStack, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    own = vars(owner).get(name)
    setattr(owner, name, make(getattr(owner, name)))
    if own is None:
        stack.callback(delattr, owner, name)
    else:
        stack.callback(setattr, owner, name, own)


def _distributed_modules() -> list[Any]:
    if not torch.distributed.is_available():
        return []
    from torch.distributed import distributed_c10d

    return [torch.distributed, distributed_c10d]


def _flat(value: Any) -> tuple[Tensor, ...]:
    if isinstance(value, Tensor):
        return (value,)
    return tuple(item for item in value or () if isinstance(item, Tensor))
