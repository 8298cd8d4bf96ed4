"""From the tape, the losses and the model to a Graph.

Numbers become names, what a custom Function did inside becomes its edges.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import CodeType
from typing import Any, TypeAlias

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gradviz.graph import GRAD_MODES, CutKind, Edge, Graph, Node, NodeKind, Place
from gradviz.recording import torch_inside
from gradviz.recording.sharded import in_use, wholes
from gradviz.recording.tape import Call, Tape
from gradviz.recording.where import NOWHERE, Spot, Switch, place


@dataclass(slots=True)
class Built:
    """A graph and how its nodes are known on the tape.

    Attributes:
        nodes, edges: Of the graph, still open to what a backward shows.
        classes: Of the modules, by their paths.
        numbers: The tape's number of each node; the losses have 0.
        index_of: The node's index by the tape's number.
        spots: The line of each node by index; a node inside a composite call has that call's.
    """

    nodes: list[Node] = field(default_factory=list)
    edges: dict[tuple[int, int], Edge] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    index_of: dict[int, int] = field(default_factory=dict)
    spots: dict[int, Spot] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return Graph(
            tuple(self.nodes), tuple(self.edges[ends] for ends in sorted(self.edges)), self.classes
        )

    def connect(
        self,
        source: int,
        target: int,
        *,
        gradient: bool,
        severed: CutKind | None = None,
        captured: bool = False,
    ) -> None:
        """Add an edge; of two between the same nodes, the one that gradient passes stays."""
        known = self.edges.get((source, target))
        if (
            known is None
            or (gradient and not known.gradient)
            or (severed is not None and known.severed is None and not known.gradient)
        ):
            self.edges[source, target] = Edge(
                source=source, target=target, gradient=gradient, severed=severed, captured=captured
            )

    def reached(self) -> set[int]:
        """Return the nodes that gradient passes to from the loss."""
        return self.before([0])

    def before(self, starts: Sequence[int]) -> set[int]:
        """Return the nodes that gradient passes to from some nodes, these included."""
        before: dict[int, list[int]] = {}
        for edge in self.edges.values():
            if edge.gradient:
                before.setdefault(edge.target, []).append(edge.source)
        seen, stack = set(starts), list(starts)
        while stack:
            for index in before.get(stack.pop(), ()):
                if index not in seen:
                    seen.add(index)
                    stack.append(index)
        return seen


Model = nn.Module | Mapping[str, nn.Module | Tensor]


@dataclass(frozen=True, slots=True)
class Names:
    """What the model calls things.

    Attributes:
        tensors: Its parameters by name, as ``named_parameters()`` gives them: a tied one once.
        parameters: Every name of each parameter by identity.
        modules: The path of each module by identity.
        classes: The name of the class of each module by its path.
        switched_off: Paths of modules with an attribute ``requires_grad = False``, which freezes
            nothing.
        compiled: Some module is compiled.
        shards: Of a parameter that is sharded, by identity of the whole one that a forward uses.
        wholes: The other way round.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    parameters: dict[int, tuple[str, ...]] = field(default_factory=dict)
    modules: dict[int, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    switched_off: list[str] = field(default_factory=list)
    compiled: list[str] = field(default_factory=list)
    shards: dict[int, Tensor] = field(default_factory=dict)
    wholes: dict[int, Tensor] = field(default_factory=dict)


def names_of(model: Model | None) -> Names:
    """Read the names off a model, or off models and tensors given by name in its place."""
    names = Names()
    for name, tensor in _named(model, names):
        known = names.parameters.get(id(tensor))
        if known is None:
            names.tensors[name] = tensor
            names.parameters[id(tensor)] = (name,)
        else:
            names.parameters[id(tensor)] = (*known, name)
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


def _named(model: Model | None, names: Names) -> Iterator[tuple[str, Tensor]]:
    if isinstance(model, nn.Module):
        yield from _named_parameters("", model, names)
        return
    for name, each in (model or {}).items():
        if isinstance(each, nn.Module):
            yield from _named_parameters(name, each, names)
        else:
            yield name, each


_Way: TypeAlias = "tuple[nn.Module, _Way] | None"  # a module, and those that it is inside of
_MOST_NAMES = 16


def _named_parameters(root: str, model: nn.Module, names: Names) -> Iterator[tuple[str, Tensor]]:
    """Yield what ``named_parameters(remove_duplicate=False)`` does, and note the modules.

    One walk for all, as models are large.

    A module that is inside itself is not entered again, and one that is shared by many others gets
    as many names as anybody reads.
    """
    stack: list[tuple[str, nn.Module, _Way]] = [(root, model, None)]
    visits: Counter[int] = Counter()
    taken: dict[int, dict[str, Tensor]] = {}
    while stack:
        path, module, way = stack.pop()
        if _leads_through(way, module) or visits[id(module)] >= _MOST_NAMES:
            continue
        visits[id(module)] += 1
        way = (module, way)
        names.modules.setdefault(id(module), path)
        names.classes[path] = type(module).__name__
        own = module.__dict__
        if own.get("requires_grad") is False:
            names.switched_off.append(path or "model")
        for shard, whole in wholes(module):  # those of its children too, so before them
            names.shards[id(whole)], names.wholes[id(shard)] = shard, whole
        for owner, name, part in in_use(module):
            taken.setdefault(id(owner), {})[name] = part
        if torch_inside.is_compiled(module):
            names.compiled.append(path)
        prefix = f"{path}." if path else ""
        parameters = torch_inside.parameters_of(module)
        for name, parameter in (
            {**parameters, **taken.get(id(module), {})} if taken else parameters
        ).items():
            if parameter is not None:
                yield prefix + name, names.shards.get(id(parameter), parameter)
        stack += [
            (prefix + name, child, way)
            for name, child in reversed(torch_inside.children_of(module).items())
            if child is not None
        ]


def _leads_through(way: _Way, module: nn.Module) -> bool:
    while way is not None:
        inside, way = way
        if inside is module:
            return True
    return False


def build(
    tape: Tape,
    roots: Sequence[tuple[int, bool]],
    names: Names,
    loss_name: str,
    shape: tuple[int, ...],
) -> Built:
    """Build the graph of everything that went into the loss.

    Args:
        tape: What was seen.
        roots: The tape's numbers of what the loss is, and whether gradient passes.
        names: What the model calls things.
        loss_name: Name of the loss.
        shape: Its sizes.
    """
    built = Built(
        [Node(index=0, kind=NodeKind.LOSS, name=loss_name, shape=shape)],
        classes=names.classes,
        numbers=[0],
    )
    scopes, places, parameters = _Scopes(tape, names), _Places(), leaf_names(tape, names)
    blocks: dict[int, int] = {}
    queue: list[int] = []

    steps, index_of, nodes, edges = tape.steps, built.index_of, built.nodes, built.edges

    def meet(number: int, spot: Spot) -> int:
        """Return the index of a value, met from a consumer at ``spot``."""
        index = index_of.get(number)
        if index is None:
            index = index_of[number] = len(nodes)
            step = steps.get(number)
            own = (step.stamp.spot if step is not None else tape.spot_of(number)) or spot
            built.spots[index] = own
            if step is not None:
                place, caller, scope = (
                    places.of(own.code, own.lasti),
                    places.of(own.caller, own.caller_lasti),
                    scopes.of(own),
                )
                node = Node(
                    index=index,
                    kind=NodeKind.OPERATION,
                    operation=step.name,
                    place=place,
                    caller=caller,
                    scope=scope,
                )
            else:
                node = _node(tape, number, index, own, parameters, scopes, places, blocks)
            nodes.append(node)
            built.numbers.append(number)
            queue.append(number)
        return index

    for number, gradient in roots:
        built.connect(meet(number, NOWHERE), 0, gradient=gradient)
    position = 0
    while position < len(queue):
        number = queue[position]
        position += 1
        target = built.index_of[number]
        spot = built.spots[target]
        step = steps.get(number)
        if step is not None:
            for before in step.nexts:
                source = meet(before, spot)
                edges[source, target] = Edge(source=source, target=target)
            for made_of in step.stamp.sources:
                call = tape.calls.get(made_of)
                if step.custom and call is not None and call.inside is not None:
                    severs = None if step.checkpoint else CutKind.CUSTOM_FUNCTION
                    for before, kind, gradient in _inside(tape, made_of, step.nexts, severs):
                        built.connect(
                            meet(before, spot),
                            target,
                            gradient=gradient,
                            severed=kind,
                            captured=kind is not None,
                        )
                elif made_of != number:
                    built.connect(meet(made_of, spot), target, gradient=False)
            continue
        call = tape.calls.get(number)
        if call is not None and call.inner is not None:
            for before, kind, _ in _inside(tape, number, (), call.inner):
                built.connect(meet(before, spot), target, gradient=False, severed=kind)
            continue
        if call is not None:
            for before, live in call.inputs:
                severed = (call.kind or CutKind.NON_DIFFERENTIABLE) if live else None
                built.connect(meet(before, spot), target, gradient=False, severed=severed)
            continue
        leaf = tape.leaves.get(number)
        for source in () if leaf is None else leaf.sources:
            built.connect(meet(source, spot), target, gradient=False)
    _mark_library(tape, built)
    if tape.memory:
        _mark_writes(tape, built, names)
    return built


def _node(
    tape: Tape,
    number: int,
    index: int,
    spot: Spot,
    parameters: Mapping[int, str],
    scopes: "_Scopes",
    places: "_Places",
    blocks: dict[int, int],
) -> Node:
    leaf = tape.leaves.get(number)
    if leaf is not None:
        name = parameters.get(number)
        shape = " × ".join(map(str, leaf.shape)) or "scalar"
        return Node(
            index=index,
            kind=NodeKind.LEAF if name is None else NodeKind.PARAMETER,
            name=f"leaf ({shape})" if name is None else name,
            shape=leaf.shape,
            requires_grad=leaf.requires_grad,
            place=places.of(spot.code, spot.lasti),
            caller=places.of(spot.caller, spot.caller_lasti),
            scope=(name or "").rpartition(".")[0],
        )
    call = tape.calls[number]
    return Node(
        index=index,
        kind=NodeKind.OPERATION,
        operation=_written(call),
        requires_grad=False,
        place=places.of(spot.code, spot.lasti),
        caller=places.of(spot.caller, spot.caller_lasti),
        scope=scopes.of(spot),
        severs=call.kind or call.inner,
        block=0 if call.switch is None else blocks.setdefault(id(call.switch), len(blocks) + 1),
        block_place=(
            places.of(call.switch.spot.code, call.switch.spot.lasti)
            if isinstance(call.switch, Switch)
            else None
        ),
    )


def _written(call: Call) -> str:
    """Write a call as a person would: what runs where grad mode is off goes by its own name."""
    kind = call.kind or call.inner
    return (
        call.operation
        if kind is not None and (kind not in GRAD_MODES or (call.checkpoint and call.inner is None))
        else call.name
    )


class _Scopes:
    """Paths of modules by the tape's number."""

    def __init__(self, tape: Tape, names: Names) -> None:
        self._paths = [
            names.modules.get(id(module()), "") if module() is not None else ""
            for module in tape.modules
        ]

    def of(self, spot: Spot) -> str:
        return self._paths[spot.module] if 0 <= spot.module < len(self._paths) else ""


class _Places:
    """Source lines by instruction, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Place] = {}

    def of(self, code: CodeType | None, lasti: int) -> Place | None:
        if code is None:
            return None
        key = (id(code), lasti)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = place(code, lasti)
        return found


def _inside(
    tape: Tape, source: int, passed: Sequence[int], severs: CutKind | None
) -> list[tuple[int, CutKind | None, bool]]:
    """Say what the forward of a custom Function read for a value.

    The number, what severs it, whether gradient passes.

    What was passed to ``apply`` is an edge of autograd's own. What the forward read beside that is
    severed, except in a reentrant checkpoint, which runs its forward again and reaches it, up to
    what severs in there.
    """
    found: list[tuple[int, CutKind | None, bool]] = []
    forward = tape.calls[source].inside
    seen, stack = {source}, [source]
    while stack:
        for number, live in tape.calls[stack.pop()].inputs:
            if number in seen or number in passed:
                continue
            seen.add(number)
            call = tape.calls.get(number)
            if call is not None and call.inner is not None and call.inside == forward:
                found.append((number, None, False))
                continue
            leaf = tape.leaves.get(number)  # a view that the forward took counts as one
            made_of = (number,) if leaf is None else leaf.sources
            if made_of and all(
                one in tape.calls and tape.calls[one].inside == forward for one in made_of
            ):
                stack += [one for one in made_of if one == number or one not in seen]
                seen.update(made_of)
            elif live:
                found.append((number, severs, severs is None))
            else:
                found.append((number, None, False))
    return found


def _mark_writes(tape: Tape, built: Built, names: Names) -> None:
    """Mark what was written into a parameter's memory."""
    for name, parameter in names.tensors.items():
        for number in () if is_lazy(parameter) else tape.writes(parameter):
            index = built.index_of.get(number)
            if index is not None:
                built.nodes[index] = replace(built.nodes[index], into=name)


def _mark_library(tape: Tape, built: Built) -> None:
    """Mark what torch's own code severs and uses within the same call (a power iteration).

    None of the user's business.
    """
    if not any(call.library for call in tape.calls.values()):
        return
    after: dict[int, list[int]] = {}
    for edge in built.edges.values():
        after.setdefault(edge.source, []).append(edge.target)
    for index, number in enumerate(built.numbers):
        call = tape.calls.get(number)
        if (
            call is not None
            and call.library
            and call.kind is not None
            and _stays_inside(tape, built, after, index, call)
        ):
            built.nodes[index] = replace(built.nodes[index], library=True)


def _stays_inside(
    tape: Tape, built: Built, after: Mapping[int, list[int]], index: int, call: Call
) -> bool:
    line = _instruction(call.spot)
    seen, stack = {index}, [index]
    while stack:
        for target in after.get(stack.pop(), ()):
            if target in seen:
                continue
            seen.add(target)
            if built.nodes[target].kind is NodeKind.LEAF:
                stack.append(target)  # a view made under no_grad
                continue
            if built.nodes[target].kind is not NodeKind.OPERATION:
                return False
            number = built.numbers[target]
            step = tape.steps.get(number)
            if step is not None:
                if step.spot is not None and _instruction(step.spot) != line:
                    return False
            else:
                stack.append(target)
    return True


def _instruction(spot: Spot) -> tuple[Any, int]:
    return (spot.code, spot.lasti) if spot.caller is None else (spot.caller, spot.caller_lasti)
