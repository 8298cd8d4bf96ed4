"""From the tape, the losses and the model to a Graph.

Numbers become names, what a custom Function did inside becomes its edges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from torch.nn.parameter import is_lazy

from gradviz.graph import GRAD_MODES, CutKind, Edge, Graph, Node, NodeKind, Place
from gradviz.judging.model_names import Names, leaf_name, leaf_names, models_of
from gradviz.recording.calls.memory import writes
from gradviz.recording.calls.moved import moved_by
from gradviz.recording.entries.dates import is_older
from gradviz.recording.entries.records import Call, LeafSeen, Step
from gradviz.recording.reading.loss_functions import loss_function
from gradviz.recording.reading.switches import Switch
from gradviz.recording.reading.where import NOWHERE, Spot
from gradviz.recording.tape import Tape
from gradviz.system.quickly import changed, quickly
from gradviz.system.walk import walk

PASSES = attrgetter("gradient")
"""Whether gradient passes an edge: for a walk along those alone that it does."""

_node, _edge = quickly(Node), quickly(Edge)


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
    _links: Graph | None = None

    @property
    def graph(self) -> Graph:
        """Return it as plain data, as it is now."""
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
        ends = source, target
        before = self.edges.get(ends)
        if (
            before is None
            or (gradient and not before.gradient)
            or (severed is not None and before.severed is None and not before.gradient)
        ):
            self.edges[ends] = _edge(
                source=source, target=target, gradient=gradient, severed=severed, captured=captured
            )
            self._links = None

    def put(self, edge: Edge) -> None:
        """Add an edge, or put it in the place of the one between its nodes."""
        self.edges[edge.source, edge.target] = edge
        self._links = None

    def drop(self, edge: Edge) -> None:
        """Take an edge away."""
        del self.edges[edge.source, edge.target]
        self._links = None

    def add(self, node: Node) -> int:
        """Add a node that the tape has no number for; return its index."""
        self.nodes.append(node)
        self.numbers.append(-node.index)
        self._links = None
        return node.index

    @property
    def links(self) -> Graph:
        """Return the edges as they are now, to walk along; what its nodes say may be older."""
        if self._links is None:
            self._links = Graph(tuple(self.nodes), tuple(self.edges.values()))
        return self._links

    def reached(self) -> set[int]:
        """Return the nodes that gradient passes to from the loss."""
        return self.before([0])

    def before(self, starts: Sequence[int]) -> set[int]:
        """Return the nodes that gradient passes to from some nodes, these included."""
        return self.links.before(starts, PASSES)


def build(
    tape: Tape,
    roots: Sequence[tuple[int, bool]],
    names: Names,
    loss_name: str,
    shape: tuple[int, ...],
    *,
    moved: bool = False,
) -> Built:
    """Return the graph of everything that went into the loss.

    Args:
        tape: What was seen.
        roots: The tape's numbers of what the loss is, and whether gradient passes.
        names: What the model calls things.
        loss_name: Name of the loss.
        shape: Its sizes.
        moved: What gradients have moved is made of what these were made of: of the model's own
            parameters where the step is written out, for what an optimizer does is training.
    """
    built = Built(
        [Node(index=0, kind=NodeKind.LOSS, name=loss_name, shape=shape)],
        classes=names.classes,
        numbers=[0],
    )
    _Walk(tape, names, built, moved=moved).back_from(roots)
    _mark_library(tape, built)
    if tape.memory:
        _mark_writes(tape, built, names)
    return built


class _Walk:
    """Goes back from the loss along everything that was computed, and writes the graph down."""

    def __init__(self, tape: Tape, names: Names, built: Built, *, moved: bool) -> None:
        self._tape = tape
        self._moved = moved
        self._built = built
        self._places = _Places(tape, names)
        self._parameters = leaf_names(tape, names)
        self._models = models_of(tape, names)
        self._blocks: dict[int, int] = {}
        # That were given another value, and wait until all that uses them is known
        self._leaves: list[tuple[LeafSeen, int, int]] = []

    def back_from(self, roots: Sequence[tuple[int, bool]]) -> None:
        """Meet the roots and all that lies behind them, nearest first."""
        for number, gradient in roots:
            self._built.connect(self._meet(number, NOWHERE), 0, gradient=gradient)
        index = 1  # the loss itself is no value of the tape
        while index < len(self._built.nodes) or self._leaves:
            if index == len(self._built.nodes):  # all that uses the leaves is known
                self._follow_leaf(*self._leaves.pop(0))
                continue
            self._follow(self._built.numbers[index], index)
            index += 1

    def _meet(self, number: int, spot: Spot) -> int:
        """Return the index of a value, met from a consumer at ``spot``."""
        built = self._built
        index = built.index_of.get(number)
        if index is None:
            index = built.index_of[number] = len(built.nodes)
            step = self._tape.steps.get(number)
            own = step.stamp.spot if step is not None else self._tape.spot_of(number)
            if own is NOWHERE and number in self._tape.calls:
                own = spot  # what reads it is the first that is known of it
            if own is None:
                older = step is not None and is_older(step.stamp, self._tape.began)
                own = NOWHERE if older else spot
            built.spots[index] = own
            built.numbers.append(number)
            built.nodes.append(self._node(number, step, index, own))
        return index

    def _node(self, number: int, step: Step | None, index: int, spot: Spot) -> Node:
        place, caller, scope, loss = self._places.of(spot)
        leaf = self._tape.leaves.get(number) if step is None else None
        if leaf is not None:
            name = self._parameters.get(number)
            return _node(
                index=index,
                kind=NodeKind.LEAF if name is None else NodeKind.PARAMETER,
                name=leaf_name(leaf) if name is None else name,
                shape=leaf.shape,
                requires_grad=leaf.requires_grad,
                place=place,
                caller=caller,
                scope=(name or "").rpartition(".")[0],
            )
        node = _node(
            index=index,
            kind=NodeKind.OPERATION,
            operation="" if step is None else step.name,
            place=place,
            caller=caller,
            scope=scope,
            loss_function=loss,
        )
        return node if step is not None else self._with_call(node, self._tape.calls[number])

    def _with_call(self, node: Node, call: Call) -> Node:
        """Return the node of a call that autograd did not record."""
        switch, blocks = call.switch, self._blocks
        return changed(
            node,
            operation=_written(call),
            requires_grad=False,
            severs=call.kind or call.inner,
            block=0 if switch is None else blocks.setdefault(id(switch), len(blocks) + 1),
            block_place=self._places.of(switch.spot)[0] if isinstance(switch, Switch) else None,
        )

    def _follow(self, number: int, target: int) -> None:
        """Connect a value to all that it was computed from."""
        tape = self._tape
        if (step := tape.steps.get(number)) is not None:
            self._follow_step(step, number, target)
        elif (call := tape.calls.get(number)) is not None:
            self._follow_call(call, number, target)
        elif (leaf := tape.leaves.get(number)) is not None:
            if any(source in tape.dates.given for source in leaf.sources):
                self._leaves.append((leaf, number, target))
            else:
                self._follow_leaf(leaf, number, target)

    def _follow_leaf(self, leaf: LeafSeen, number: int, target: int) -> None:
        """Connect a leaf to what it was made of when it was used."""
        tape, numbers = self._tape, self._built.numbers
        inner = self._moved and number not in self._parameters
        for source in (*self._untrained(leaf.sources), *(moved_by(tape, number) if inner else ())):
            if source not in tape.dates.given or not all(
                tape.dates.is_before(
                    tape.steps.get(numbers[edge.target]), numbers[edge.target], source
                )
                for edge in self._built.edges.values()
                if edge.source == target
            ):
                self._connect(source, target, gradient=False)

    def _follow_step(self, step: Step, number: int, target: int) -> None:
        meet, connect, spot = self._meet, self._built.connect, self._built.spots[target]
        for before in step.nexts:
            connect(meet(before, spot), target, gradient=True)
        if not step.stamp.sources:
            return
        for source in self._untrained(step.stamp.sources):
            call = self._tape.calls.get(source)
            if step.custom and call is not None and call.inside is not None:
                severs = None if step.checkpoint else CutKind.CUSTOM_FUNCTION
                for before, kind, gradient in _inside(self._tape, source, step.nexts, severs):
                    self._connect(
                        before, target, gradient=gradient, severed=kind, captured=kind is not None
                    )
            elif source != number:
                self._connect(source, target, gradient=False)

    def _untrained(self, sources: tuple[int, ...]) -> tuple[int, ...]:
        """Return what a value is made of beside what steps brought into the model's parameters."""
        leaves, own = self._tape.trained, () if self._moved else self._parameters
        return tuple(source for source in sources if leaves.get(source) not in own)

    def _follow_call(self, call: Call, number: int, target: int) -> None:
        if call.maker in self._models:
            return
        if call.inner is not None:
            for before, kind, _ in _inside(self._tape, number, (), call.inner):
                self._connect(before, target, gradient=False, severed=kind)
            return
        for before, live in call.inputs:
            severed = (call.kind or CutKind.NON_DIFFERENTIABLE) if live else None
            self._connect(before, target, gradient=False, severed=severed)

    def _connect(
        self,
        number: int,
        target: int,
        *,
        gradient: bool,
        severed: CutKind | None = None,
        captured: bool = False,
    ) -> None:
        source = self._meet(number, self._built.spots[target])
        self._built.connect(source, target, gradient=gradient, severed=severed, captured=captured)


def _written(call: Call) -> str:
    """Return a call as a person would write it: in a block without grad mode, the block."""
    kind = call.kind or call.inner
    return (
        call.operation
        if kind is not None and (kind not in GRAD_MODES or kind is CutKind.CHECKPOINT)
        else call.name
    )


_About = tuple[Place | None, Place | None, str, str]


class _Places:
    """What is known of a spot: source lines and loss functions by instruction, each looked up once,
    and the paths of modules.
    """

    def __init__(self, tape: Tape, names: Names) -> None:
        self._abouts: dict[tuple[int, ...], _About] = {}
        self._by_instruction: dict[tuple[int, ...], tuple[Place | None, Place | None]] = {}
        self._paths = [
            names.modules.get(id(module()), "") if module() is not None else ""
            for module in tape.modules
        ]
        self._losses, self._called = tape.loss_modules, dict[tuple[int, ...], str]()

    def of(self, spot: Spot) -> _About:
        """Return the line of a spot; the user's own where that is another; the path of the module
        that ran it and the name of torch's loss function that it calls, empty for none.
        """
        code, lasti, caller, caller_lasti, module = spot
        key = (id(code), lasti, id(caller), caller_lasti, module)
        about = self._abouts.get(key)
        if about is None:
            lines = self._by_instruction.get(key[:4])
            if lines is None:
                lines = self._by_instruction[key[:4]] = spot.place, spot.calling_place
            scope = self._paths[module] if 0 <= module < len(self._paths) else ""
            loss = self._losses[module] if 0 <= module < len(self._losses) else ""
            if not loss and code is not None:
                if key[:2] not in self._called:
                    self._called[key[:2]] = loss_function(code, lasti)
                loss = self._called[key[:2]]
            about = self._abouts[key] = (*lines, scope, loss)
        return about


def _inside(
    tape: Tape, source: int, passed: Sequence[int], severs: CutKind | None
) -> list[tuple[int, CutKind | None, bool]]:
    """Say what the forward of a custom Function read for a value.

    The number, what severs it, whether gradient passes.

    What was passed to ``apply`` is an edge of autograd's own. What the forward read beside that is
    severed, except in a reentrant checkpoint, which runs its forward again and reaches it, up to
    what severs in there.
    """
    read: list[tuple[int, CutKind | None, bool]] = []
    forward, behind = tape.calls[source].inside, _behind_functions(tape, passed)
    met, stack = {source}, [source]
    while stack:
        for number, live in tape.calls[stack.pop()].inputs:
            if number in met or number in passed:
                continue
            met.add(number)
            call = tape.calls.get(number)
            if call is not None and call.inside not in (None, forward):
                live_inputs = [before for before, required in call.inputs if required]
                if live_inputs and behind.issuperset(live_inputs):
                    continue  # the tensor inside a wrapper, which bears its history
            if call is not None and call.inner is not None and call.inside == forward:
                read.append((number, None, False))
                continue
            leaf = tape.leaves.get(number)  # a view that the forward took counts as one
            made_of = (number,) if leaf is None else leaf.sources
            if made_of and all(
                part in tape.calls and tape.calls[part].inside == forward for part in made_of
            ):
                stack += [part for part in made_of if part == number or part not in met]
                met.update(made_of)
            elif live:
                read.append((number, severs, severs is None))
            else:
                read.append((number, None, False))
    return read


def _behind_functions(tape: Tape, passed: Sequence[int]) -> set[int]:
    """Return what custom Functions in a row pass gradient to, from the last ones."""

    def nexts(number: int) -> Sequence[int]:
        step = tape.steps.get(number)
        return () if step is None or not step.custom else step.nexts

    return set(walk(passed, nexts))


def _mark_writes(tape: Tape, built: Built, names: Names) -> None:
    """Mark what was written into a parameter's memory."""
    for name, parameter in names.tensors.items():
        for number in () if is_lazy(parameter) else writes(tape, parameter):
            index = built.index_of.get(number)
            if index is not None:
                built.nodes[index] = replace(built.nodes[index], into=name)


def _mark_library(tape: Tape, built: Built) -> None:
    """Mark what torch's own code severs and uses within the same call (a power iteration).

    None of the user's business.
    """
    if not any(call.library for call in tape.calls.values()):
        return
    for index, number in enumerate(built.numbers):
        call = tape.calls.get(number)
        if (
            call is not None
            and call.library
            and call.kind is not None
            and _stays_inside(tape, built, index, call)
        ):
            built.nodes[index] = replace(built.nodes[index], library=True)


def _stays_inside(tape: Tape, built: Built, index: int, call: Call) -> bool:
    """Say whether what a call gives is used by what runs at its line alone, up to the first
    operation that autograd recorded.
    """
    line = _instruction(call.spot)

    def goes_on(edge: Edge) -> bool:
        return edge.source == index or built.numbers[edge.source] not in tape.steps

    for target in built.links.after([index], goes_on) - {index}:
        if built.nodes[target].kind is NodeKind.LEAF:
            continue  # a view made under no_grad
        if built.nodes[target].kind is not NodeKind.OPERATION:
            return False
        step = tape.steps.get(built.numbers[target])
        if step is not None and step.spot is not None and _instruction(step.spot) != line:
            return False
    return True


def _instruction(spot: Spot) -> tuple[Any, int]:
    return (spot.code, spot.lasti) if spot.caller is None else (spot.caller, spot.caller_lasti)
