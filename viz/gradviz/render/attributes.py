"""What Graphviz is told of items and lines.

From how they look to attributes in the DOT language.
"""

from collections.abc import Sequence

import graphviz

from gradviz.render.sketch import Item, SketchLine, Sort, look_of
from gradviz.render.style import GHOST, INK, RING, STROKES

FONT = "Courier"  # of the names that mean a fixed width, the one that every engine measures right
SIZE = 11  # points, one of which is one unit of the SVG


def node_attributes(item: Item) -> dict[str, str]:
    """Return what Graphviz is told of a node."""
    look = look_of(item)
    border = look.border.replace("solid", "")
    if item.pruned:
        border = "rounded,dashed" if border == "rounded" else "dashed"
    return {
        "id": item.key,
        "class": classes(item),
        "label": label(item.lines),
        "shape": look.shape,
        "style": f"filled,{border}".rstrip(","),
        "fillcolor": look.light.fill + (f"{round(GHOST * 255):02x}" if item.pruned else ""),
        "color": look.light.stroke,
        "fontcolor": INK[0].stroke,
        "penwidth": f"{look.width:g}",
        "peripheries": str(look.borders),
    }


def ringed(item: Item) -> dict[str, str]:
    """Return what Graphviz is told of a node that differs from an earlier report, where nobody
    draws a ring around it.
    """
    return {"color": RING[0].stroke, "penwidth": "3.5"} if item.change else {}


def edge_attributes(line: SketchLine) -> dict[str, str]:
    """Return what Graphviz is told of an edge."""
    stroke = STROKES[line.stroke]
    return {
        "class": line.stroke,
        "color": stroke.light,
        "style": stroke.border,
        "penwidth": f"{stroke.width:g}",
        "dir": "back",
        "arrowtail": stroke.arrow,
    }


def classes(item: Item) -> str:
    """Return the classes of ``item``.

    Its verdict or sort, whether it was pruned, and what is new about it.
    """
    names = [str(item.sort)] if item.sort is not Sort.TENSOR else []
    marks = [*(["pruned"] if item.pruned else []), *([item.change] if item.change else [])]
    return " ".join([*names, *([str(item.verdict)] if item.verdict else []), *marks])


def label(lines: Sequence[str]) -> str:
    """Return lines of any text as a label that shows them as they are.

    Graphviz reads backslashes, entities and angle brackets.
    """
    escaped = [line.replace("\\", "\\\\").replace("&", "&amp;") for line in lines]
    label: str = graphviz.nohtml("\\n".join(escaped))
    return label
