"""Finds the models and optimizers of a running script, and what the script calls them.

Roots are the live modules that belong to no other module, and the tensors that optimizers hold and
no module has; where there are none of all these, the tensors that require grad. Their names are
those of the variables that lead to them: the script's globals first, then the frames from the
outermost in, then attributes and containers of what is found there (``self.actor``,
``net.layers[0]``).
"""

import gc
import re
import weakref
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from gradviz.recording import torch_inside
from gradviz.recording.groups import parameters_in
from gradviz.recording.reading import alive
from gradviz.recording.reading.where import INSIDE, LIBRARY, USER, level
from gradviz.recording.torch_inside import wholes
from gradviz.running.variables import file_of_class, inside, local_variables, spaces
from gradviz.running.within_modules import names_within
from gradviz.system.grouped import grouped
from gradviz.system.lines import getline

# Values in all; a script that hides its model deeper gets the name of its class
_LOOKED_AT = 20_000
_GROUPS = ".param_groups["
_DEEP = 3  # steps from a variable: self.agent.nets[0]


@dataclass(frozen=True, slots=True)
class Found:
    """What the script has. Read-only.

    Attributes:
        roots: Modules and single tensors by name; a module's parameters are named below it,
            ``netG.main.0.weight``.
        optimizers: Every live optimizer by name.
        named: The roots that some variable leads to.
        beside: Tensors by name that require grad, that nothing made, and that are neither
            registered in a module nor held by an optimizer; what modules hold comes first.
        when: Where in its training a framework says that it is; empty where none says.
    """

    roots: Mapping[str, nn.Module | Tensor] = field(default_factory=dict)
    optimizers: Mapping[str, Optimizer] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    beside: Mapping[str, Tensor] = field(default_factory=dict)
    when: str = ""


def find(frame: FrameType | None) -> Found:
    """Return the models and optimizers that live, with their names as seen from a frame."""
    modules, optimizers, bare, plain = _living(frame)
    outermost = _without_wrappers(_outermost(modules), frame)
    held = {
        id(tensor): tensor
        for optimizer in optimizers
        for group in optimizer.param_groups
        for tensor in parameters_in(group)
    }
    parts = {id(module): own for module in outermost if (own := _tensors_of(module))}
    owned = set().union(*parts.values())
    roots: list[nn.Module | Tensor] = [module for module in outermost if id(module) in parts]
    loose = {key: tensor for key, tensor in held.items() if key not in owned}
    lone = {id(own): own for own in bare if id(own) not in owned and id(own) not in loose}
    names = _names(frame, {*map(id, (*roots, *optimizers)), *loose, *lone})
    _name_within(roots, {*map(id, roots), *loose, *lone}, names)
    roots = _most_telling_first(roots, parts, held.keys(), list(names))
    by_name: dict[str, nn.Module | Tensor] = {}
    named = set()
    for root in (*roots, *loose.values()):
        own_name = names.get(id(root))
        name = _free(own_name or _fallback(root, optimizers, names), by_name)
        by_name[name] = root
        if own_name is not None or isinstance(root, Tensor):
            named.add(name)
    for key, tensor in lone.items():
        # It counts where it has a part in the call: it may be left over from what it was made for
        if key in names:
            by_name[_free(names[key], by_name)] = tensor
    if not by_name and not optimizers:
        by_name.update(_plain(frame))
    steppers: dict[str, Optimizer] = {}
    for optimizer in optimizers:
        steppers[_free(names.get(id(optimizer), type(optimizer).__name__), steppers)] = optimizer
    beside = _beside(frame, plain, owned.union(loose), by_name)
    return Found(by_name, steppers, frozenset(named), beside)


def _most_telling_first(
    roots: Sequence[nn.Module | Tensor],
    parts: Mapping[int, set[int]],
    held: Set[int],
    variables: Sequence[int],
) -> list[nn.Module | Tensor]:
    """Return roots in the order in which they name what they share.

    Of several that share parameters, the one that shares with most others comes first, as a model
    with an adapter beside each layer; of two, as a model and what it was built from, the one that
    is trained. Else they stand as the script's variables do.

    Args:
        roots: The outermost modules.
        parts: The parameters of each, by identity.
        held: What optimizers hold.
        variables: Identities of what variables lead to, in their order.
    """
    sharers = _sharers(parts)
    places = {key: place for place, key in enumerate(variables)}

    def rank(root: nn.Module | Tensor) -> tuple[int, bool, int, int]:
        own = parts[id(root)]
        place = places.get(id(root), len(places))
        return -sharers[id(root)], own.isdisjoint(held), len(own - held), place

    return sorted(roots, key=rank)


def _beside(
    frame: FrameType | None,
    tensors: Sequence[Tensor],
    owned: Container[int],
    roots: Mapping[str, nn.Module | Tensor],
) -> dict[str, Tensor]:
    """Return the tensors that are not ``owned``, by identity, as modules call them, or else
    variables.
    """
    taken = {id(root) for root in roots.values()}
    by_key = {id(own): own for own in tensors if id(own) not in owned and id(own) not in taken}
    models = {name: root for name, root in roots.items() if isinstance(root, nn.Module)}
    names = names_within(models, set(by_key)) if by_key else {}
    others = by_key.keys() - names.keys()
    names.update(_names(frame, others) if others else {})
    return {name: by_key[key] for key, name in names.items()}


def _name_within(
    roots: Iterable[nn.Module | Tensor], wanted: set[int], names: dict[int, str]
) -> None:
    """Add the names of things wanted that only modules lead to which have a name."""
    models = {
        names[id(root)]: root for root in roots if isinstance(root, nn.Module) and id(root) in names
    }
    if wanted.difference(names) and models:
        names.update(names_within(models, wanted.difference(names)))


def _plain(frame: FrameType | None) -> dict[str, Tensor]:
    """Return the tensors that require grad and that nothing made, by the names that variables give
    them: what a script trains by hand that has neither a model nor an optimizer.
    """
    leaves = {
        id(tensor): tensor
        for tensor in alive.of_kinds(Tensor)
        if type(tensor) is Tensor and tensor.requires_grad and tensor.is_leaf
    }
    names = _names(frame, set(leaves))
    return {name: leaves[key] for key, name in names.items()}


def _tensors_of(module: nn.Module) -> set[int]:
    """Return the identities of a module's parameters, and of what shards of them stand for."""
    parameters = {id(parameter) for parameter in torch_inside.all_parameters_of(module)}
    return parameters | {
        id(tensor)
        for part in torch_inside.modules_of(module)
        for pair in wholes(part)
        for tensor in pair
    }


def _sharers(parts: Mapping[int, set[int]]) -> dict[int, int]:
    """Return with how many others each of some roots shares parameters, given by identity."""
    holders = grouped((parameter, root) for root, own in parts.items() for parameter in own)
    shared: dict[int, set[int]] = {root: set() for root in parts}
    for together in holders.values():
        for root in together if len(together) > 1 else ():
            shared[root].update(together)
    return {root: len(others) for root, others in shared.items()}


def _outermost(modules: list[nn.Module]) -> list[nn.Module]:
    """Return the modules that belong to no other; of some that are inside each other, the first."""
    inner = {
        id(child)
        for module in modules
        for child in torch_inside.children_of(module).values()
        if child is not None
    }
    outermost = [module for module in modules if id(module) not in inner]
    within = {id(part) for module in outermost for part in torch_inside.modules_of(module)}
    for module in modules:
        if id(module) not in within:
            outermost.append(module)
            within |= {id(part) for part in torch_inside.modules_of(module)}
    return outermost


def _without_wrappers(modules: list[nn.Module], frame: FrameType | None) -> list[nn.Module]:
    """Return the modules, and in place of one of torch's wrappers (``torch.compile``,
    ``DataParallel``), or of a library's that no variable leads to, the model inside, where a
    variable of its own leads to it.
    """
    inner = {id(module): model for module in modules if (model := _wrapped(module)) is not None}
    if not inner:
        return modules
    names = _names(frame, inner.keys() | {id(model) for model in inner.values()})
    chosen: list[nn.Module] = []
    for module in modules:
        model = inner.get(id(module))
        is_own = id(module) in names and level(file_of_class(type(module))) != INSIDE
        if model is not None and not is_own and names.get(id(model), "").isidentifier():
            chosen.append(model)
            if not torch_inside.is_compiled(module):
                continue
        chosen.append(module)  # after it, where it is compiled, which has to be said
    return list({id(module): module for module in chosen}.values())


def _wrapped(module: nn.Module) -> nn.Module | None:
    """Return what a wrapper of torch's or a library's wraps, the innermost; None where it is
    none.
    """
    model = None
    while (
        level(file_of_class(type(module))) != USER
        and not type(module).__module__.startswith("torch.nn.modules")
        and len(children := list(torch_inside.children_of(module).values())) == 1
        and not torch_inside.parameters_of(module)
        and isinstance(children[0], nn.Module)
    ):
        model = module = children[0]
    return model


# Models and optimizers, since the collector may be told to look at them no more. A dict's method
# forgets what is gone, for an interrupt in Python would be lost there
_met: dict[int, weakref.ref[Any]] = {}


def _living(
    frame: FrameType | None,
) -> tuple[list[nn.Module], list[Optimizer], list[nn.Parameter], list[Tensor]]:
    """Return the modules, the optimizers, the parameters and other tensors that require grad and
    that nothing made.
    """
    chosen = alive.of_kinds(nn.Module, Optimizer, Tensor)
    if gc.get_freeze_count():
        chosen += _frozen(frame, set(map(id, chosen)))
    modules = [  # else its __init__ has not got so far
        thing
        for thing in chosen
        if issubclass(type(thing), nn.Module) and torch_inside.is_initialized(thing)
    ]
    optimizers = [
        thing
        for thing in chosen
        if issubclass(type(thing), Optimizer) and "param_groups" in thing.__dict__
    ]
    for thing in (*modules, *optimizers):
        _met[id(thing)] = weakref.ref(thing, partial(_met.pop, id(thing)))
    bare = [thing for thing in chosen if type(thing) is nn.Parameter and thing.requires_grad]
    plain = [
        thing for thing in chosen if type(thing) is Tensor and thing.requires_grad and thing.is_leaf
    ]
    steppers = [thing for thing in optimizers if not _is_wrapped(thing, optimizers)]
    return modules, steppers, bare, plain


def _frozen(frame: FrameType | None, listed: set[int]) -> list[Any]:
    """Return the models and optimizers that ``gc.freeze()`` hides.

    Those met before, and what variables lead to.
    """
    hidden = {
        id(thing): thing for reference in list(_met.values()) if (thing := reference()) is not None
    }
    queue = [item for space, _ in spaces(frame) for item in space]
    looked_at: set[int] = set()
    for _ in range(_DEEP + 1):
        for _, value in queue:
            if _is_a(value, nn.Module):
                hidden |= {id(module): module for module in torch_inside.modules_of(value)}
            elif _is_a(value, Optimizer):
                hidden[id(value)] = value
        fresh = [(path, value) for path, value in queue if id(value) not in looked_at]
        looked_at |= {id(value) for _, value in fresh}
        queue = [item for path, value in fresh for item in inside(path, value)][
            : _LOOKED_AT - len(looked_at)
        ]
    return [thing for key, thing in hidden.items() if key not in listed]


def _is_a(value: Any, kind: type) -> bool:
    """Say so by the type alone.

    The thing itself may answer what it likes, or import a package first.
    """
    return issubclass(type(value), kind)


def _is_wrapped(optimizer: Optimizer, others: Iterable[Optimizer]) -> bool:
    """Say whether an optimizer is one that Accelerate wraps: they share their groups, the inner one
    steps.
    """
    inner = optimizer.__dict__.get("optimizer")
    return inner is not None and any(inner is other for other in others)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    if name not in taken:
        return name
    return next(
        numbered
        for number in range(2, len(taken) + 3)
        if (numbered := f"{name}#{number}") not in taken
    )


def _fallback(root: Any, optimizers: Iterable[Optimizer], names: Mapping[int, str]) -> str:
    """Return what a root is called that no variable leads to, given those of optimizers."""
    if isinstance(root, nn.Module):
        return type(root).__name__
    for optimizer in optimizers:
        for number, group in enumerate(optimizer.param_groups):
            for position, tensor in enumerate(parameters_in(group)):
                if tensor is root:
                    holder = names.get(id(optimizer), type(optimizer).__name__)
                    return f"{holder}{_GROUPS}{number}].params[{position}]"
    return "tensor"


def is_nameless(name: str) -> bool:
    """Say whether a name is only the place in an optimizer of what no variable leads to."""
    return _GROUPS in name


# Names


def _names(frame: FrameType | None, wanted: set[int]) -> dict[int, str]:
    """Return what variables call the things wanted, by identity.

    Breadth first, so the shortest way wins. The variable of a loop counts where nothing else leads
    there: it stands for one thing after another.
    """
    names: dict[int, str] = {}
    queue: list[tuple[str, Any]] = []
    in_loops: list[tuple[str, Any]] = []
    for space, loops in spaces(frame):
        for name, value in sorted(space, key=lambda item: item[0].startswith("_")):
            (in_loops if name in loops else queue).append((name, value))
    _look_up(queue, wanted, names)
    if len(names) < len(wanted) and in_loops:
        _look_up(in_loops, wanted, names)
    return names


def _look_up(queue: list[tuple[str, Any]], wanted: set[int], names: dict[int, str]) -> None:
    """Add what the variables of a queue, and what is inside them, call the things wanted."""
    met: set[int] = set()
    looked = 0
    for _ in range(_DEEP + 1):
        following: list[tuple[str, Any]] = []
        for path, value in queue:
            key = id(value)
            if key in met:
                continue
            met.add(key)
            looked += 1
            if (meant := id(_stepping(value))) in wanted:
                names.setdefault(meant, path)
            following.append((path, value))
        if len(names) == len(wanted) or looked > _LOOKED_AT:
            break
        queue = [item for path, value in following for item in inside(path, value)][
            : _LOOKED_AT - looked
        ]


def _stepping(value: Any) -> Any:
    """Return the optimizer that steps for one that only wraps it, and anything else as it is."""
    inner = value.__dict__.get("optimizer") if _is_a(value, Optimizer) else None
    return inner if _is_a(inner, Optimizer) else value


def name_of(value: Any, frame: FrameType | None) -> str:
    """Return the variable that holds a value.

    In the innermost frame of the user's own that has one, or else outside torch.

    Of several in a frame, it is the one in the line that runs.
    """
    frames: dict[int, list[FrameType]] = {USER: [], LIBRARY: [], INSIDE: []}
    while frame is not None:
        frames[level(frame.f_code.co_filename)].append(frame)
        frame = frame.f_back
    for running in (*frames[USER], *frames[LIBRARY][:1]):
        pairs = (
            local_variables(running)
            if running.f_code.co_name != "<module>"
            else list(running.f_globals.items())
        )
        names = [name for name, held in pairs if held is value and not name.startswith("_")]
        if names:
            line = getline(running.f_code.co_filename, running.f_lineno)
            return next(
                (name for name in names if re.search(rf"\b{re.escape(name)}\b", line)), names[0]
            )
    return ""
