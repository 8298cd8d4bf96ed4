"""Everything private of torch that gradviz touches, in one place.

``ABILITIES`` lists each item: why it is needed, the versions it was seen in, and what its loss
costs. What a torch does not have is replaced by something that costs that one ability, never the
run and never the import; reports say so (:func:`notes`). What is private of FSDP2 is collected in
``sharded.py``.
"""

import importlib
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from types import CodeType
from typing import Any

import torch
import torch.overrides
import torch.utils.checkpoint
import torch.utils.dlpack
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import TorchFunctionMode

# Of a newer torch, nobody has looked whether all this still means what it meant
NEWEST_TRIED = (2, 15)


@dataclass(frozen=True, slots=True)
class Ability:
    """Something that rests on what torch does not promise.

    Attributes:
        paths: What has to be there, by dotted names below ``torch``.
        why: What gradviz does with it.
        seen: The versions it was seen in.
        cost: What is lost without it, as a report says it; a sentence.
    """

    paths: tuple[str, ...]
    why: str
    seen: str
    cost: str

    @property
    def missing(self) -> tuple[str, ...]:
        """What of it this torch does not have."""
        return tuple(path for path in self.paths if _private(path) is None)


def _private(path: str) -> Any:
    """Return what stands under a dotted name below torch; None where it is gone."""
    found: Any = torch
    for part in path.split("."):
        if isinstance(found, type) and not any(part in vars(kind) for kind in found.__mro__):
            return None  # what type itself has, such as __call__, does not count
        found = getattr(found, part, None)
    return found


ABILITIES = (
    Ability(
        (
            "_C._autograd._get_sequence_nr",
            "_C._functions.AccumulateGrad._sequence_nr",
            "_C._FunctionBase._sequence_nr",
        ),
        "autograd numbers its nodes as they are made, so that a call need not touch the ones it"
        " made to tell their line later",
        "2.6 to 2.15",
        "The lines of operations inside composite calls are not known.",
    ),
    Ability(
        ("_C.DisableTorchFunction",),
        "gradviz's own torch calls are no calls of the step, and none that a tensor subclass"
        " should see",
        "2.6 to 2.15",
        "Tensor subclasses see gradviz's own calls.",
    ),
    Ability(
        (
            "_C._len_torch_function_stack",
            "_C._pop_torch_function_stack",
            "_C._push_on_torch_function_stack",
        ),
        "a trace is taken out in one call into C, from below the modes that were entered after it",
        "2.6 to 2.15",
        "A trace that ends while modes entered after it still run stays on torch's stack, and lets"
        " every call pass.",
    ),
    Ability(
        ("UntypedStorage._cdata",),
        "tensors that share memory are recognised by the address of their storage",
        "2.6 to 2.15",
        "What is written into memory that tensors share (through .data, detach() or numpy) is not"
        " followed.",
    ),
    Ability(
        ("Tensor._cdata",),
        "a tensor is known by what torch keeps behind it, for a weak reference would stop"
        " torch.utils.swap_tensors",
        "2.6 to 2.15",
        "Of two tensors of the same memory, one that is gone may be taken for the other.",
    ),
    Ability(
        ("Tensor._base",),
        "a view shares the history of the tensor that it is a view of",
        "2.6 to 2.15",
        "Writes through views may be named at lines that sever nothing.",
    ),
    Ability(
        ("Tensor._version",),
        "a tensor whose version is the same was not written to",
        "2.6 to 2.15",
        "Zero is not told from reached for what the step's own backward left in .grad.",
    ),
    Ability(
        ("_C._autograd._unsafe_set_version_counter",),
        "a buffer that is put back gets its version back as well",
        "2.6 to 2.15",
        "Buffers that a checkpoint wrote to again have a higher version than without gradviz.",
    ),
    Ability(
        ("_C._len_torch_dispatch_stack", "utils._python_dispatch._disable_current_modes"),
        "what gradviz measures of a gradient is nothing that a mode of the user's counts, keeps or"
        " changes",
        "2.6 to 2.15",
        "Dispatch modes that run during backward see gradviz's own calls.",
    ),
    Ability(
        ("_C._autograd._enable_record_function", "autograd.profiler._is_profiler_enabled"),
        "a profiler of the user's counts the user's operations, not those that gradviz measures"
        " with",
        "2.6 to 2.15",
        "Profilers see gradviz's own calls.",
    ),
    Ability(
        ("_C._disabled_torch_dispatch_impl",),
        "a tensor class of somebody else's that has operations of its own is not read, for that"
        " would run them",
        "2.6 to 2.15",
        "Gradients of other tensor classes are not measured.",
    ),
    Ability(
        ("_C._current_autograd_node",),
        "a backward inside a backward is part of a checkpoint or a double backward, and no call of"
        " the script's",
        "2.6 to 2.15",
        "Backward calls that run inside another backward are reported like the script's own.",
    ),
    Ability(
        ("nn.Module._call_impl.__code__",),
        "the frame of a module's call says which module runs",
        "2.6 to 2.15",
        "The modules that operations run in are not known.",
    ),
    Ability(
        ("nn.Module._save_to_state_dict.__code__",),
        "state_dict() detaches what it copies, which is no cut of the user's",
        "2.6 to 2.15",
        "What state_dict() copies may be named as detached in torch's own line.",
    ),
    Ability(
        (
            "_C._functorch.peek_interpreter_stack",
            "_C._functorch.is_functorch_wrapped_tensor",
            "_C._functorch.get_unwrapped",
        ),
        "torch.func wraps the tensors of a function, and the history of the step is that of the"
        " tensor under all wrappers",
        "2.6 to 2.15",
        "What is severed inside torch.func (grad, vmap, jacrev ...) is not seen.",
    ),
    Ability(
        ("_C.ScriptFunction", "_C.ScriptMethod"),
        "what TorchScript runs reaches no mode, so its graph is read",
        "2.6 to 2.15",
        "What TorchScript severs is not seen.",
    ),
    Ability(
        ("_C._swap_tensor_impl",),
        "two tensors exchange what they are here, by whatever name torch.utils.swap_tensors was"
        " imported",
        "2.6 to 2.15",
        "Tensors that torch.utils.swap_tensors has exchanged are not followed.",
    ),
    Ability(
        ("utils.checkpoint.CheckpointFunction",),
        "a reentrant checkpoint is a custom Function that passes gradient by a backward of its own",
        "2.6 to 2.15",
        "Reentrant checkpoints are taken for custom Functions.",
    ),
)


def is_newer() -> bool:
    """Say whether this torch is newer than those that gradviz was tried on."""
    version = re.match(r"(\d+)\.(\d+)", torch.__version__)
    return version is not None and (int(version[1]), int(version[2])) > NEWEST_TRIED


def missing() -> tuple[Ability, ...]:
    """Return the abilities that this torch leaves gradviz without."""
    return tuple(ability for ability in ABILITIES if ability.missing)


def notes() -> tuple[str, ...]:
    """Return what a report has to say of this torch.

    A sentence for each ability that is missing.
    """
    return _NOTES


_NOTES = tuple(
    f"torch {torch.__version__} has no {' or '.join(f'torch.{path}' for path in ability.missing)}."
    f" {ability.cost}"
    for ability in missing()
)


def _code(path: str) -> CodeType | None:
    found = _private(path)
    return found if isinstance(found, CodeType) else None


# The numbers of autograd nodes

NUMBERED = not ABILITIES[0].missing


def _no_number() -> int:
    return 0


sequence_number: Callable[[], int] = (
    _private("_C._autograd._get_sequence_nr") if NUMBERED else _no_number
)
"""Return the number that the next autograd node of this thread gets; always 0 where torch does
not say.
"""


def node_number(node: Any) -> int:
    """Return the number of an autograd node; 0 where torch does not say."""
    return int(node._sequence_nr()) if NUMBERED else 0


# Torch functions and the modes that see them

_disabled: Callable[[], AbstractContextManager[Any]] = (
    _private("_C.DisableTorchFunction") or nullcontext
)
_dispatch_modes: Callable[[], int] | None = _private("_C._len_torch_dispatch_stack")


_record: Callable[[bool], object] | None = _private("_C._autograd._enable_record_function")


def _is_profiled() -> bool:
    """Say whether a profiler of the user's runs."""
    return bool(getattr(torch.autograd.profiler, "_is_profiler_enabled", False))  # 2.6 to 2.15


def without_torch_function() -> AbstractContextManager[Any]:
    """Enter to call torch unseen by every mode and tensor subclass, and by the profiler."""
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


_stack_length, _pop, _push = (_private(path) for path in ABILITIES[2].paths)


def _none() -> int:
    return 0


other_modes: Callable[[], int] = _stack_length or _none
"""Return how many modes are on torch's stack: from inside one that runs, the others below it."""
dispatch_modes: Callable[[], int] = _dispatch_modes or _none
"""Return how many dispatch modes there are."""


@contextmanager
def taken_out(mode: TorchFunctionMode) -> Iterator[None]:
    """Take a mode off the stack for a while, wherever it is, if it is there."""
    if ABILITIES[2].missing:
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
    if ABILITIES[2].missing:
        return [partial(mode.__exit__, None, None, None)]
    above: list[Any] = [None]
    # The length is asked for before each mode is taken off, and ends the row at 0; the mode itself
    # ends it as well.
    off = zip(iter(_stack_length, 0), iter(_pop, mode), strict=False)
    back = map(_push, map(itemgetter(1), iter(above.pop, None)))
    return [partial(above.extend, off), partial(deque, back, 0)]


set_grad_enabled: Callable[[bool], object] = (
    _private("_C._set_grad_enabled") or torch.set_grad_enabled
)
"""Switch grad mode, in one call into C where torch has it."""

# Whose generators take a mode off the stack for a moment; 2.6 to 2.15
OVERRIDES = torch.overrides.__file__


def putting_stance_back() -> Callable[[], object]:
    """Return what gives the compiler back the stance that it has now.

    In one call into C where torch keeps it where 2.6 to 2.15 do.
    """
    compiler = importlib.import_module("torch._dynamo.eval_frame")
    if hasattr(compiler, "_stance"):
        return partial(setattr, compiler, "_stance", compiler._stance)
    return partial(torch.compiler.set_stance, "default")


def without_dispatch(tensor: Tensor) -> AbstractContextManager[Any]:
    """Enter to run operations of a tensor unseen by dispatch modes.

    Those of a subclass that dispatches need it.
    """
    guard = _private("_C._DisableTorchDispatch")
    dispatches = type(tensor).__torch_dispatch__ is not _private("_C._disabled_torch_dispatch_impl")
    return nullcontext() if guard is None or dispatches else guard()  # 2.6 to 2.15


# Hands a function of torch written in Python to the modes; 2.6 to 2.15
HAND_OVER = _code("overrides.handle_torch_function.__code__")
TensorBase: Any = _private("_C.TensorBase")  # has the methods written in C; 2.6 to 2.15
# torch's own, whatever a script has put in the place of Tensor.detach
detach: Callable[[Tensor], Tensor] = getattr(TensorBase, "detach", Tensor.detach)

# torch functions that reach a mode though their names are private, and what they stand for
# Every switch of grad mode, from no_grad to a decorator; 2.6 to 2.15
SET_GRAD_ENABLED = "_set_grad_enabled"
RECORD_FUNCTION = "_record_function"  # the profiler's, which make no value; 2.6 to 2.15
# Whose further results (batch sizes, mask) carry no value
PLAIN_RESULTS = frozenset(("_pack_padded_sequence", "native_dropout"))

_no_dispatch_modes = _private("utils._python_dispatch._disable_current_modes")


def without_dispatch_modes() -> AbstractContextManager[Any]:
    """Enter to call torch unseen by the dispatch modes of the user's."""
    return (
        _no_dispatch_modes()
        if _no_dispatch_modes is not None and _dispatch_modes is not None and _dispatch_modes()
        else nullcontext()
    )


def has_own_dispatch(kind: type) -> bool:
    """Say whether a class of tensors has operations of its own, or that this torch does not say."""
    plain = _private("_C._disabled_torch_dispatch_impl")
    return plain is None or getattr(kind, "__torch_dispatch__", None) is not plain


# Memory

_STORAGES = not ABILITIES[3].missing


def storage_address(tensor: Tensor) -> int:
    """Return what identifies a tensor's memory; 0 where torch does not say.

    Raises what torch does for one without memory.
    """
    return int(tensor.untyped_storage()._cdata) if _STORAGES else 0


def implementation(tensor: Tensor) -> int:
    """Return the address of what torch keeps behind a tensor's Python object.

    0 where torch does not say.
    """
    return getattr(tensor, "_cdata", 0)


def has_data(storage: Any) -> bool:
    """Say whether there is memory behind a storage.

    A subclass that holds other tensors has one without. A fake one has none either, and warns
    where it is asked.
    """
    try:
        return storage.device.type != "meta" and bool(storage.data_ptr())
    except RuntimeError:
        return False


def view_base(tensor: Tensor) -> Tensor | None:
    """Return the tensor that another is a view of; None for one that is none."""
    return getattr(tensor, "_base", None)


def version(tensor: Tensor) -> int | None:
    """Return how often a tensor was written to; None where torch does not say.

    Inference tensors raise.
    """
    return getattr(tensor, "_version", None)


def set_version(tensor: Tensor, number: int | None) -> None:
    """Give a tensor back the version that it had before gradviz put its value back."""
    setter = _private("_C._autograd._unsafe_set_version_counter")
    if setter is not None and number is not None:
        setter((tensor,), (number,))


# Autograd

ACCUMULATOR = "AccumulateGrad"  # the node of a leaf, which has its tensor as .variable; 2.6 to 2.15
# Begins the name of a reentrant checkpoint's node; 2.6 to 2.15
CHECKPOINT_NODE = "CheckpointFunction"
# Hands each output of a model through, so that one that no loss takes brings None; 2.6 to 2.15
HANDS_THROUGH = "_DDPSinkBackward"
# Before a module that has a full backward hook; 2.6 to 2.15
HOOK_NODE = "BackwardHookFunctionBackward"

CheckpointFunction: type | None = _private("utils.checkpoint.CheckpointFunction")


def current_node() -> Any:
    """Return the autograd node that runs in this thread, where a backward is under way.

    None otherwise.
    """
    find = _private("_C._current_autograd_node")
    return None if find is None else find()


READS_SAVED = _private("_C._autograd.SavedTensor.unpack_hook") is not None
"""Whether torch tells what hooks of the user's have packed (2.13 to 2.15 do, 2.6 to 2.9 do not).

Then the rest of what a node saved can be read. It says why a zero, NaN or infinity begins there;
without it that is said from the operation alone.
"""


def saved_names(node: Any) -> list[str]:
    """Return the names under which a node of torch's own saved tensors for its backward."""
    return (
        [name.removeprefix("_raw_saved_") for name in dir(node) if name.startswith("_raw_saved_")]
        if READS_SAVED
        else []
    )


def saved_tensor(node: Any, name: str) -> Tensor | None:
    """Return what a node saved; None where that was packed by a hook, or is gone."""
    try:
        raw = getattr(node, f"_raw_saved_{name}")
        if getattr(raw, "unpack_hook", raw) is not None:
            return None
        value = getattr(node, f"_saved_{name}")
    except RuntimeError:  # freed, or written to since
        return None
    return value if isinstance(value, Tensor) else None


# The function through which every backward enters the engine; 2.6 to 2.15
ENGINE = "_engine_run_backward"


def backward_is_compiled() -> bool:
    """Say whether backwards are compiled (compiled autograd, 2.6 to 2.15), so that hooks become a
    part of what is compiled.
    """
    module = sys.modules.get("torch._dynamo.compiled_autograd")
    return bool(getattr(module, "compiled_autograd_enabled", False))


def graph_was_freed(error: BaseException) -> bool:
    """Say whether a backward failed because an earlier one freed the graph.

    Torch has no exception of its own for it.
    """
    return "second time" in str(error)


# TorchScript: what a scripted or traced function and a method of a scripted module are called by;
# 2.6 to 2.15
SCRIPTED: tuple[Any, ...] = tuple(
    kind
    for kind in (_private("_C.ScriptFunction"), _private("_C.ScriptMethod"))
    if kind is not None and "__call__" in vars(kind)
)

# torch.func

_FUNCTORCH = tuple(
    map(
        _private,
        ("_C._functorch.peek_interpreter_stack", "_C._functorch.is_functorch_wrapped_tensor"),
    )
)
_unwrapped = _private("_C._functorch.get_unwrapped")


def is_transforming() -> bool:
    """Say whether a transform of torch.func is running in this thread."""
    return _FUNCTORCH[0] is not None and _FUNCTORCH[0]() is not None


def is_wrapped(tensor: Tensor) -> bool:
    """Say whether a transform of torch.func has wrapped a tensor."""
    return _FUNCTORCH[1] is not None and _unwrapped is not None and bool(_FUNCTORCH[1](tensor))


def unwrapped(tensor: Tensor) -> Tensor:
    """Return the tensor under the outermost wrapper of torch.func."""
    inner: Tensor = _unwrapped(tensor)
    return inner


# Compiling: what torch._dynamo has, if it was imported, which takes a second; 2.6 to 2.15. Without
# it, compiled code is taken to be there as soon as that is imported, and has torch's default stance
# after a trace.


def something_is_compiled() -> bool:
    """Say whether something may have been compiled."""
    module = sys.modules.get("torch._dynamo.eval_frame")
    if module is None:
        return False
    # None stands for what is never to be compiled
    backends = getattr(module, "cached_backends", None)
    return backends is None or any(backend is not None for backend in backends.values())


# Operators


def written_by_schema(func: Any) -> list[tuple[int, str]]:
    """Return position and name of each argument that an operator of ``torch.ops`` declares to
    write.

    ``_schema`` and ``alias_info`` are private; seen in 2.6 to 2.15. Without them, what a custom
    operator writes is not followed.
    """
    if not hasattr(func, "_schema") and callable(getattr(func, "overloads", None)):
        func = getattr(func, next(iter(func.overloads()), ""), None)
    arguments = getattr(getattr(func, "_schema", None), "arguments", ())
    aliases = [getattr(argument, "alias_info", None) for argument in arguments]
    writes = [place for place, alias in enumerate(aliases) if alias is not None and alias.is_write]
    return [(place, arguments[place].name) for place in writes]


ENTRANCES = {
    "from_dlpack": tuple(
        (owner, "_from_dlpack")
        for owner in (torch._C, torch.utils.dlpack)
        if hasattr(owner, "_from_dlpack")
    )
}
"""What takes memory in, as a capsule, and no mode sees, by the public name; 2.6 to 2.15."""

# Frames

CALL_MODULE = _code("nn.Module._call_impl.__code__")
STATE_DICT = _code("nn.Module._save_to_state_dict.__code__")

FOLDER = os.path.dirname(torch.__file__) + os.sep
# Where two tensors exchange what they are
SWAPS = () if _private("_C._swap_tensor_impl") is None else ((torch._C, "_swap_tensor_impl"),)
OPTIMIZERS = os.path.join(FOLDER, "optim") + os.sep
# FSDP1 keeps a unit's parameters in one; 2.6 to 2.15
FLAT_PARAMETERS = os.path.join(FOLDER, "distributed", "fsdp", "_flat_param.py")
# No optimizer: it writes the values of one model into another; 2.6 to 2.15
AVERAGES = os.path.join(FOLDER, "optim", "swa_utils.py")
# no_grad, set_grad_enabled; 2.6 to 2.15
GRAD_MODE = os.path.join(FOLDER, "autograd", "grad_mode.py")
# What no_grad is as a decorator; 2.6 to 2.15
CONTEXTLIB = os.path.join(FOLDER, "utils", "_contextlib.py")
# Of torch.autograd.functional, by a frame's name
DERIVATIVES = frozenset(("jacobian", "hessian", "vjp", "jvp", "hvp", "vhp"))
SAMPLE = "sample"  # a distribution's method that switches grad mode off; rsample does not

# Modules: what they hold, read from where it is kept, since the methods that list it may be
# overridden and skip what repeats


def _holder(module: nn.Module) -> nn.Module:
    """Return what holds a module's parts.

    Of a traced one, the script module that it was compiled to.
    """
    found: nn.Module = module.__dict__.get("_actual_script_module", module)
    return found


def parameters_of(module: nn.Module) -> dict[str, Tensor | None]:
    """Return the parameters of one module by name.

    Those of one whose ``__init__`` has not got so far are none.
    """
    parameters: dict[str, Tensor | None] | None = _holder(module).__dict__.get("_parameters")
    return parameters or {}


def children_of(module: nn.Module) -> dict[str, nn.Module | None]:
    """Return the modules that one module holds, by name."""
    children: dict[str, nn.Module | None] | None = _holder(module).__dict__.get("_modules")
    return children or {}


def modules_of(module: nn.Module) -> Iterator[nn.Module]:
    """Yield a module and all that it holds, each once, also where one is inside itself."""
    met, stack = {id(module)}, [module]
    while stack:
        here = stack.pop()
        yield here
        for child in reversed(children_of(here).values()):
            if child is not None and id(child) not in met:
                met.add(id(child))
                stack.append(child)


def is_initialized(module: nn.Module) -> bool:
    """Say whether ``nn.Module.__init__`` has run."""
    return "_modules" in module.__dict__


def is_compiled(module: nn.Module) -> bool:
    """Say whether a module is what ``torch.compile`` made of another, or was compiled in place."""
    return (
        "_orig_mod" in children_of(module) or module.__dict__.get("_compiled_call_impl") is not None
    )


def backward_hooks_of(module: nn.Module) -> tuple[Any, ...]:
    """Return the backward hooks of a module."""
    return tuple((module.__dict__.get("_backward_hooks") or {}).values())


# How a module's __dict__ holds its parts
PARTS = frozenset(("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"))

# Hooks that torch calls for every optimizer or module: where the module of the function that adds
# one keeps them, in 2.6 to 2.15, and that function
BEFORE_STEPS = ("_global_optimizer_pre_hooks", register_optimizer_step_pre_hook)
AFTER_STEPS = ("_global_optimizer_post_hooks", register_optimizer_step_post_hook)
AT_PARAMETERS = (
    "_global_parameter_registration_hooks",
    register_module_parameter_registration_hook,
)
AT_MODULES = ("_global_module_registration_hooks", register_module_module_registration_hook)
