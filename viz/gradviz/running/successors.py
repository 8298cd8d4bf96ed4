"""Which model stands where another stood that is no more, and that an optimizer still holds.

``model = build(width)`` or ``trainer.model = copy.deepcopy(best)`` after the optimizer was made: it
steps tensors that belong to no model and that no variable leads to.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from gradviz.recording.model_names import Names
from gradviz.running.names import is_nameless
from gradviz.training.optimizers import parameters_of


def successors(
    roots: Mapping[str, Any], names: Names, optimizers: Mapping[str, Optimizer]
) -> Iterator[tuple[Optimizer, str, dict[int, str]]]:
    """Yield each optimizer whose model is no more, the name of the one that is trained in its
    place, and what stands there for each tensor that the optimizer holds, by identity.

    It has parameters of the same shapes, gradient has arrived at all that require it, and no
    optimizer holds them. Where several do, none is.

    Args:
        roots: Models, and tensors that optimizers hold and no model has, by name.
        names: Of all parameters, these tensors among them.
        optimizers: All there are.
    """
    left_over = {
        id(root) for name, root in roots.items() if isinstance(root, Tensor) and is_nameless(name)
    }
    held = {id(tensor) for optimizer in optimizers.values() for tensor in parameters_of(optimizer)}
    for optimizer in optimizers.values() if left_over else ():
        former = parameters_of(optimizer)
        if any(id(tensor) not in left_over or tensor.grad is not None for tensor in former):
            continue
        fitting = {
            name: pairs
            for name, root in roots.items()
            if isinstance(root, nn.Module)
            and (own := _parameters(name, names))
            and held.isdisjoint(map(id, own.values()))
            and all(tensor.grad is not None for tensor in own.values() if tensor.requires_grad)
            and (pairs := _pairs(former, own))
        }
        if len(fitting) == 1:
            yield optimizer, *next(iter(fitting.items()))


def _parameters(root: str, names: Names) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in names.tensors.items() if name.startswith(f"{root}.")}


def _pairs(former: Sequence[Tensor], now: Mapping[str, Tensor]) -> dict[int, str]:
    """Return which name stands for each tensor, by identity; empty where their shapes are others.

    An optimizer may hold them in groups, so their order is not that of the model.
    """
    before = sorted(former, key=lambda tensor: tensor.shape)
    for chosen in (now, {name: tensor for name, tensor in now.items() if tensor.requires_grad}):
        after = sorted(chosen, key=lambda name: chosen[name].shape)
        if [tensor.shape for tensor in before] == [chosen[name].shape for name in after]:
            return dict(zip(map(id, before), after, strict=True))
    return {}
