"""What a model calls its parameters and modules."""

import itertools
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.entries.records import LeafSeen
from gradviz.recording.tape import Tape
from gradviz.recording.torch_inside import in_use, is_unit, wholes

Model = nn.Module | Mapping[str, nn.Module | Tensor]


@dataclass(frozen=True, slots=True)
class Names:
    """What the model calls things.

    Attributes:
        tensors: Its parameters by name, as ``named_parameters()`` gives them: a tied one once.
        parameters: Every name of each parameter by identity.
        modules: The path of each module by identity.
        classes: The name of the class of each module by its path.
        switched_on: Paths of modules with an attribute ``requires_grad = True``, which thaws
            nothing.
        switched_off: Paths of modules with an attribute ``requires_grad = False``, which freezes
            nothing.
        compiled: Some module is compiled.
        shards: Of a parameter that is sharded, by identity of the whole one that a forward uses.
        wholes: The other way round.
        buffers: Its buffers by name.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    parameters: dict[int, tuple[str, ...]] = field(default_factory=dict)
    modules: dict[int, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    switched_on: list[str] = field(default_factory=list)
    switched_off: list[str] = field(default_factory=list)
    compiled: list[str] = field(default_factory=list)
    shards: dict[int, Tensor] = field(default_factory=dict)
    wholes: dict[int, Tensor] = field(default_factory=dict)
    buffers: dict[str, Tensor] = field(default_factory=dict)


def names_of(model: Model | None) -> Names:
    """Return the names of a model, or of models and tensors given by name in its place."""
    names = Names()
    for name, tensor in _named(model, names):
        earlier = names.parameters.get(id(tensor))
        if earlier is None:
            names.tensors[name] = tensor
            names.parameters[id(tensor)] = (name,)
        else:
            names.parameters[id(tensor)] = (*earlier, name)
    for key, whole in names.wholes.items():
        if key in names.parameters:
            names.parameters[id(whole)] = names.parameters[key]
    return names


def leaf_names(tape: Tape, names: Names) -> dict[int, str]:
    """Return the names of the parameters that a trace has met, by the tape's numbers."""
    every = [*names.tensors.values(), *names.wholes.values()]
    numbers = {
        number: tensor for tensor in every if (number := tape.leaf_number(tensor)) is not None
    }
    return {
        number: names.parameters[id(tensor)][0]
        for number, tensor in numbers.items()
        if id(tensor) in names.parameters
    }


def leaf_name(leaf: LeafSeen) -> str:
    """Return what a leaf is called that is none of the model's."""
    shape = " × ".join(map(str, leaf.shape)) or "scalar"
    return f"leaf ({shape})"


def models_of(tape: Tape, names: Names) -> set[int]:
    """Return the tape's numbers of the models themselves, among all modules that it knows: of those
    that are asked for, each that is in no other.
    """
    paths = set(names.modules.values())
    return {
        number
        for number, module in enumerate(tape.modules)
        if module() is not None and _is_whole(names.modules.get(id(module())), paths)
    }


def _is_whole(path: str | None, paths: Container[str]) -> bool:
    if path is None or (path and "" in paths):
        return False
    outer = itertools.accumulate(path.split(".")[:-1], "{}.{}".format)
    return not any(part in paths for part in outer)


def _named(model: Model | None, names: Names) -> Iterator[tuple[str, Tensor]]:
    if isinstance(model, nn.Module):
        yield from _named_parameters("", model, names)
        return
    for name, part in (model or {}).items():
        if isinstance(part, nn.Module):
            yield from _named_parameters(name, part, names)
        else:
            yield name, part


_Way: TypeAlias = "tuple[nn.Module, _Way] | None"  # a module, and those that it is inside of
_MOST_NAMES = 16


def _named_parameters(root: str, model: nn.Module, names: Names) -> Iterator[tuple[str, Tensor]]:
    """Yield what ``named_parameters(remove_duplicate=False)`` does, and note the modules.

    One walk for all, as models are large.

    A module that is inside itself is not entered again, and one that is shared by many others gets
    as many names as anybody reads.

    What was computed from other parameters and stands in the place of one (the fast weights of an
    inner loop) is left out: it takes no gradient, these do.
    """
    stack: list[tuple[str, nn.Module, _Way]] = [(root, model, None)]
    visits: dict[int, int] = {}
    taken: dict[int, dict[str, Tensor]] = {}
    while stack:
        path, module, way = stack.pop()
        before = visits.get(id(module), 0)
        if before and (before >= _MOST_NAMES or _leads_through(way, module)):
            continue
        visits[id(module)] = before + 1
        way = (module, way)
        names.modules.setdefault(id(module), path)
        names.classes[path] = type(module).__name__
        own = module.__dict__
        switch = own.get("requires_grad")
        if switch is True or switch is False:
            (names.switched_on if switch else names.switched_off).append(path or "model")
        if is_unit(module):
            for shard, whole in wholes(module):  # those of its children too, so before them
                names.shards[id(whole)], names.wholes[id(shard)] = shard, whole
            for owner, name, part in in_use(module):
                taken.setdefault(id(owner), {})[name] = part
        if torch_inside.is_compiled(module):
            names.compiled.append(path)
        prefix = f"{path}." if path else ""
        names.buffers.update(_buffers(prefix, module))
        parameters = torch_inside.parameters_of(module)
        for name, parameter in (
            {**parameters, **taken.get(id(module), {})} if taken else parameters
        ).items():
            if parameter is not None and parameter.is_leaf:
                yield prefix + name, names.shards.get(id(parameter), parameter)
        if children := torch_inside.children_of(module):
            stack += [
                (prefix + name, child, way)
                for name, child in reversed(children.items())
                if child is not None
            ]


def _buffers(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    buffers = torch_inside.buffers_of(module)
    return {prefix + name: own for name, own in buffers.items() if own is not None}


def _leads_through(way: _Way, module: nn.Module) -> bool:
    while way is not None:
        inside, way = way
        if inside is module:
            return True
    return False
