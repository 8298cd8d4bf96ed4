"""What a tensor says of itself: its memory, its history."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from gradviz.recording import torch_inside

_PLAIN = (Tensor, nn.Parameter)


def address(tensor: Tensor) -> int:
    """Return what identifies a tensor's memory.

    0 for one that has none of its own (sparse, or inside a torch.func transform).
    """
    try:
        return torch_inside.storage_address(tensor)
    except (NotImplementedError, RuntimeError):
        return 0


def is_with_itself(operands: Sequence[Any]) -> bool:
    """Say whether two operands are one tensor, or views of one that show the same of it.

    How they compare does not depend on their values then, as a density of a single point asks
    whether a sample is that point.
    """
    if len(operands) != 2 or not all(type(operand) in _PLAIN for operand in operands):
        return False
    first, second = operands
    return first is second or (
        address(first) == address(second) != 0 and _shown(first) == _shown(second)
    )


def _shown(tensor: Tensor) -> tuple[Any, ...]:
    """Return what a tensor shows of its memory, and how."""
    layout = tensor.storage_offset(), tensor.shape, tensor.stride()
    return *layout, tensor.dtype, tensor.is_conj(), tensor.is_neg()


def history(tensor: Tensor) -> Any:
    """Return a tensor's autograd node.

    None for a leaf, and for a stale view, which torch refuses to say it of.
    """
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def nodes_before(node: Any) -> list[Any]:
    """Return the autograd nodes that one passes gradient to."""
    return [before for before, _ in node.next_functions if before is not None]


def is_recorded(tensor: Tensor) -> bool:
    """Say whether a tensor has a history, without touching its autograd node."""
    try:
        return tensor.requires_grad and not tensor.is_leaf
    except RuntimeError:
        return False


def region(tensor: Tensor) -> tuple[int, int]:
    """Return the bytes of its storage that a strided tensor spans."""
    if tensor.is_nested:
        return 0, tensor.untyped_storage().nbytes()
    size = tensor.element_size()
    low = int(tensor.storage_offset()) * size
    if tensor.numel() == 0:
        return low, low
    shape = Tensor.size(tensor)  # a lazy one denies its attribute until it is done
    span = sum((length - 1) * step for length, step in zip(shape, tensor.stride(), strict=True))
    return low, low + (int(span) + 1) * size


def base_of(tensor: Tensor) -> Tensor:
    """Return the tensor whose history a view shares."""
    base = torch_inside.view_base(tensor)
    return tensor if base is None else base


def accumulates(leaf: Tensor) -> bool:
    """Say whether a leaf that requires grad takes gradient.

    A view says that it requires grad as soon as what it is a view of does; made under no_grad, it
    has no history, and takes nothing.
    """
    base = torch_inside.view_base(leaf)
    return base is None or not base.requires_grad
