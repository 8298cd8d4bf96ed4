"""The words of gradviz as frozen plain data: what a trace saw and what an analysis found.

Nothing here imports torch or holds a tensor: a graph can be built by hand, saved, drawn elsewhere.
Nodes are numbered as they are met from the loss, so a step gives the same numbers in each process.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from operator import attrgetter


class Verdict(StrEnum):
    """What became of the gradient on its way from one loss to one parameter."""

    REACHED = "reached"  # a gradient that is not identically zero arrives
    ZERO = "zero"  # a route exists, what arrives is identically zero
    FROZEN = "frozen"  # requires_grad is False
    CUT = "cut"  # its value went into the loss, every route back is severed
    UNUSED = "unused"  # its value did not go into this loss at all


class CutKind(StrEnum):
    """What kind of operation severs a route."""

    DETACH = "detach"
    DETACH_ = "detach_"
    DATA = "data"
    NO_GRAD = "no_grad"
    CHECKPOINT = "checkpoint"  # a reentrant one, no input of which requires grad
    SET_GRAD_ENABLED = "set_grad_enabled"
    INFERENCE_MODE = "inference_mode"
    NEW_TENSOR = "new_tensor"
    ITEM = "item"
    NUMPY = "numpy"
    INTEGER_CAST = "integer_cast"
    NON_DIFFERENTIABLE = "non_differentiable"
    CUSTOM_FUNCTION = "custom_function"
    COPY_UNDER_NO_GRAD = "copy_under_no_grad"
    HOOK = "hook"
    GRAD_WITHOUT_GRAPH = "grad_without_graph"
    DEEPCOPY = "deepcopy"
    COLLECTIVE = "collective"
    FROZEN = "frozen"  # requires_grad was False while the value was used, and is True again


GRAD_MODES = {
    CutKind.NO_GRAD: "torch.no_grad()",
    CutKind.CHECKPOINT: "checkpoint()",
    CutKind.SET_GRAD_ENABLED: "torch.set_grad_enabled(False)",
    CutKind.INFERENCE_MODE: "torch.inference_mode()",
}
"""The kinds that sever whatever runs while they hold, as a person writes them."""


class NodeKind(StrEnum):
    """What a node of the graph stands for."""

    LOSS = "loss"  # the tensor that backward() starts from
    OPERATION = "operation"  # an autograd node, or a call that autograd did not record
    PARAMETER = "parameter"  # an entry of model.named_parameters()
    LEAF = "leaf"  # a leaf that requires grad and belongs to no parameter of the model


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of source code. Read-only.

    Attributes:
        file: Path as Python knows it.
        line: 1-based.
        code: The line, stripped; empty where the source cannot be read.
        function: Qualified name of the function the line stands in.
    """

    file: str
    line: int
    code: str = ""
    function: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much a gradient carries. Read-only.

    Attributes:
        norm: L2 norm, in float64.
        largest: Its largest element, without its sign.
        zeros: Share of the elements that are exactly zero.
        not_finite: How many elements are NaN or infinite.
        numel: How many elements it has.
    """

    norm: float
    largest: float
    zeros: float = 0.0
    not_finite: int = 0
    numel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value on its way into the loss. Read-only.

    Attributes:
        index: Position in ``Graph.nodes``; the loss is 0.
        kind: Loss, operation, parameter or leaf.
        operation: ``"AddmmBackward0"``, or ``"detach"`` for a call that autograd did not record.
        name: Name of a parameter, leaf or loss; empty for operations.
        shape: Sizes as ``tuple(t.shape)``, ``()`` for a scalar; None where unknown.
        requires_grad: An autograd node, or a tensor that requires grad: gradient can arrive here.
        place: The innermost source line outside torch; None where unknown.
        caller: The user's own line, where ``place`` is in a library.
        scope: Path of the module that ran it, ``"encoder.layers.3"``; empty at the top.
        severs: This call severs whatever goes into it, whether or not it still required grad.
        block: Number of the no_grad block (or its like) that it ran in; 0 outside of any.
        block_place: The line that begins that block; None where unknown.
        into: Name of the parameter whose memory it writes into; empty for what writes into none.
        verdict: Of a parameter or leaf, once analysed.
        loss_function: Name of torch's loss function that it is a step of; empty outside of any.
        library: Torch's own code decided to sever, and uses the result within the same call.
        pruned: It would have received gradient, had nothing been severed. Set by the analysis.
        incoming: How much gradient came to it in the last backward, for each of its results; None
            where none came. Empty unless the trace was asked for values.
        outgoing: And how much it passed on, for each of its inputs; None where it passed on none.
    """

    index: int
    kind: NodeKind
    operation: str = ""
    name: str = ""
    shape: tuple[int, ...] | None = None
    requires_grad: bool = True
    place: Place | None = None
    caller: Place | None = None
    scope: str = ""
    severs: CutKind | None = None
    block: int = 0
    block_place: Place | None = None
    into: str = ""
    verdict: Verdict | None = None
    loss_function: str = ""
    library: bool = False
    pruned: bool = False
    incoming: tuple[Amount | None, ...] = ()
    outgoing: tuple[Amount | None, ...] = ()


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Edge:
    """A value that goes from one node into another, towards the loss. Read-only.

    Attributes:
        source: Index of the node that made the value.
        target: Index of the node that takes it in; it is nearer to the loss.
        gradient: Gradient passes back along it, from target to source.
        severed: What severs it, where the source requires grad and no gradient passes; else None.
        captured: A custom Function reads the value without having been handed it as an argument of
            its own.
        cut: Index in ``Report.cuts`` of the cut it belongs to. Set by the analysis.
    """

    source: int
    target: int
    gradient: bool = True
    severed: CutKind | None = None
    captured: bool = False
    cut: int | None = None


@dataclass(frozen=True)
class Graph:
    """Everything that went into one loss, whether or not gradient comes back. Read-only.

    Attributes:
        nodes: ``nodes[i].index == i``; the loss first.
        edges: Sorted; duplicates (``x * x``) kept once.
        classes: Name of the class of every module of the model, by its path: ``{"encoder.layers.3":
            "Linear"}``.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    classes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def into(self) -> Sequence[Sequence[Edge]]:
        """For each node the edges that bring values into it."""
        edges: list[list[Edge]] = [[] for _ in self.nodes]
        for edge in self.edges:
            edges[edge.target].append(edge)
        return edges

    @cached_property
    def out(self) -> Sequence[Sequence[Edge]]:
        """For each node the edges that take its value on."""
        edges: list[list[Edge]] = [[] for _ in self.nodes]
        for edge in self.edges:
            edges[edge.source].append(edge)
        return edges

    def before(
        self, starts: Iterable[int], through: Callable[[Edge], bool] | None = None
    ) -> set[int]:
        """Return indices: the starts, and what goes into them along edges that ``through`` allows.

        Along all unless given.
        """
        return _walked(starts, self.into, attrgetter("source"), through)

    def after(
        self, starts: Iterable[int], through: Callable[[Edge], bool] | None = None
    ) -> set[int]:
        """Return indices: the starts, and what they go into along edges that ``through`` allows.

        Along all unless given.
        """
        return _walked(starts, self.out, attrgetter("target"), through)

    def inputs_first(self) -> list[int]:
        """Return the indices of the nodes, each after all that goes into it.

        Without those that lie behind a loop.
        """
        missing = [len(edges) for edges in self.into]
        order = [index for index, count in enumerate(missing) if not count]
        for index in order:  # grows while it is walked
            for edge in self.out[index]:
                missing[edge.target] -= 1
                if not missing[edge.target]:
                    order.append(edge.target)
        return order


def _walked(
    starts: Iterable[int],
    edges: Sequence[Sequence[Edge]],
    end_of: Callable[[Edge], int],
    through: Callable[[Edge], bool] | None,
) -> set[int]:
    """Return the nodes that a walk comes to, with those that it starts from.

    Args:
        starts: Nodes; those that the graph lacks are left out.
        edges: Of each node, where the walk can go.
        end_of: Says where an edge leads.
        through: Says whether the walk may go along an edge; None for all.
    """
    reached = {start for start in starts if start < len(edges)}
    waiting = list(reached)
    while waiting:
        for edge in edges[waiting.pop()]:
            end = end_of(edge)
            if end not in reached and (through is None or through(edge)):
                reached.add(end)
                waiting.append(end)
    return reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One operation at one line that severs routes from the loss to parameters. Read-only.

    Attributes:
        kind: What kind of operation it is.
        operation: As the user wrote it: ``"detach_()"``, ``"torch.no_grad()"``, ``"item()"``.
        file: Of the innermost source line outside torch; empty where unknown.
        line: 1-based; 0 where unknown.
        code: That line, stripped.
        scope: Path of the module that ran it; where several did, what their paths share.
        parameters: Names of the parameters behind it, in the model's order.
        caller: The user's own line, where ``file`` belongs to a library.
        also: Lines behind it in the data flow that sever the same route again.
        block: The line that switched grad mode off for it, where known: ``with``, or the decorator.
        within: Of a block told as one cut, at the line that begins it: the lines that ran in it.
        captured: A custom Function read the values, which were no arguments of their own to it.
        inside_library: Severed and used again within one call of torch's own code.
        leaves: On every way from it to the loss the value leaves torch too, as number or array.
        again: The operation that severs every way from it to the loss once more; empty for none.
    """

    kind: CutKind
    operation: str
    file: str = ""
    line: int = 0
    code: str = ""
    scope: str = ""
    parameters: tuple[str, ...] = ()
    caller: Place | None = None
    also: tuple[Place, ...] = ()
    block: Place | None = None
    within: tuple[Place, ...] = ()
    captured: bool = False
    inside_library: bool = False
    leaves: bool = False
    again: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zero:
    """Where an all-zero gradient begins: gradient goes in, and zero comes out. Read-only.

    Attributes:
        operation: ``"round"``, ``"relu"``, ``"embedding"`` ...
        why: One sentence.
        place: The source line; None where unknown.
        passing: True where it is a matter of this step only (LoRA's A while B is zero).
        lasting: True where that holds whatever the numbers are.
        mend: What mends it, where it was checked and does not pass by itself.
    """

    operation: str
    why: str
    place: Place | None = None
    passing: bool = False
    lasting: bool = False
    mend: str = ""


class UnusedReason(StrEnum):
    """Why a value did not go into a loss."""

    NEVER_CALLED = "never_called"  # no call of its module was seen
    # Its module ran, or it belongs to the model itself, and no call took it in
    NEVER_READ = "never_read"
    UNKNOWN = "unknown"  # no trace saw the step: it may have gone in and been cut
    DROPPED = "dropped"  # a call took it in, and what came of that is no part of the loss
    OTHER_LOSS = "other_loss"  # it went into another loss, whose backward ran
    NOT_RUN = "not_run"  # the line that calls its module did not run
    COPIED = "copied"  # a copy of its module, which is no part of the model, ran in its place
    MADE_OF_USED = "made_of_used"  # of no module, made of parameters that the loss uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """Why a parameter's value did not go into the loss. Read-only.

    Attributes:
        reason: See :class:`UnusedReason`.
        place: The last line that used it, or its copy; the other loss's backward; the line that did
            not run, or that called its twin last, or that made it of others. None where unknown.
        twin: Path of a module like its own that was called several times instead; empty where there
            is none.
        times: How often that one was called.
    """

    reason: UnusedReason
    place: Place | None = None
    twin: str = ""
    times: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFinite:
    """Where NaN or infinity is born: what goes in is finite, what comes out is not. Read-only.

    Attributes:
        operation: ``"sqrt"``, ``"softmax"``, ``"div"`` ...
        why: One sentence, read off the numbers; what was not looked at says "usually".
        mend: What mends it.
        place: The source line; None where unknown.
        caller: The user's own line, where ``place`` is in a library.
        scope: Path of the module that ran it.
        forward: Its forward gives birth; else its backward.
        parameters: Those whose gradient is not finite because of it, in the model's order.
        holder: The parameter, buffer or variable that was so before; empty where none was.
        written: The line that wrote the holder last; None where that was not seen.
        unsure: It was born there or before: ``"there"`` where numbers show it, else ``"before"``.
    """

    operation: str
    why: str
    mend: str = ""
    place: Place | None = None
    caller: Place | None = None
    scope: str = ""
    forward: bool = False
    parameters: tuple[str, ...] = ()
    holder: str = ""
    written: Place | None = None
    unsure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter and what became of its gradient. Read-only.

    Attributes:
        name: As in ``model.named_parameters()``.
        names: Every name it has; more than one where it is tied.
        shape: Sizes as ``tuple(p.shape)``.
        numel: Number of elements.
        verdict: See :class:`Verdict`.
        partial: It is reached (or zero) on one route while another route is severed.
        cuts: What severs its routes, first in the data flow first.
        zero: Where the zero begins, for the verdict zero.
        unused: Why its value did not go in, for the verdict unused; None where the trace has not
            seen it all.
        uncertain: Called unused, though its value may have come back, or gone in, unseen.
        frozen_at: The line that set requires_grad to False, for the verdict frozen: the user's own,
            where a library did; None where it was not seen.
        frozen_from: The line that called the function in which ``frozen_at`` stands, where both are
            the user's own.
        replaced_at: The line that made it, where others of the model had been frozen by then.
        thawed_at: The line that set requires_grad to True again, for every other verdict.
        optimized: Some optimizer holds it; None where no optimizer is known.
        gradient_norm: L2 norm of the gradient that arrives; None where none was measured.
        rounding: What arrives is no more than what rounding leaves of zero.
    """

    name: str
    names: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    numel: int = 0
    verdict: Verdict = Verdict.UNUSED
    partial: bool = False
    cuts: tuple[Cut, ...] = ()
    zero: Zero | None = None
    unused: Unused | None = None
    uncertain: bool = False
    frozen_at: Place | None = None
    frozen_from: Place | None = None
    replaced_at: Place | None = None
    thawed_at: Place | None = None
    optimized: bool | None = None
    gradient_norm: float | None = None
    rounding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A leaf that requires grad and is reached, yet is no parameter of the model. Read-only.

    Attributes:
        name: ``"leaf (6 × 6)"``, by its sizes.
        shape: Sizes.
        place: Where it first went into an operation.
        is_parameter: It was made with ``nn.Parameter``, so it is meant to be one.
        made: The line of a module's forward that made it since the backward before.
    """

    name: str
    shape: tuple[int, ...]
    place: Place | None = None
    made: Place | None = None
    is_parameter: bool = False
