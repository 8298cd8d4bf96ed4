"""How things look: one table from which the layout, the style sheet and the legend are made.

Colour is never alone: each verdict has a border, a shape or a mark, and its word. Text on a fill
has a contrast of 9 or more, a stroke on the ground 4.8 or more, in both schemes.
"""

from dataclasses import dataclass

from gradviz.graph import Verdict


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours of one scheme, as ``#rrggbb``."""

    fill: str
    stroke: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLook:
    """How one sort of node is drawn. Read-only.

    Attributes:
        light: Colours on a light ground.
        dark: Colours on a dark ground.
        shape: Name of a Graphviz shape.
        border: Graphviz's name of a line style: ``"solid"``, ``"dashed"``, ``"dotted"``.
        dashes: The same for a style sheet, where it can be told more finely; None for a solid line.
        width: Of the border.
        borders: How many lines the border has.
        mark: What stands before the word; empty for none.
    """

    light: Paint
    dark: Paint
    shape: str = "box"
    border: str = "solid"
    dashes: str | None = None
    width: float = 1.5
    borders: int = 1
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """How one sort of edge is drawn. Read-only. Attributes as in :class:`NodeLook`.

    ``arrow`` is Graphviz's name of the end upstream.
    """

    light: str
    dark: str
    border: str = "solid"
    dashes: str | None = None
    width: float = 1.2
    arrow: str = "none"


CHECK, SCISSORS, NOUGHT = "\u2713", "\u2702", "0"

# The ground and the text, light and dark
INK = Paint("#ffffff", "#1f2328"), Paint("#0d1117", "#f0f6fc")
# Around what differs from an earlier report, light and dark
RING = Paint("#ffffff", "#8250df"), Paint("#0d1117", "#d2a8ff")
GHOST = 0.35  # opacity of a fill that was pruned; its text keeps all of its own

_OP = Paint("#e9ebee", "#6b7280"), Paint("#2a3038", "#8b949e")
_CUT = Paint("#f9c9b6", "#b3261e"), Paint("#6a1f17", "#ff8f7a")
_REACHED = Paint("#b7e1cd", "#00664b"), Paint("#0b4a38", "#4fd1a5")
_ZERO = Paint("#f7e08a", "#7a5b00"), Paint("#4d3c00", "#e3c04a")
_FROZEN = Paint("#cfe3f7", "#0b5cad"), Paint("#123a66", "#79b8ff")

LOOKS = {
    Verdict.REACHED: NodeLook(light=_REACHED[0], dark=_REACHED[1], mark=CHECK),
    Verdict.ZERO: NodeLook(
        light=_ZERO[0],
        dark=_ZERO[1],
        border="dashed",
        dashes="7 2.5 1.5 2.5",
        mark=NOUGHT,
    ),
    Verdict.FROZEN: NodeLook(light=_FROZEN[0], dark=_FROZEN[1], borders=2, width=1.2),
    Verdict.CUT: NodeLook(light=_CUT[0], dark=_CUT[1], shape="octagon", width=2.5, mark=SCISSORS),
    Verdict.UNUSED: NodeLook(
        light=Paint("#ffffff", "#5f6670"),
        dark=Paint("#0d1117", "#9aa4af"),
        border="dotted",
        dashes="1.5 3",
    ),
}
OP = NodeLook(light=_OP[0], dark=_OP[1], border="rounded", width=1)
LOSS = NodeLook(light=_OP[0], dark=_OP[1], border="rounded", width=2)

STROKES = {
    "gradient": Stroke(
        light=_REACHED[0].stroke, dark=_REACHED[1].stroke, width=1.6, arrow="normal"
    ),
    "zero": Stroke(
        light=_ZERO[0].stroke,
        dark=_ZERO[1].stroke,
        border="dashed",
        dashes="7 2.5 1.5 2.5",
        width=1.6,
        arrow="onormal",
    ),
    "severed": Stroke(
        light=_CUT[0].stroke,
        dark=_CUT[1].stroke,
        border="dashed",
        dashes="5 3.5",
        width=1.8,
        arrow="tee",
    ),
    "pruned": Stroke(light=_OP[0].stroke, dark=_OP[1].stroke, border="dashed", dashes="4 3.5"),
    "frozen": Stroke(
        light=_FROZEN[0].stroke, dark=_FROZEN[1].stroke, border="dotted", dashes="1.5 3"
    ),
    "value": Stroke(light=_OP[0].stroke, dark=_OP[1].stroke, border="dotted", dashes="1.5 3"),
}

# Of fixed width and, but for the last resort, 0.6 of their size wide.
FONTS = (
    "ui-monospace,SFMono-Regular,Menlo,'Cascadia Mono','Liberation Mono','DejaVu Sans"
    " Mono','Courier New',Courier,monospace"
)
