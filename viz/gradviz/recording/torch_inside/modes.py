"""Modes: those of torch functions and of dispatch, of grad, and the profiler's."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gradviz.recording.torch_inside.ability import Ability, private, private_code
from gradviz.recording.torch_inside.sharded import is_sharded

UNSEEN = Ability(
    ("_C.DisableTorchFunction",),
    "gradviz's own torch calls are no calls of the step, and none that a tensor subclass"
    " should see",
    "2.6 to 2.15",
    "Tensor subclasses see gradviz's own calls.",
)

STACK = Ability(
    (
        "_C._len_torch_function_stack",
        "_C._pop_torch_function_stack",
        "_C._push_on_torch_function_stack",
    ),
    "a trace is taken out in one call into C, from below the modes that were entered after it",
    "2.6 to 2.15",
    "A trace that ends while modes entered after it still run stays on torch's stack, and lets"
    " every call pass.",
)

DEFAULT_DEVICE = Ability(
    ("_GLOBAL_DEVICE_CONTEXT", "_C._get_function_stack_at"),
    "the mode of a default device stays on the stack, below all others, so a trace may begin"
    " above it late in a script",
    "2.6 to 2.15",
    "What is trained late in a script that has set a default device is not watched.",
)

UNDISPATCHED = Ability(
    ("_C._len_torch_dispatch_stack", "utils._python_dispatch._disable_current_modes"),
    "what gradviz measures of a gradient is nothing that a mode of the user's counts, keeps or"
    " changes",
    "2.6 to 2.15",
    "Dispatch modes that run during backward see gradviz's own calls.",
)

UNPROFILED = Ability(
    ("_C._autograd._enable_record_function", "autograd.profiler._is_profiler_enabled"),
    "a profiler of the user's counts the user's operations, not those that gradviz measures with",
    "2.6 to 2.15",
    "Profilers see gradviz's own calls.",
)

PLAIN_DISPATCH = Ability(
    ("_C._disabled_torch_dispatch_impl",),
    "a tensor class of somebody else's that has operations of its own is not read, for that"
    " would run them",
    "2.6 to 2.15",
    "Gradients of other tensor classes are not measured.",
)

ABILITIES = (UNSEEN, STACK, DEFAULT_DEVICE, UNDISPATCHED, UNPROFILED, PLAIN_DISPATCH)

_disabled: Callable[[], AbstractContextManager[Any]] = (
    private("_C.DisableTorchFunction") or nullcontext
)
_dispatch_modes: Callable[[], int] | None = private("_C._len_torch_dispatch_stack")
_record: Callable[[bool], object] | None = private("_C._autograd._enable_record_function")


def _is_profiled() -> bool:
    """Say whether a profiler of the user's runs."""
    return bool(getattr(torch.autograd.profiler, "_is_profiler_enabled", False))  # 2.6 to 2.15


def without_torch_function() -> AbstractContextManager[Any]:
    """Return a context in which no mode, tensor subclass or profiler sees the calls of torch."""
    return _WithoutModes() if dispatch_modes() or _is_profiled() else _disabled()


class _Unrecorded(threading.local):
    """Whether this thread is out of the profiler's sight already.

    Torch does not say, and only the outermost may end it.
    """

    now = False

    def end(self) -> None:
        self.now = False
        if _record is not None:
            _record(True)


_unrecorded = _Unrecorded()


class _WithoutModes:
    """May be entered again and again."""

    def __enter__(self) -> None:
        self._stack = ExitStack()
        if _record is not None and _is_profiled() and not _unrecorded.now:
            self._stack.callback(_unrecorded.end)
            _unrecorded.now = True
            _record(False)
        self._stack.enter_context(without_dispatch_modes())
        self._stack.enter_context(_disabled())

    def __exit__(self, *error: object) -> None:
        self._stack.close()


_stack_length, _pop, _push = map(private, STACK.paths)
_default_device, _mode_at = map(private, DEFAULT_DEVICE.paths)


def _none() -> int:
    return 0


other_modes: Callable[[], int] = _stack_length or _none
"""Return how many modes are on torch's stack: from inside one that runs, the others below it."""
dispatch_modes: Callable[[], int] = _dispatch_modes or _none
"""Return how many dispatch modes there are."""


def modes_within() -> list[Any]:
    """Return the modes on torch's stacks, of functions and of dispatch: from inside one that runs,
    those that run within it.
    """
    at = private("_C._get_dispatch_stack_at")
    modes = [] if _mode_at is None else [_mode_at(place) for place in range(other_modes())]
    return modes + ([] if at is None else [at(place) for place in range(dispatch_modes())])


def modes_that_end() -> int:
    """Return how many modes are on torch's stack, without that of a default device, which stays."""
    number = other_modes()
    stays = getattr(_default_device, "device_context", None)
    if stays is None or _mode_at is None or not number:
        return number
    return number - (_mode_at(0) is stays)


@contextmanager
def taken_out(mode: TorchFunctionMode) -> Iterator[None]:
    """Take a mode off the stack for a while, wherever it is, if it is there."""
    if STACK.missing:
        yield
        return
    above = _pop_down_to(mode)
    if above is None:
        yield
        return
    _push_all(above)
    try:
        yield
    finally:
        later = [_pop() for _ in above]
        _push(mode)
        _push_all(later)


def _pop_down_to(mode: TorchFunctionMode) -> list[Any] | None:
    """Take a mode off the stack with those above it. Return these, the topmost first.

    None, and leave all, where it is not there.
    """
    above: list[Any] = []
    while _stack_length():
        top = _pop()
        if top is mode:
            return above
        above.append(top)
    _push_all(above)
    return None


def _push_all(above: list[Any]) -> None:
    for other in reversed(above):
        _push(other)


def push(mode: TorchFunctionMode) -> None:
    """Put a mode on top of the others."""
    if _push is None:
        mode.__enter__()  # type: ignore[no-untyped-call]
    else:
        _push(mode)


def taking_out(mode: TorchFunctionMode) -> list[Callable[[], object]]:
    """Return the steps that take a mode off the stack, if it is there, from below those that were
    entered after it; all are C.
    """
    if STACK.missing:
        return [partial(mode.__exit__, None, None, None)]
    above: list[Any] = [None]
    # The length is asked for before each mode is taken off, and ends the row at 0; the mode itself
    # ends it as well.
    off = zip(iter(_stack_length, 0), iter(_pop, mode), strict=False)
    back = map(_push, map(itemgetter(1), iter(above.pop, None)))
    return [partial(above.extend, off), partial(deque, back, 0)]


set_grad_enabled: Callable[[bool], object] = (
    private("_C._set_grad_enabled") or torch.set_grad_enabled
)
"""Switch grad mode, in one call into C where torch has it."""


def without_dispatch(tensor: Tensor) -> AbstractContextManager[Any]:
    """Return a context in which dispatch modes do not see the operations of a tensor.

    Those of a subclass that dispatches need it.
    """
    guard = private("_C._DisableTorchDispatch")
    dispatches = type(tensor).__torch_dispatch__ is not private("_C._disabled_torch_dispatch_impl")
    return nullcontext() if guard is None or dispatches else guard()  # 2.6 to 2.15


# Hands a function of torch written in Python to the modes; 2.6 to 2.15
HAND_OVER = private_code("overrides.handle_torch_function.__code__")

# torch functions that reach a mode though their names are private, and what they stand for
# Every switch of grad mode, from no_grad to a decorator; 2.6 to 2.15
SET_GRAD_ENABLED = "_set_grad_enabled"
RECORD_FUNCTION = "_record_function"  # the profiler's, which make no value; 2.6 to 2.15
# Whose further results (batch sizes, lengths, mask) carry no value
PLAIN_RESULTS = frozenset("_pack_padded_sequence _pad_packed_sequence native_dropout".split())

_no_dispatch_modes = private("utils._python_dispatch._disable_current_modes")


def without_dispatch_modes() -> AbstractContextManager[Any]:
    """Return a context in which the dispatch modes of the user's do not see the calls of torch."""
    return (
        _no_dispatch_modes()
        if _no_dispatch_modes is not None and _dispatch_modes is not None and _dispatch_modes()
        else nullcontext()
    )


def has_own_dispatch(kind: type) -> bool:
    """Say whether a class of tensors has operations of its own, or that this torch does not say."""
    plain = private("_C._disabled_torch_dispatch_impl")
    return plain is None or getattr(kind, "__torch_dispatch__", None) is not plain


def is_opaque(tensor: Tensor) -> bool:
    """Say whether what a tensor holds is its class's own affair: to ask for it would run code of
    somebody else's. A DTensor's part lies open all the same.
    """
    kind = type(tensor)
    return kind not in (Tensor, nn.Parameter) and not is_sharded(tensor) and has_own_dispatch(kind)
