"""From a box to what is written in it.

The same words for a box of a whole graph and for one of a folded graph.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from gradviz.facts.findings import Findings
from gradviz.folding.boxes import Box, BoxKind
from gradviz.graph import Verdict
from gradviz.render.names import tensors
from gradviz.render.sentences import Word, agreeing, counted, cut_at, printable, verdict_words
from gradviz.render.sketch import NAMELESS, Item, Sort, short
from gradviz.render.style import LOOKS, NOUGHT, SCISSORS
from gradviz.system.short_places import file_and_line

TIMES = "\u00d7"
ALARM = "!"  # before what does not train


def item_of(
    box: Box,
    key: str,
    report: Findings,
    *,
    words: Mapping[Verdict, Word],
    frame_path: str = "",
    unsaid: int = 1,
    repetitions: int = 1,
    idle: Mapping[str, str] = MappingProxyType({}),
) -> Item:
    """Return the item for a box.

    Args:
        box: What to draw.
        key: Its identifier.
        report: What the cuts of the box are positions in.
        words: What the verdicts are called.
        frame_path: Path of the frame that it stands in.
        unsaid: How many equal modules it is for, beyond what the frames around it say.
        repetitions: How many equal modules its nodes are counted in.
        idle: What keeps parameters from training that gradient reaches.
    """
    match box.kind:
        case BoxKind.LOSS:
            about = f"{printable(box.path)}: backward() starts here"
            lines = (short(box.path),)
            return Item(key=key, sort=Sort.LOSS, lines=lines, about=about, node=box.node)
        case BoxKind.CUT:
            return _mark(key, box, report)
        case BoxKind.OPERATION:
            return _operation(key, box, _name(box, frame_path, unsaid))
        case BoxKind.PARAMETER | BoxKind.LEAF:
            item = _tensor(key, box, _name(box, frame_path, unsaid), report, words)
            return _with_idle(item, box, idle)
        case _:
            item = _module(key, box, _name(box, frame_path, unsaid), repetitions, words)
            return _with_idle(item, box, idle)


def idle_words(idle: int, parameters: int) -> str:
    """Return that so many of the parameters do not train though gradient reaches them.

    >>> idle_words(2, 2), idle_words(1, 2)
    ('does not train', '1 does not train')
    """
    if idle == parameters:
        return "does not train"
    return f"{idle} {agreeing(idle, 'does', 'do')} not train"


def _with_idle(item: Item, box: Box, idle: Mapping[str, str]) -> Item:
    """Return an item that also says which of its parameters do not train."""
    names = [] if box.stub else [name for name in box.marked if name in idle]
    if not names:
        return item
    words = idle_words(len(names), box.parameters)
    about = f"{item.about}; {words}"
    if box.parameters == 1:
        about += f": {printable(idle[names[0]])}"
    return replace(item, lines=(*item.lines, f"{ALARM} {words}"), about=about)


def repeated(name: str, times: int) -> str:
    """Return the name with how often it is there: ``"h.0..11 ×12"``; alone for once."""
    return f"{name} {TIMES}{times:,}" if times > 1 else name


def relative(path: str, frame_path: str) -> str:
    """Return a path without that of the module around it."""
    return (
        path[len(frame_path) :].lstrip(".")
        if frame_path and (path == frame_path or path.startswith(f"{frame_path}."))
        else path
    )


def sizes_of(shape: tuple[int, ...]) -> str:
    """Return the sizes of a tensor, ``"(2, 3)"``."""
    return f"({', '.join(map(str, shape)) or 'scalar'})"


def size_of(parameters: int, numel: int, shape: tuple[int, ...] | None = None) -> str:
    """Return how many parameters and elements there are, ``"2 tensors, 1.5 k values"``.

    Of one tensor its sizes.
    """
    if parameters <= 1 and shape is not None:
        return sizes_of(shape)
    return tensors(parameters, numel) if parameters else ""


def _name(box: Box, frame_path: str, unsaid: int) -> str:
    return repeated(short(relative(box.path, frame_path)), unsaid) if box.path else ""


def _operation(key: str, box: Box, name: str) -> Item:
    stretch = box.stretch or (box,)
    lines = [repeated(short(step.operation) or NAMELESS, step.times) for step in stretch]
    scope, place = f" in {box.path}" if box.path else "", _at(box)
    about = f"{repeated(box.operation, box.times)}{scope}{place}"
    if box.stretch:
        about = (
            ", ".join(repeated(step.operation, step.times) + _at(step) for step in stretch) + scope
        )
    return Item(
        key=key,
        sort=Sort.OPERATION,
        operation=box.operation,
        lines=(*lines, *filter(None, [name])),
        names=len(stretch),
        about=printable(about),
        pruned=box.pruned,
        node=box.node,
    )


def _at(box: Box) -> str:
    place = file_and_line(box.place.file, box.place.line) if box.place else ""
    return f" at {place}" if place else ""


def _tensor(key: str, box: Box, name: str, report: Findings, words: Mapping[Verdict, Word]) -> Item:
    """Return a parameter, several of a module, or a leaf."""
    verdict = box.verdicts[0][0] if len(box.verdicts) == 1 else None
    size = size_of(box.parameters, box.numel, box.shape)
    fates = _verdicts(box, words)
    if box.parameters <= 1:
        fate = ", ".join(verdict_words(dict(box.verdicts), box.partial, words=words))
        parameter = report.parameters.get(box.path)
        cuts = "; ".join(map(cut_at, parameter.cuts)) if parameter else ""
        about = (
            f"{printable(box.path)} {size}".rstrip()
            + f": {fate}"
            + (f", cut by {cuts}" if cuts else "")
        )
        name = name or NAMELESS
    else:
        about = (
            f"{box.path} ({counted(box.parameters, 'parameter')}):"
            f" {', '.join(verdict_words(dict(box.verdicts), box.partial, words=words))}"
        )
        name = "" if name == "*" else name  # the frame says which module they are of
    second = "outside the model" if box.kind is BoxKind.LEAF else size
    return Item(
        key=key,
        sort=Sort.TENSOR if verdict else Sort.OPERATION,
        lines=tuple(filter(None, [name, second, *fates])),
        about=printable(about),
        verdict=verdict,
        pruned=box.pruned,
        partial=box.partial > 0,
        parameters=box.marked,
        node=box.node,
    )


def _module(key: str, box: Box, name: str, repetitions: int, words: Mapping[Verdict, Word]) -> Item:
    verdict = box.verdicts[0][0] if len(box.verdicts) == 1 else None
    if box.operation:
        name = short(f"{name}.{box.operation}()".lstrip("."))
    size = size_of(box.parameters, box.numel)
    fates = _verdicts(box, words) or [counted(box.nodes // repetitions, "operation")]
    times = box.times * box.calls
    name = repeated(name, times) if name else ""
    aside = f": {short(box.class_name)}" if name and box.class_name else ""
    about = "; ".join(
        filter(None, [repeated(box.path, times), box.class_name, size, ", ".join(fates)])
    )
    return Item(
        key=key,
        sort=Sort.TENSOR if verdict else Sort.OPERATION,
        lines=tuple(filter(None, [name + aside, size, *fates])),
        aside=aside,
        about=printable(about),
        verdict=verdict,
        pruned=box.pruned,
        partial=box.partial > 0,
        parameters=box.marked,
        node=box.node,
    )


def _mark(key: str, box: Box, report: Findings) -> Item:
    """Return what severs: its operation, its line, and how much it cuts off where that is folded
    away.
    """
    cuts = [report.cuts[index] for index in box.cuts]
    first = cuts[0]
    lines = [
        repeated(f"{SCISSORS} {short(first.operation)}", box.nodes),
        short(file_and_line(first.file, first.line)),
    ]
    lines += [f"and {len(cuts) - 1} more"] if cuts[1:] else []
    if not box.key:
        behind = dict.fromkeys(
            name for cut in cuts for name in cut.parameters if name in report.parameters
        )
        pruned = sum(report.parameters[name].verdict is Verdict.CUT for name in behind)
        lines += [f"cuts off {counted(pruned, 'parameter')}"] if pruned else []
    about = f"cut: {'; '.join(map(cut_at, cuts))}" + (
        f": {printable(first.code)}" if first.code else ""
    )
    return Item(
        key=key,
        sort=Sort.MARK,
        operation=str(first.kind),
        lines=tuple(filter(None, lines)),
        about=about,
        verdict=Verdict.CUT,
        cuts=tuple(cuts),
        node=box.node,
    )


def _verdicts(box: Box, words: Mapping[Verdict, Word]) -> list[str]:
    """Return how many parameters have which verdict, a line each.

    The word alone where all have the same.
    """
    fates = verdict_words(dict(box.verdicts), box.partial, words=words)
    if len(box.verdicts) == 1:
        return [f"{LOOKS[box.verdicts[0][0]].mark} {', '.join(fates)}".strip()]
    marks = [LOOKS[verdict].mark for verdict, _ in box.verdicts]
    marks = ["" if mark == NOUGHT else mark for mark in marks]  # a 0 before a number is no mark
    marks += [""] * (len(fates) - len(marks))
    return [f"{mark} {word}".strip() for mark, word in zip(marks, fates, strict=True)]
