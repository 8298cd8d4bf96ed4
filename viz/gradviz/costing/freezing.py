"""Ways to keep a layer from training, as hooks on a model of anybody's, so that each can be
measured on the same model.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.costing.measure import Variant
from gradviz.errors import GradvizError

Forward = Callable[[], Tensor]

WAYS = ("none", "one layer", "all before", "detach_()", "no_grad")
"""Nothing is frozen; requires_grad_(False) on one layer; on it and everything before it;
detach_() after it; no_grad up to there.
"""


def ways(model: nn.Module, layer: str, forward: Forward) -> dict[str, Variant]:
    """Return a way for each of :data:`WAYS`, to be measured against each other.

    Args:
        model: The model.
        layer: Path of a module that the model calls once in a forward.
        forward: Runs the model and returns the loss.

    Raises:
        GradvizError: The model has no such module.
    """
    try:
        module = model.get_submodule(layer)
    except AttributeError:
        there = ", ".join(name for name, _ in model.named_children())
        among = f"there is {there}, and what lies in them" if there else "it has no modules in it"
        raise GradvizError(f"no layer {layer!r} in the model ({among})") from None
    own, before = list(module.parameters()), parameters_before(model, module, forward)
    contexts: list[Callable[[], AbstractContextManager[object]]] = [
        nullcontext,
        partial(_without_gradient, own),
        partial(_without_gradient, before),
        partial(_hooked, _detaching, module),
        partial(_hooked, partial(_not_recording, model), module),
    ]

    def step() -> tuple[Tensor, nn.Module | None]:
        return forward(), model

    return {name: Variant(step, context) for name, context in zip(WAYS, contexts, strict=True)}


def parameters_before(model: nn.Module, module: nn.Module, forward: Forward) -> list[nn.Parameter]:
    """Return the parameters of all modules that begin to run before ``module`` ends, its own
    included, less those used later again.
    """
    over = False
    before: dict[nn.Parameter, None] = {}
    after: set[nn.Parameter] = set()
    handles = []

    def begins(part: nn.Module, args: Any) -> None:
        own = list(part.parameters(recurse=False))
        after.update(own) if over else before.update(dict.fromkeys(own))

    def ends(part: nn.Module, args: Any, out: Any) -> None:
        nonlocal over
        over = True

    parts = [
        part
        for part in model.modules()
        if part is module or all(inner is not module for inner in part.modules())
    ]
    handles += [part.register_forward_pre_hook(begins) for part in parts]
    handles.append(module.register_forward_hook(ends))
    try:
        with torch.no_grad():
            forward()
    finally:
        for handle in handles:
            handle.remove()
    return [parameter for parameter in before if parameter not in after]


@contextmanager
def _without_gradient(parameters: list[nn.Parameter]) -> Iterator[None]:
    was = [parameter.requires_grad for parameter in parameters]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter, value in zip(parameters, was, strict=True):
            parameter.requires_grad_(value)


@contextmanager
def _hooked(hooks: Callable[[nn.Module], list[Any]], module: nn.Module) -> Iterator[None]:
    handles = hooks(module)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _detaching(module: nn.Module) -> list[Any]:
    def detach(part: nn.Module, args: Any, out: Any) -> Any:
        if isinstance(out, Tensor):
            with suppress(RuntimeError):  # a view: it cannot be detached in place
                return out.detach_()
            return out.detach()
        return type(out)(part.detach_() if isinstance(part, Tensor) else part for part in out)

    return [module.register_forward_hook(detach)]


def _not_recording(model: nn.Module, module: nn.Module) -> list[Any]:
    def off(part: nn.Module, args: Any) -> None:
        torch.set_grad_enabled(False)

    def on(part: nn.Module, args: Any, out: Any) -> None:
        torch.set_grad_enabled(True)

    return [model.register_forward_pre_hook(off), module.register_forward_hook(on)]
