"""Nodes of autograd: their numbers, their names, what they saved, and the engine that runs them."""

import sys
from collections.abc import Callable
from typing import Any

import torch.utils.checkpoint  # 2.6 imports it only when it is asked for
from torch import Tensor

from gradviz.recording.torch_inside.ability import Ability, private

NUMBERS = Ability(
    (
        "_C._autograd._get_sequence_nr",
        "_C._functions.AccumulateGrad._sequence_nr",
        "_C._FunctionBase._sequence_nr",
    ),
    "autograd numbers its nodes as they are made, so that a call need not touch the ones it"
    " made to tell their line later",
    "2.6 to 2.15",
    "The lines of operations inside composite calls are not known.",
)

CURRENT = Ability(
    ("_C._current_autograd_node",),
    "a backward inside a backward is part of a checkpoint or a double backward, and no call of"
    " the script's",
    "2.6 to 2.15",
    "Backward calls that run inside another backward are reported like the script's own.",
)

REENTRANT = Ability(
    ("utils.checkpoint.CheckpointFunction",),
    "a reentrant checkpoint is a custom Function that passes gradient by a backward of its own",
    "2.6 to 2.15",
    "Reentrant checkpoints are taken for custom Functions.",
)

RESULTS = Ability(
    ("_C._functions.AccumulateGrad._input_metadata",),
    "a node tells the type and the shape of what it gave, so that it can be computed again where a"
    " NaN or infinity came of it",
    "2.6 to 2.15",
    "An overflow in half precision is not told from others.",
)

ABILITIES = (NUMBERS, CURRENT, REENTRANT, RESULTS)

NUMBERED = not NUMBERS.missing


def _no_number() -> int:
    return 0


sequence_number: Callable[[], int] = (
    private("_C._autograd._get_sequence_nr") if NUMBERED else _no_number
)
"""Return the number that the next autograd node of this thread gets; always 0 where torch does
not say.
"""


def node_number(node: Any) -> int:
    """Return the number of an autograd node; 0 where torch does not say."""
    return int(node._sequence_nr()) if NUMBERED else 0


def result_of(node: Any, output: int = 0) -> Any:
    """Return the ``shape`` and ``dtype`` of what a node gave; None where torch does not say."""
    about = getattr(node, "_input_metadata", None)
    return about[output] if about else None


ACCUMULATOR = "AccumulateGrad"  # the node of a leaf, which has its tensor as .variable; 2.6 to 2.15
# Begins the name of a reentrant checkpoint's node; 2.6 to 2.15
CHECKPOINT_NODE = "CheckpointFunction"
# Hands each output of a model through, so that one that no loss takes brings None; 2.6 to 2.15
HANDS_THROUGH = "_DDPSinkBackward"
# Before a module that has a full backward hook; 2.6 to 2.15
HOOK_NODE = "BackwardHookFunctionBackward"

# The static method of a custom Function by which a hook comes to any node; 2.6 to 2.15. Where it is
# gone, hooks on nodes are told without their line
REGISTERS_AT_NODES = "_register_hook"
HAVE_NODE_HOOKS = tuple(
    kind for kind in torch.autograd.Function.__mro__ if REGISTERS_AT_NODES in vars(kind)
)
"""The classes that have it themselves."""

# Nodes of views that show all of what they are of, each element once; 2.6 to 2.15
_VIEWS = frozenset(
    f"{name}Backward{number}"
    for name in "Alias Permute ReshapeAlias Squeeze T Transpose UnsafeView Unsqueeze View".split()
    for number in range(6)
)


def is_view(node: Any) -> bool:
    """Say whether a node hands on all that comes to it, in another shape or order, as it is."""
    return type(node).__name__ in _VIEWS


CheckpointFunction: type | None = private("utils.checkpoint.CheckpointFunction")


def current_node() -> Any:
    """Return the autograd node that runs in this thread, where a backward is under way.

    None otherwise.
    """
    find = private("_C._current_autograd_node")
    return None if find is None else find()


READS_SAVED = private("_C._autograd.SavedTensor.unpack_hook") is not None
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


def saved_list(node: Any, name: str) -> tuple[Tensor | None, ...] | None:
    """Return a list of tensors that a node saved, None in the place of what is none.

    None where one of them was packed by a hook, or is gone.
    """
    if not READS_SAVED:
        return None
    try:
        raw = getattr(node, f"_raw_saved_{name}", None)
        if raw is None or any(item.unpack_hook is not None for item in raw):
            return None
        values: tuple[Tensor | None, ...] = getattr(node, f"_saved_{name}")
    except RuntimeError:  # freed, or written to since
        return None
    return values


def function_saved(node: Any) -> bool:
    """Say whether a custom Function saved tensors by ``save_for_backward`` (2.6 to 2.15); yes where
    torch does not say.
    """
    try:
        return bool(getattr(node, "_raw_saved_tensors", True))
    except RuntimeError:  # freed
        return True


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
