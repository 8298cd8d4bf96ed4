"""What a fold is made of: boxes, the links between them, and the frames that they stand in."""

from dataclasses import dataclass, field
from enum import StrEnum

from gradviz.errors import GradvizError
from gradviz.folding.flow import Passing
from gradviz.graph import Graph, Node, Place, Verdict

BUDGET = 100  # boxes
PICTURE = 20  # boxes of a picture, unless told
WHOLE = 150  # nodes that a picture shows one by one, unless told
SCHEMES = ("auto", "light", "dark")
SHARED_USES = 4  # boxes that a parameter may have a line to; more get a stub each


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much of a graph a picture shows, and on which ground. Read-only.

    Attributes:
        budget: Modules are opened, the shallowest first, while there are at most so many boxes,
            each operation counted as one. A graph not much larger is drawn node by node; unless
            told, so is one of 150 nodes.
        depth: Open modules down to this depth and no further, whatever the budget: 0 shows the
            outermost modules as boxes.
        open: Patterns of modules to open in any case: ``"layers.3"``, ``"layers.3.*"``. The path
            may begin further out than the pattern.
        scheme: ``"light"`` or ``"dark"``; ``"auto"`` follows the reader's system.
        transparent: Leave out the background, where that of the page goes with the scheme.

    Raises:
        GradvizError: There is no such scheme.
    """

    budget: int = PICTURE
    depth: int | None = None
    open: tuple[str, ...] = ()
    scheme: str = "auto"
    transparent: bool = False

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise GradvizError(
                f"unknown scheme: {self.scheme!r} (choose from {', '.join(SCHEMES)})"
            )

    def shows_all_of(self, graph: Graph) -> bool:
        """Say whether ``graph`` is small enough to be drawn node by node."""
        most = WHOLE if self.budget == PICTURE else self.budget + self.budget // 2
        return self.depth is None and not self.open and len(graph.nodes) <= most


class BoxKind(StrEnum):
    """What a box stands for."""

    LOSS = "loss"
    MODULE = "module"  # everything in a module, or the part of it that a cut prunes
    OPERATION = "operation"
    PARAMETER = "parameter"
    LEAF = "leaf"  # leaves that belong to no parameter of the model
    CUT = "cut"  # what severs


@dataclass(unsafe_hash=True, slots=True, kw_only=True)
class Box:
    """One thing to draw. Read-only, though not frozen: there may be one for each node of a large
    graph, and a frozen one takes three times as long to make.

    Attributes:
        kind: See :class:`BoxKind`.
        key: Identifier where nothing is folded: a letter, then letters, digits and ``_``. The same
            in every run.
        path: Module path, ``"model.layers.0..31.mlp"``; of a parameter its name.
        class_name: Of a module: its class.
        frame: Index in ``Folded.frames`` of the opened module it stands in; None at the top.
        operation: Name of the operation, where it is one; of a cut, the kind.
        times: How many equal siblings or loop turns this box stands for, not counting those its
            frames already state.
        calls: How often the module ran, as its parameters tell.
        node: The node that it stands for, or that a mark stands on; None where there are several,
            or none. Equality ignores it.
        nodes: How many nodes of the graph it stands for.
        parameters: How many parameters.
        numel: Elements of these parameters.
        verdicts: How many parameters have each verdict, in the order of :class:`Verdict`; without
            those that none has.
        partial: How many of them have a severed route beside a live one.
        cuts: Of a cut: indices in ``Report.cuts``.
        place: Of an operation or a cut: the source line.
        shape: Of a single parameter.
        pruned: It would have received gradient, had nothing been severed.
        stub: A parameter drawn again beside a use.
        stretch: The chain of operations merged into this box, in running order.
        marked: Names of the parameters in it that are marked.
    """

    kind: BoxKind
    key: str = ""
    path: str = ""
    class_name: str = ""
    frame: int | None = None
    operation: str = ""
    times: int = 1
    calls: int = 1
    node: Node | None = field(default=None, compare=False)
    nodes: int = 1
    parameters: int = 0
    numel: int = 0
    verdicts: tuple[tuple[Verdict, int], ...] = ()
    partial: int = 0
    cuts: tuple[int, ...] = ()
    place: Place | None = None
    shape: tuple[int, ...] | None = None
    pruned: bool = False
    stub: bool = False
    stretch: "tuple[Box, ...]" = ()
    marked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A module that was opened: its boxes stand in this frame. Read-only.

    Attributes:
        path: Module path, ``"model.layers.0..31"``.
        class_name: Its class.
        parent: Index of the frame around it; None at the top.
        calls: How often the module ran, as its own parameters tell.
        times: How many equal siblings this frame stands for.
        modules: How many of them follow each other by number; 1 where none do.
    """

    path: str
    class_name: str = ""
    parent: int | None = None
    times: int = 1
    modules: int = 1
    calls: int = 1


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Link:
    """Values that go from the box ``source`` into the box ``target``, nearer to the loss.

    ``edges`` of them. Read-only.
    """

    source: int
    target: int
    way: Passing
    edges: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A smaller graph. Read-only.

    Attributes:
        boxes: The loss first, then by distance from it; what the loss does not use last.
        links: Sorted.
        frames: Opened modules, the outer before the inner.
        nodes: How many nodes the graph has.
        closed: Paths of modules that could be opened, the shallowest first.
        is_whole: Nothing is folded: there is a box for each node, and each has a key.
    """

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    frames: tuple[Frame, ...]
    nodes: int
    closed: tuple[str, ...] = ()
    is_whole: bool = False
