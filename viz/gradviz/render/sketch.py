"""What is to be drawn.

Items and the lines between them, as plain data, before anything has a place or a colour.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from gradviz.graph import Cut, Node, Verdict
from gradviz.render.sentences import printable
from gradviz.render.style import LOOKS, LOSS, OP, NodeLook
from gradviz.system.grouped import grouped

LONGEST = 34  # characters of a name; the middle of a longer one is left out
NAMELESS = '""'


class Sort(StrEnum):
    """What an item is."""

    LOSS = "loss"
    OPERATION = "op"
    MARK = "mark"
    TENSOR = "tensor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to draw. Read-only.

    Attributes:
        key: Identifier: a letter, then letters, digits and ``_``. The same in every run.
        sort: What it is.
        operation: Name of the autograd operation; empty for tensors.
        lines: What is written in it, from the top.
        names: How many of the lines are names.
        aside: What the first line ends in that is no part of the name.
        about: The same in a sentence, unabridged.
        verdict: Of a tensor: how it looks.
        pruned: It would have received gradient.
        partial: A parameter of it has a severed route beside a live one.
        parameters: Names of the parameters that it stands for, as far as they are asked about.
        cuts: The cuts that it marks.
        node: The node of the graph that it stands for, or that a mark stands on; None where there
            are several, or none. Equality ignores it.
        change: In a picture of a difference, what is new about it: ``"changed"``, ``"came"`` or
            ``"went"``; else empty.
    """

    key: str
    sort: Sort
    operation: str = ""
    lines: tuple[str, ...] = ()
    names: int = 1
    aside: str = ""
    about: str = ""
    verdict: Verdict | None = None
    pruned: bool = False
    partial: bool = False
    parameters: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    node: Node | None = field(default=None, compare=False)
    change: str = ""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class SketchLine:
    """A value on its way from the item ``source`` into the item ``target``, nearer to the loss.

    ``stroke`` is a key of ``STROKES``.
    """

    source: str
    target: str
    stroke: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """Items, the loss first if there is one, and lines.

    Those into one item together, that of its :func:`spine` first.
    """

    items: tuple[Item, ...]
    lines: tuple[SketchLine, ...]


def look_of(item: Item) -> NodeLook:
    """Return how ``item`` looks."""
    if item.verdict is not None:
        return LOOKS[item.verdict]
    return LOSS if item.sort is Sort.LOSS else OP


def spine(content: Sketch) -> list[SketchLine]:
    """Return for every item the line on which the longest way back from it begins.

    What is drawn straight.
    """
    into = grouped((line.target, line) for line in content.lines)
    depth: dict[str, int] = {}
    entered: set[str] = set()  # each once, so that it ends whatever the graph
    ways = [item.key for item in content.items]
    while ways:  # a loop, since a graph may be deeper than the stack
        key = ways[-1]
        if key not in entered:
            entered.add(key)
            ways += [line.source for line in into.get(key, ()) if line.source not in entered]
            continue
        depth.setdefault(
            key, 1 + max((depth.get(line.source, 0) for line in into.get(key, ())), default=0)
        )
        ways.pop()
    return [
        max(lines, key=lambda line: (depth[line.source], line.source)) for lines in into.values()
    ]


def spine_first(content: Sketch) -> Sketch:
    """Return a sketch with its spine in front: an engine starts from the order it is given.

    The article's net is a third narrower so.
    """
    order, straight = (
        {item.key: number for number, item in enumerate(content.items)},
        set(spine(content)),
    )
    return Sketch(
        content.items,
        tuple(sorted(content.lines, key=lambda line: (order[line.target], line not in straight))),
    )


def short(text: str, longest: int = LONGEST) -> str:
    """Return ``text`` on one line, without its middle where it is longer than ``longest``."""
    text = printable(text)
    if len(text) <= longest:
        return text
    tail = longest // 2
    return f"{text[: longest - tail - 1]}\u2026{text[-tail:]}"
