"""From a scene to the DOT language.

A whole graph as torchviz draws it, a folded one with a frame for each module.
"""

from collections.abc import Mapping, Sequence

import graphviz

from gradviz.render import text_width
from gradviz.render.scene import Scene
from gradviz.render.sketch import Item, SketchLine, Sort, look_of, spine
from gradviz.render.style import GHOST, INK, OP, RING, STROKES
from gradviz.render.torchviz_drawing import draw
from gradviz.system.grouped import grouped


def to_lay_out(scene: Scene) -> graphviz.Digraph:
    """Return the graph for an engine to lay out, with stand-ins for the texts, which are written in
    later.

    Engines count the bytes of a text, measure it in another font, or blow an octagon up around it:
    they get boxes of plain letters.
    """
    return _dot(
        scene,
        {item.key: {"shape": "box", "label": _stand_in(item)} for item in scene.sketch.items},
        measured=True,
    )


def to_carry(scene: Scene) -> graphviz.Digraph:
    """Return the graph for Graphviz to carry, with headline and note above it, in the colours of
    the light scheme.
    """
    dot = _dot(scene, {item.key: ringed(item) for item in scene.sketch.items}, measured=False)
    dot.graph_attr["bgcolor"] = INK[0].fill
    text = [
        *text_width.wrapped(scene.title, 60),
        *(text_width.wrapped(scene.note, 60) if scene.note else []),
    ]
    dot.attr(label=label(text), labelloc="t", labeljust="l", fontname=FONT, fontsize=str(SIZE + 3))
    return dot


def _stand_in(item: Item) -> str:
    return label(text_width.stand_ins(item.lines))


def _dot(
    scene: Scene, instead: Mapping[str, Mapping[str, str]], *, measured: bool
) -> graphviz.Digraph:
    nodes = {
        item.key: {**node_attributes(item), **instead[item.key]} for item in scene.sketch.items
    }
    dot = _by_torchviz(scene, nodes) if scene.is_whole else _framed(scene, nodes, measured=measured)
    dot.graph_attr.update(bgcolor="transparent", pad="0.05", rankdir="TB", outputorder="edgesfirst")
    dot.node_attr.update(fontname=FONT, fontsize=str(SIZE), margin="0.11,0.06", height="0.3")
    dot.edge_attr.update(arrowsize="0.7")
    return dot


def _by_torchviz(scene: Scene, nodes: Mapping[str, Mapping[str, str]]) -> graphviz.Digraph:
    content = scene.sketch
    straight = set(spine(content))
    edges = grouped(
        (
            (line.source, line.target),
            edge_attributes(line) | ({"weight": "3"} if line in straight else {}),
        )
        for line in content.lines
    )
    dot = draw(content, nodes, edges)
    dot.graph_attr.update(nodesep="0.22", ranksep="0.24")
    joined = {key for pair in edges for key in pair}
    for item in content.items:
        if item.sort is not Sort.LOSS and item.key not in joined:
            dot.node(item.key, **nodes[item.key])
    return dot


def _framed(
    scene: Scene, nodes: Mapping[str, Mapping[str, str]], *, measured: bool
) -> graphviz.Digraph:
    dot = graphviz.Digraph()
    dot.graph_attr.update(
        nodesep="0.2", ranksep="0.17", fontname=FONT, fontsize=str(SIZE), nslimit="4"
    )
    parts: dict[str | None, graphviz.Digraph] = {None: dot}
    for frame in scene.frames:
        text = frame.name + frame.aside
        part = parts[frame.key] = graphviz.Digraph(f"cluster_{frame.key[1:]}")
        part.attr(
            id=frame.key,
            label=label(text_width.stand_ins([text]) if measured else [text]),
            labeljust="l",
            margin="9",
        )
        part.attr(
            style="rounded",
            color=OP.light.stroke,
            fontcolor=INK[0].stroke,
            **{"class": frame.classes},
        )
    for item in scene.sketch.items:
        parts[scene.frame_of.get(item.key)].node(item.key, **nodes[item.key])
    for frame in reversed(scene.frames):
        parts[frame.parent].subgraph(parts[frame.key])
    for line in scene.sketch.lines:
        dot.edge(
            line.source,
            line.target,
            **edge_attributes(line),
            **({"constraint": "false"} if line in scene.back else {}),
        )
    return dot


# What Graphviz is told of items and lines.


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
