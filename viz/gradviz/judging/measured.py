"""What the step's backwards brought to the graph of a loss.

What arrived at each leaf, where zeros begin, what turned out to be severed.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from textwrap import shorten
from typing import Any, cast

import torch
from torch import Tensor

from gradviz.causes.raised import IN_PLACE, note_on_change, operation_of
from gradviz.graph import CutKind, Node, NodeKind, NotFinite, Zero
from gradviz.judging.build import Built
from gradviz.judging.cancelled import rounding
from gradviz.judging.gradient_hooks import hide, insert_hooks, spoiling_hooks
from gradviz.judging.holders import holder_of
from gradviz.judging.model_names import Names
from gradviz.judging.zeros import find_zeros
from gradviz.recording import torch_inside
from gradviz.recording.arithmetic import sizes
from gradviz.recording.arithmetic.amounts import amount_of
from gradviz.recording.arithmetic.births import Born
from gradviz.recording.arithmetic.passage import Passage
from gradviz.recording.brought import Backward, Brought
from gradviz.recording.calls.ancestry import brought_by
from gradviz.recording.entries.raising import Raised
from gradviz.recording.names import operation_name
from gradviz.recording.reading.where import NOWHERE, Spot
from gradviz.recording.tape import Tape
from gradviz.system.grouped import grouped

_UNNAMED = "what goes in"  # and was not finite before, where no name leads to it
_MOST_BIRTHS = 4  # that are told
_CHECKPOINT = torch_inside.CHECKPOINT_NODE
_NOT_TOLD = "Zero is not told from reached"
_ERROR = 160  # characters of an error that a note repeats


@dataclass(slots=True)
class Measured:
    """What backwards brought, by index in the graph.

    Attributes:
        arrivals: Size of what arrived at each leaf; none where nothing did.
        empty: Those of them that have no elements.
        several: The leaves where it arrived in parts, so that their sum was not measured.
        flows: What passed each node; its ``leads`` are indices.
        awaited: The leaves that something should have arrived at, had the loss used them.
        left_out: The leaves that no backward was asked for, with the line that called the last.
        by: What was called there.
        zeros: Where the zero at a leaf begins.
        births: Where NaN or infinity is born.
        rounding: The leaves at which nothing but rounding arrived.
        scaled: A GradScaler has scaled a loss.
    """

    arrivals: dict[int, float] = field(default_factory=dict)
    empty: set[int] = field(default_factory=set)
    several: set[int] = field(default_factory=set)
    flows: dict[int, Passage] = field(default_factory=dict)
    awaited: set[int] = field(default_factory=set)
    left_out: dict[int, Spot] = field(default_factory=dict)
    by: str = "backward()"
    zeros: dict[int, Zero] = field(default_factory=dict)
    births: tuple[NotFinite, ...] = ()
    rounding: set[int] = field(default_factory=set)
    scaled: bool = False

    def nonzero(self, leaf: int | None) -> bool | None:
        """Say whether what arrived at a leaf is not all zero; None where that is not known, or it
        has no elements.
        """
        size = None if leaf is None or leaf in self.empty else self.arrivals.get(leaf)
        return None if size is None else sizes.is_nonzero(size)

    def norm(self, leaf: int | None) -> float | None:
        """Return the norm of what arrived at a leaf; None where it is not known."""
        size = None if leaf is None else self.arrivals.get(leaf)
        return None if size == sizes.UNREAD or (size and leaf in self.several) else size


def measured(
    tape: Tape,
    built: Built,
    names: Names,
    losses: tuple[Tensor, ...],
    notes: list[str],
    refused: str = "",
) -> Measured:
    """Return what backwards brought.

    Write into the graph what they showed to be severed, and into the notes what is not known.

    Args:
        tape, built: The trace, and the graph of the losses.
        names: What the model calls things.
        losses: Those that require grad.
        notes: Are added to.
        refused: Why a backward that was asked for could not be run.
    """
    leaves = {
        index
        for index in built.reached()
        if (leaf := tape.leaves.get(built.numbers[index])) is not None and leaf.requires_grad
    }
    if not losses or not leaves:
        return Measured()
    if any(loss.device.type == "meta" for loss in losses):
        notes.append("The loss is on the meta device: zero cannot be told from reached.")
        return Measured()
    brought = [brought_by(tape, tape.live(loss)) for loss in losses]
    backwards = list(dict.fromkeys(backward for backward in brought if backward is not None))
    raised = next((backward.raised for backward in backwards if backward.raised is not None), None)
    if raised is not None:
        _sever_all(built, raised)
        notes += _notes_of_raising(tape, built, raised)
        return Measured()
    if not backwards:
        why = (
            f", because no backward could be run: {refused}"
            if refused
            else " until backward() has run inside the trace"
        )
        notes.append(f"{_NOT_TOLD}{why}.")
        return _not_asked_for(tape, built, losses, leaves)
    if any(
        backward.observation is None or backward.observation.failure is not None
        for backward in backwards
    ):
        notes.append(f"{_NOT_TOLD}: what backward() brought could not be watched.")
        return Measured()
    whole = all(backward is not None for backward in brought)
    result = _brought(tape, built, backwards, leaves, whole=whole)
    result.births = _births(tape, built, names, backwards, result)
    result.scaled = bool(tape.scaled) and _is_scaled(tape, built, backwards)
    eps = max(
        (torch.finfo(loss.dtype).eps for loss in losses if loss.is_floating_point()), default=0.0
    )
    for cancelled in rounding(built, result.flows, result.arrivals, eps):
        notes.append(cancelled.note)
        result.rounding.update(cancelled.leaves)
    return result


def _is_scaled(tape: Tape, built: Built, backwards: Sequence[Backward]) -> bool:
    made = {*built.index_of, *(root for backward in backwards for root in backward.roots)}
    steps = (tape.steps.get(number) for number in made)
    return not {*tape.scaled}.isdisjoint(step.stamp.node for step in steps if step is not None)


def _not_asked_for(
    tape: Tape, built: Built, losses: tuple[Tensor, ...], leaves: set[int]
) -> Measured:
    """Return what ``torch.autograd.grad`` was not asked for, where it is what differentiated the
    losses.
    """
    roots = {tape.live(loss) for loss in losses}
    calls = [asked for asked in tape.asked if roots & asked.roots]
    wanted = {number for asked in calls for number in asked.leaves}
    left_out = {
        index: calls[-1].spot
        for index in (leaves if calls else ())
        if built.numbers[index] not in wanted
    }
    return Measured(left_out=left_out, by="torch.autograd.grad()")


def _brought(
    tape: Tape, built: Built, backwards: Sequence[Backward], leaves: set[int], *, whole: bool
) -> Measured:
    observations = _observations(backwards)
    result = Measured(flows=_flows(built, observations))
    _take_arrivals(result, tape, built, observations, backwards, leaves, whole=whole)
    zero = {index for index, size in result.arrivals.items() if size == 0} - result.empty
    nonzero = {index for index, size in result.arrivals.items() if size}
    # Else None may mean that nobody asked
    if all(backward.asked is None for backward in backwards):
        _sever_what_returned_none(tape, built, result.flows)
    sent = {hooked for item in observations for hooked, came in item.before.items() if any(came)}
    moved = insert_hooks(tape, built, result.flows, result.arrivals, sent)
    result.zeros = find_zeros(built, result.flows, zero, nonzero)
    result.zeros.update({leaf: moved[leaf] for leaf in zero if leaf in moved})
    if tape.values:
        _write_amounts(built, observations, result.flows)
    return result


def _observations(backwards: Sequence[Backward]) -> list[Brought]:
    observations = (backward.observation for backward in backwards)
    return list(dict.fromkeys(item for item in observations if item is not None))


def _take_arrivals(
    result: Measured,
    tape: Tape,
    built: Built,
    observations: Sequence[Brought],
    backwards: Sequence[Backward],
    leaves: set[int],
    *,
    whole: bool,
) -> None:
    """Write into a result what arrived at which leaf, and which got nothing, asked for or not."""
    for index in leaves:
        number = built.numbers[index]
        came = [
            size for observation in observations for size in observation.arrivals.get(number, ())
        ]
        if came and (whole or any(came)):
            result.arrivals[index] = sizes.together(came) or 0.0
            result.several |= {index} if len(came) > 1 else set()
            result.empty |= {index} if 0 in tape.leaves[number].shape else set()
        elif whole and all(
            backward.asked is None or number in backward.asked for backward in backwards
        ):
            result.awaited.add(index)
        elif whole and not any(
            other.asked is None or number in other.asked for other in tape.backwards
        ):
            result.left_out[index] = backwards[-1].spot


def _write_amounts(
    built: Built, observations: Sequence[Brought], flows: Mapping[int, Passage]
) -> None:
    """Write into the nodes of the graph how much gradient came to them, and how much they passed
    on.
    """
    for index, flow in flows.items():
        built.nodes[index] = replace(
            built.nodes[index],
            incoming=tuple(map(amount_of, flow.incoming)),
            outgoing=tuple(map(amount_of, flow.outgoing)),
        )
    for observation in observations:
        for number, came in observation.arrivals.items():
            leaf, amount = built.index_of.get(number), amount_of(came[-1])
            if leaf is not None and amount is not None:
                built.nodes[leaf] = replace(built.nodes[leaf], incoming=(amount,))


def _flows(built: Built, observations: Sequence[Brought]) -> dict[int, Passage]:
    """Return what passed the nodes of the graph, in several backwards together."""
    flows: dict[int, Passage] = {}
    index_of: Callable[[int | None], int | None] = cast("Any", built.index_of.get)  # None has none
    for observation in observations:
        for number, flow in observation.flows.items():
            index = index_of(number)
            if index is None:
                continue
            mine = flow.leading(tuple(map(index_of, flow.leads)))
            flows[index] = mine if index not in flows else flows[index].and_also(mine)
    return flows


def _births(
    tape: Tape, built: Built, names: Names, backwards: Sequence[Backward], result: Measured
) -> tuple[NotFinite, ...]:
    """Return where NaN or infinity is born that came to a leaf or is in the loss.

    What is sure first, of it what the forward made, then in order.
    """
    spoiled = {index for index, size in result.arrivals.items() if not math.isfinite(size)}
    hidden = hide(tape, built, result.flows, result.arrivals)
    born: dict[tuple[int, bool], Born] = {}
    behind: dict[tuple[int, bool], set[int]] = {}
    for observation in _observations(backwards):
        for shown, birth in observation.births(in_loss=not (spoiled or hidden)):
            at = built.index_of.get(shown)
            key = (birth.node, birth.forward)
            if key not in born:
                born[key] = birth
                behind[key] = spoiled & built.before([at]) if at is not None else spoiled
    brought = _brought_before(tape, backwards, born.values())
    if brought is not None:
        earlier = _of_earlier(built, brought)
        return tuple(_not_finite(tape, built, names, *item) for item in earlier)[:_MOST_BIRTHS]
    made = [_not_finite(tape, built, names, born[key], behind[key]) for key in born]
    first: dict[object, NotFinite] = {}  # of several at one line
    hooks = spoiling_hooks(tape, built, result.flows, result.arrivals) if spoiled else ()
    for earliest in (*made, *hooks):
        first.setdefault((earliest.operation, earliest.place, earliest.forward), earliest)
    ranked = sorted(first.values(), key=_rank)
    return tuple(ranked)[:_MOST_BIRTHS]


def _rank(birth: NotFinite | Born) -> tuple[int, bool]:
    return ("", "there", "before").index(birth.unsure), not birth.forward


def _brought_before(
    tape: Tape, backwards: Sequence[Backward], births: Iterable[Born]
) -> Brought | None:
    """Return the backward before some others that first brought what is not finite, where these
    found it in leaves that a step spoilt with its gradient, and nothing has written since; None
    where there is none.
    """
    first: Brought | None = None
    number = min(tape.backwards.index(backward) for backward in backwards)
    while holders := [birth.held for birth in births if birth.held]:
        taken = [
            0 if held.write is None or not held.leaf else held.write.brought for held in holders
        ]
        earlier = tape.backwards[min(taken) - 1].observation if 0 < min(taken) <= number else None
        if earlier is None:
            break
        number, first = min(taken) - 1, earlier
        births = [birth for _, birth in earlier.births()]
    return first


def _spoilt(brought: Brought) -> set[int]:
    """Return the leaves that what is not finite was brought to, by number."""
    arrivals = brought.arrivals.items()
    return {leaf for leaf, came in arrivals if not all(map(math.isfinite, came))}


def _of_earlier(built: Built, brought: Brought) -> Iterator[tuple[Born, set[int]]]:
    """Yield the births of an earlier backward, the likeliest first, each with the leaves of the
    graph that it brought them to.
    """
    numbers = (built.index_of.get(leaf) for leaf in _spoilt(brought))
    spoilt = {index for index in numbers if index is not None}
    born = {(birth.node, birth.forward): birth for _, birth in brought.births()}
    yield from ((birth, spoilt) for birth in sorted(born.values(), key=_rank))


def _not_finite(tape: Tape, built: Built, names: Names, born: Born, behind: set[int]) -> NotFinite:
    index, step = built.index_of.get(born.node), tape.steps.get(born.node)
    node = None if index is None else built.nodes[index]
    spot = (None if step is None else step.spot) or NOWHERE
    again = [own.place for own in built.nodes if own.operation.startswith(_CHECKPOINT)]
    run_at = again[0] if len(again) == 1 else None  # the line of what runs it in backward
    birth = NotFinite(
        operation=operation_name(
            node.operation if node is not None else "" if step is None else step.name
        ),
        why=born.why,
        mend=born.mend,
        place=(spot.place or run_at) if node is None else node.place,
        caller=spot.calling_place if node is None else node.caller,
        scope="" if node is None else node.scope,
        forward=born.forward,
        unsure=born.unsure,
        parameters=tuple(
            built.nodes[leaf].name
            for leaf in sorted(behind)
            if built.nodes[leaf].kind is NodeKind.PARAMETER
        ),
    )
    holder = None if born.held is None else holder_of(tape, built, names, born.held)
    if holder is None:
        return birth if born.held is None else replace(birth, holder=_UNNAMED)
    return replace(
        birth, why=holder.why, mend=holder.mend, holder=holder.name, written=holder.place
    )


def _notes_of_raising(tape: Tape, built: Built, raised: Raised) -> Iterator[str]:
    error = shorten(raised.error, _ERROR, placeholder=" ...")
    yield f"backward() raised {error}. No gradient is called reached."
    at = None if raised.node is None else built.index_of.get(raised.node)
    spot = (
        None if raised.node is None else tape.rewritten.since(raised.node, tape.steps, raised.error)
    )
    place = None if spot is None else spot.calling_place or spot.place
    if at is not None and place is not None and IN_PLACE in raised.error:
        node = built.nodes[at]
        yield note_on_change(operation_name(node.operation), node.place, place)


def _sever_all(built: Built, raised: Raised) -> None:
    """A backward that raised brings nothing.

    Put what raised between the loss and everything before it.
    """
    at = None if raised.node is None else built.index_of.get(raised.node)
    node = None if at is None else built.nodes[at]
    made_by = "" if node is None or node.operation == "NotImplemented" else node.operation
    operation = operation_of(operation_name(made_by) if made_by else "", raised.error)
    place, caller = (None, None) if node is None else (node.place, node.caller)
    if raised.spot is not None:
        place, caller = raised.spot.place, raised.spot.calling_place
    end = Node(
        index=len(built.nodes),
        kind=NodeKind.OPERATION,
        operation=operation,
        place=place,
        caller=caller,
        scope="" if node is None else node.scope,
        requires_grad=False,
        severs=CutKind.NON_DIFFERENTIABLE,
    )
    built.add(end)
    for edge in built.links.into[0]:
        if edge.gradient:
            built.drop(edge)
            built.connect(
                edge.source, end.index, gradient=False, severed=CutKind.NON_DIFFERENTIABLE
            )
    built.connect(end.index, 0, gradient=False)


def _sever_what_returned_none(tape: Tape, built: Built, flows: Mapping[int, Passage]) -> None:
    """A node that got gradient and passed None on severs that input."""
    for index, flow in flows.items():
        if None not in flow.went:
            continue
        node = built.nodes[index]
        step = tape.steps.get(built.numbers[index])
        # A custom Function gets zeros in place of None, so one that passes None on of these severs
        # as well.
        if (
            flow.came is None and not (step is not None and step.custom)
        ) or node.operation.startswith((torch_inside.CHECKPOINT_NODE, torch_inside.HANDS_THROUGH)):
            continue
        passed = grouped(
            (source, went is not None)
            for source, went in zip(flow.leads, flow.went, strict=False)
            if source is not None
        )
        for source, went_on in passed.items():
            edge = built.edges.get((source, index))
            if all(went_on) or edge is None or not edge.gradient:
                continue
            ran = flows.get(source)
            if ran is not None and ran.came is None and any(went is not None for went in ran.went):
                # Autograd turns this None into zeros for the next custom Function: a gradient of
                # zeros still arrives behind the cut.
                built.put(replace(edge, severed=CutKind.CUSTOM_FUNCTION))
                continue
            if not any(went_on):
                built.put(replace(edge, gradient=False, severed=CutKind.CUSTOM_FUNCTION))
                continue
            # The same value went in twice, and one of the two is severed: it needs an edge of its
            # own.
            blind = built.add(
                replace(
                    node,
                    index=len(built.nodes),
                    requires_grad=False,
                    severs=CutKind.CUSTOM_FUNCTION,
                ),
            )
            built.connect(source, blind, gradient=False, severed=CutKind.CUSTOM_FUNCTION)
            built.connect(blind, index, gradient=False)
