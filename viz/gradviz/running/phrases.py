"""Phrases that what is told of calls, of steps and of ranks is made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gradviz.causes import has_raised
from gradviz.graph import Cut, Parameter, Place
from gradviz.render.adapters import fold
from gradviz.render.sentences import counted, listing, path_and_line, printable
from gradviz.running import brief
from gradviz.running.calls import BackwardCall

MOST_PLACES = 3  # that sever one route, one after the other
_MOST = 6  # groups of names on a line, before the rest is only counted
_LABEL = 10


def cut_lines(cut: Cut, by: str = "by", most: int = MOST_PLACES) -> Iterator[str]:
    """Yield the lines that say what severs, by which call, and ``most`` lines that do so again."""
    code = f": {brief.code(cut.code)}" if cut.code else ""
    what = cut.operation if has_raised(cut) else f"{by} {cut.operation}"
    yield line("", f"{what} at {path_and_line(cut)}{code}")
    if cut.caller is not None and str(cut.caller) != f"{cut.file}:{cut.line}":
        yield line("", f"called{at_line(cut.caller)}")
    for place in cut.also[:most]:
        yield line("", f"cut again{at_line(place)}")
    rest = cut.also[most:]
    if rest and most:
        yield line("", f"cut again at {counted(len(rest), 'more line')}")
    elif rest:
        yield line("", f"cut again at {listing([*map(path_and_line, rest)], MOST_PLACES)}")


def names_in(names: Iterable[str], call: BackwardCall) -> str:
    """Return some parameters of a call in few words."""
    return tell_names(names, call.report.parameters, call.roots)


def tell_names(
    names: Iterable[str], among: Mapping[str, Parameter], roots: Iterable[str] = ()
) -> str:
    """Return some parameters in few words: whole modules, runs of blocks, adapters.

    What is more than a line is counted.
    """
    groups = fold(names, among, roots)
    shown = [str(group) for group in groups[:_MOST]]
    rest = sum(group.parameters for group in groups[_MOST:])
    return ", ".join(shown) + (f" and {counted(rest, 'more parameter')}" if rest else "")


def at_line(place: Place | None) -> str:
    """Return ``" at train.py:12: loss.backward()"``; empty where the place is not known."""
    if place is None:
        return ""
    return f" at {path_and_line(place)}" + (f": {brief.code(place.code)}" if place.code else "")


def line(label: str, text: str) -> str:
    """Return a line with a word in its margin."""
    return printable(
        f"  {label.ljust(_LABEL)}{text}" if len(label) < _LABEL else f"  {label}: {text}"
    )


def numbers_in_words(numbers: Sequence[int]) -> str:
    """Return ``"1, 2 and 3"``."""
    return listing([str(number) for number in numbers], limit=6)
