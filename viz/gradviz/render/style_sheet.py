"""The style sheet of a picture, for both colour schemes."""

from gradviz.graph import Verdict
from gradviz.render.style import FONTS, GHOST, INK, LOOKS, LOSS, OP, RING, STROKES

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
    """A frame has the colour of the verdict that everything in it shares, unless all is well."""
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
