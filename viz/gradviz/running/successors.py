"""Which model stands where another stood that is no more, and that an optimizer still holds.

``model = build(width)`` or ``trainer.model = copy.deepcopy(best)`` after the optimizer was made: it
steps tensors that belong to no model and that no variable leads to.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from gradviz.judging.model_names import Names
from gradviz.running.names import is_nameless
from gradviz.training.optimizers import parameters_of

Pairs = Mapping[int, tuple[str, ...]]
"""What stands there for each tensor that an optimizer holds, by identity."""


def successors(
    roots: Mapping[str, Any], names: Names, optimizers: Mapping[str, Optimizer]
) -> Iterator[tuple[Optimizer, str, Pairs, bool]]:
    """Yield each optimizer whose model is no more, and the name of what is trained in its place.

    With them, what stands there for each tensor that the optimizer holds, by identity, and whether
    that has the same shapes. Else it has other sizes, or where no model has as many
    parameters, another number of layers: it may be another model. Gradient has arrived at all that
    require it, or at some where the shapes are the same, and no optimizer holds them. Where several
    fit, none does.

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
        begun = {
            name: own
            for name, root in roots.items()
            if isinstance(root, nn.Module)
            and (own := _parameters(name, names))
            and held.isdisjoint(map(id, own.values()))
            and any(tensor.grad is not None for tensor in own.values())
        }
        trained = {
            name: own
            for name, own in begun.items()
            if all(tensor.grad is not None for tensor in own.values() if tensor.requires_grad)
        }
        alike = _fitting(former, trained, _pairs) or _fitting(former, begun, _pairs)
        like_others = {**_fitting(former, trained, _pairs_of_other_sizes), **alike}
        fitting = like_others or _fitting(former, trained, _pairs_of_other_depth)
        if len(fitting) == 1:
            name, pairs = next(iter(fitting.items()))
            yield optimizer, name, pairs, name in alike


def _fitting(
    former: Sequence[Tensor],
    models: Mapping[str, Mapping[str, Tensor]],
    paired: Callable[[Sequence[Tensor], Mapping[str, Tensor]], Pairs],
) -> dict[str, Pairs]:
    return {name: pairs for name, own in models.items() if (pairs := paired(former, own))}


def _parameters(root: str, names: Names) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in names.tensors.items() if name.startswith(f"{root}.")}


def _pairs(former: Sequence[Tensor], now: Mapping[str, Tensor]) -> Pairs:
    """Return which name stands for each tensor, by identity; empty where their shapes are others.

    An optimizer may hold them in groups, so their order is not that of the model.
    """
    before = sorted(former, key=lambda tensor: tensor.shape)
    for chosen in _all_or_trained(now):
        after = sorted(chosen, key=lambda name: chosen[name].shape)
        if [tensor.shape for tensor in before] == [chosen[name].shape for name in after]:
            return {id(old): (name,) for old, name in zip(before, after, strict=True)}
    return {}


def _pairs_of_other_sizes(former: Sequence[Tensor], now: Mapping[str, Tensor]) -> Pairs:
    """Return which name stands for each tensor, by identity, where they differ only in their
    sizes, in the order of the model; else empty.
    """
    for chosen in _all_or_trained(now):
        if [tensor.dim() for tensor in former] == [tensor.dim() for tensor in chosen.values()]:
            return {id(old): (name,) for old, name in zip(former, chosen, strict=True)}
    return {}


def _pairs_of_other_depth(former: Sequence[Tensor], now: Mapping[str, Tensor]) -> Pairs:
    """Return which name stands for each tensor in the order of the model; the last stands for all
    tensors that are left over, or for the last of them all names that are.
    """
    names = [name for name, tensor in now.items() if tensor.requires_grad]
    if not names or not former:
        return {}
    pairs: dict[int, tuple[str, ...]] = {
        id(old): (names[min(place, len(names) - 1)],) for place, old in enumerate(former)
    }
    pairs[id(former[-1])] += tuple(names[len(former) :])
    return pairs


def _all_or_trained(now: Mapping[str, Tensor]) -> Iterator[Mapping[str, Tensor]]:
    yield now
    yield {name: tensor for name, tensor in now.items() if tensor.requires_grad}
