"""Measures what arrives: which leaves get a gradient, whether it is zero, and at which node a zero begins.

``torch.autograd.grad`` leaves ``.grad`` fields alone and does not run what is hooked to them. Only a graph with a reentrant
checkpoint, which refuses it, is measured by a real backward, whose ``.grad`` fields are put back.
"""

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.sharded import own_part
from gradviz.recording.tape import Backward


@dataclass(frozen=True, slots=True)
class Arrival:
    """The gradient at one leaf.

    Attributes:
        nonzero: Some element is not zero (NaN counts); None where the values cannot be read (meta tensors).
        norm: L2 norm; None where it cannot be read.
    """

    nonzero: bool | None
    norm: float | None


_SAMPLE = 1024  # elements that nearly always tell that a gradient is not zero


def any_nonzero(gradient: Tensor) -> bool | None:
    """Say whether some element is not zero (NaN is not); None on the meta device, where there are no values."""
    if gradient.device.type == "meta":
        return None
    values = own_part(gradient.detach())
    if values.layout == torch.sparse_coo:
        values = values.coalesce().values()
    if values.numel() > _SAMPLE and values.is_contiguous() and bool((values.view(-1)[:_SAMPLE] != 0).any()):
        return True
    return bool((values != 0).any())


def look_at(gradient: Tensor) -> Arrival:
    """Say whether a gradient is zero, and how large it is."""
    nonzero = any_nonzero(gradient)
    if nonzero is None:
        return Arrival(None, None)
    values = own_part(gradient.detach())
    wide = values.coalesce().values() if values.layout == torch.sparse_coo else values
    if wide.dtype in (torch.float16, torch.bfloat16):
        wide = wide.float()
    return Arrival(nonzero, float(torch.linalg.vector_norm(wide)) if nonzero else 0.0)


def measure(losses: tuple[Tensor, ...], leaves: Mapping[int, Tensor], *, real: bool) -> dict[int, Arrival]:
    """Run a backward that changes nothing and say what arrives at each leaf.

    Args:
        losses: What to start from; those that are not scalars are summed.
        leaves: The leaves by number.
        real: Use ``backward()``, because the graph refuses ``torch.autograd.grad``.

    Returns:
        The arrival by number of the leaf; a leaf that gets None is not in it.

    Raises:
        RuntimeError: torch's own, where the graph cannot be run backward (again).
    """
    wanted = {number: leaf for number, leaf in leaves.items() if leaf.requires_grad}
    if not wanted:
        return {}
    # torch makes the seed of a scalar itself; given one, it imports sympy to compare the shapes
    seeds = [None if loss.numel() == 1 and loss.is_floating_point() else torch.ones_like(loss) for loss in losses]
    with torch.enable_grad():
        if real:
            gradients = _by_backward(losses, seeds, wanted)
        else:
            found = torch.autograd.grad(losses, tuple(wanted.values()), seeds, retain_graph=True, allow_unused=True)
            gradients = dict(zip(wanted, found, strict=True))
    return {number: look_at(gradient) for number, gradient in gradients.items() if gradient is not None}


def _by_backward(losses: tuple[Tensor, ...], seeds: list[Tensor | None], wanted: Mapping[int, Tensor]) -> dict[int, Tensor | None]:
    kept = {number: leaf.grad for number, leaf in wanted.items()}
    try:
        for leaf in wanted.values():
            leaf.grad = None
        torch.autograd.backward(losses, seeds, retain_graph=True)
        return {number: leaf.grad for number, leaf in wanted.items()}
    finally:
        for number, leaf in wanted.items():
            leaf.grad = kept[number]


def recall(seen: Backward, leaves: Mapping[int, Tensor]) -> dict[int, Arrival]:
    """Say what arrived at each of some leaves, by number, in a backward that the step made itself."""
    found = {number: Arrival(nonzero, None) for number, nonzero in seen.nonzero.items()}
    for number, version in seen.arrived.items():
        leaf = leaves.get(number)
        if version is None or leaf is None:
            continue
        unchanged = leaf.grad is not None and torch_inside.version(leaf.grad) == version
        found[number] = look_at(leaf.grad) if unchanged and leaf.grad is not None else Arrival(None, None)
    return found


@contextmanager
def undisturbed(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Put back what a backward may touch: random state, and buffers that a checkpointed forward writes again."""
    buffers = [buffer for module in modules for buffer in module.buffers() if buffer.device.type != "meta"]
    kept = [(buffer, torch_inside.version(buffer), buffer.detach().clone()) for buffer in buffers if not buffer.is_inference()]
    cpu, python = torch.get_rng_state(), random.getstate()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        torch.set_rng_state(cpu)
        random.setstate(python)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)
        for buffer, version, value in kept:
            if version is None or torch_inside.version(buffer) != version:
                with torch.no_grad():
                    buffer.copy_(value)
                torch_inside.set_version(buffer, version)


@dataclass(slots=True)
class Flow:
    """What passed one node in a backward.

    Attributes:
        came: Some gradient that arrived is not zero; None where none arrived.
        went: For each edge: some gradient that left is not zero; None where none left.
    """

    came: bool | None
    went: tuple[bool | None, ...]


def flows(losses: tuple[Tensor, ...], leaves: Mapping[int, Tensor], nodes: Mapping[int, Any], *, real: bool) -> dict[int, Flow]:
    """Run the backward again and say of each node what arrived at it and what it passed on."""
    seen: dict[int, Flow] = {}
    handles: list[Any] = []

    def watch(number: int, node: Any) -> None:
        def after(passed: tuple[Tensor | None, ...], arrived: tuple[Tensor | None, ...]) -> None:
            came = [_nonzero(gradient) for gradient in arrived if gradient is not None]
            flow = Flow(any(came) if came else None, tuple(None if gradient is None else _nonzero(gradient) for gradient in passed))
            earlier = seen.get(number)
            seen[number] = flow if earlier is None else _both(earlier, flow)

        handles.append(node.register_hook(after))

    try:
        for number, node in nodes.items():
            watch(number, node)
        measure(losses, leaves, real=real)
    finally:
        for handle in handles:
            handle.remove()
    return seen


def _both(one: Flow, other: Flow) -> Flow:
    return Flow(_or(one.came, other.came), tuple(_or(a, b) for a, b in zip(one.went, other.went, strict=False)))


def _or(one: bool | None, other: bool | None) -> bool | None:
    return other if one is None else one if other is None else one or other


def _nonzero(gradient: Tensor) -> bool:
    return bool(any_nonzero(gradient))
