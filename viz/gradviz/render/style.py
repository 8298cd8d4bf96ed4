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


# The style sheet of a picture, for both colour schemes.


TINT = 0.07  # opacity of a frame; frames inside frames add up


def style_sheet(root: str, *, framed: bool, ringed: bool) -> str:
    """Return the style sheet.

    Every rule begins at ``root``, so that none reaches another picture of the same page.
    """
    rules = [
        f"{root}{{background:{INK[0].fill}}}",
        f"{root} text{{font-family:{FONTS};fill:{INK[0].stroke};stroke:none}}",
        f"{root} .name,{root} .headline{{font-weight:bold}}",
        (
            f"{root} .glyph{{fill:none;stroke:{INK[0].stroke};stroke-width:1.5;"
            "stroke-linecap:round;stroke-linejoin:round}"
        ),
        f"{root} .node.pruned .shape{{fill-opacity:{GHOST};stroke-dasharray:5 3}}",
    ]
    looks = {**{str(verdict): look for verdict, look in LOOKS.items()}, "op": OP, "loss": LOSS}
    for name, look in looks.items():
        rules += _node_rules(f"{root} .node.{name}", look.light.fill, look.light.stroke)
        if look.dashes:
            rules.append(f"{root} .node.{name} .shape{{stroke-dasharray:{look.dashes}}}")
    if framed:
        halo = "paint-order:stroke;stroke-width:4;stroke-linejoin:round;stroke-opacity:.8"
        rules += [
            f"{root} .frame{{fill-opacity:{TINT}}}",
            f"{root} .pile{{fill:none}}",
            f"{root} .cluster text{{{halo}}}",
        ]
        rules += _frame_rules(root, dark=False)
    if ringed:
        rules += [
            f"{root} .ring{{fill:none;stroke:{RING[0].stroke}}}",
            f"{root} .went .ring{{stroke-dasharray:6 4}}",
        ]
    rules.append(_notch_rule(root, dark=False))
    for name, stroke in STROKES.items():
        rules += _edge_rules(f"{root} .edge.{name}", stroke.light, hollow=stroke.arrow[0] == "o")
        if stroke.dashes:
            rules.append(f"{root} .edge.{name} path{{stroke-dasharray:{stroke.dashes}}}")
    dark = [
        f"{root}{{background:{INK[1].fill}}}",
        f"{root} text{{fill:{INK[1].stroke}}}",
        f"{root} .glyph{{stroke:{INK[1].stroke}}}",
    ]
    if ringed:
        dark.append(f"{root} .ring{{stroke:{RING[1].stroke}}}")
    for name, look in looks.items():
        dark += _node_rules(f"{root} .node.{name}", look.dark.fill, look.dark.stroke)
    dark += _frame_rules(root, dark=True) if framed else []
    dark.append(_notch_rule(root, dark=True))
    for name, stroke in STROKES.items():
        dark += _edge_rules(f"{root} .edge.{name}", stroke.dark, hollow=stroke.arrow[0] == "o")
    return "\n" + "\n".join([*rules, "@media (prefers-color-scheme:dark){", *dark, "}"]) + "\n"


def _node_rules(selector: str, fill: str, stroke: str) -> list[str]:
    return [
        f"{selector} .shape{{fill:{fill};stroke:{stroke}}}",
        f"{selector} .outline{{fill:none;stroke:{stroke}}}",
    ]


def _frame_rules(root: str, *, dark: bool) -> list[str]:
    """Return rules that colour a frame by the verdict that everything in it shares.

    Where all is well it has none.
    """
    looks = {
        "": OP,
        **{
            f".{verdict}": look for verdict, look in LOOKS.items() if verdict is not Verdict.REACHED
        },
    }
    strokes = {name: (look.dark if dark else look.light).stroke for name, look in looks.items()}
    return [
        f"{root} .cluster text{{stroke:{INK[dark].fill}}}",
        *(
            rule
            for name, stroke in strokes.items()
            for rule in (
                f"{root} .cluster{name} .frame{{fill:{stroke};stroke:{stroke}}}",
                f"{root} .cluster{name} .pile{{stroke:{stroke}}}",
            )
        ),
    ]


def _notch_rule(root: str, *, dark: bool) -> str:
    look = LOOKS[Verdict.CUT]
    return f"{root} .notch{{fill:{(look.dark if dark else look.light).stroke}}}"


def _edge_rules(selector: str, stroke: str, *, hollow: bool) -> list[str]:
    return [
        f"{selector} path,{selector} polyline{{stroke:{stroke}}}",
        f"{selector} polygon{{fill:{'none' if hollow else stroke};stroke:{stroke}}}",
    ]
