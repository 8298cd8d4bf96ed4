"""Phrases that what is told of calls, of steps and of ranks is made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from gradviz.causes import has_raised
from gradviz.graph import Cut, Parameter, Place
from gradviz.render.adapters import fold
from gradviz.render.sentences import counted, listing, path_and_line, printable
from gradviz.running.calls import BackwardCall

MOST_PLACES = 3  # that sever one route, one after the other
_MOST = 6  # groups of names on a line, before the rest is only counted
_LABEL = 10


def cut_lines(cut: Cut, by: str = "by", most: int = MOST_PLACES) -> Iterator[str]:
    """Yield the lines that say what severs, by which call, and ``most`` lines that do so again."""
    code = f": {short_code(cut.code)}" if cut.code else ""
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
    return f" at {path_and_line(place)}" + (f": {short_code(place.code)}" if place.code else "")


def line(label: str, text: str) -> str:
    """Return a line with a word in its margin."""
    return printable(
        f"  {label.ljust(_LABEL)}{text}" if len(label) < _LABEL else f"  {label}: {text}"
    )


def numbers_in_words(numbers: Sequence[int]) -> str:
    """Return ``"1, 2 and 3"``."""
    return listing([str(number) for number in numbers], limit=6)


# Keeps what is told of one call short.


MOST_LINES = 12  # told of a call, and of the step that follows it
LEAST_LINES = 6  # told of a step that has more to tell
MOST_CODE = 100  # characters of a source line
_PACKAGES = frozenset(("site-packages", "dist-packages"))


def is_of_a_library(cut: Cut) -> bool:
    """Say whether a cut lies in code that is not the reader's own."""
    return bool(_PACKAGES.intersection(PurePath(cut.file).parts))


def short_code(text: str) -> str:
    """Return a source line, shortened where it is very long."""
    return text if len(text) <= MOST_CODE else f"{text[: MOST_CODE - 3]}..."


def shortened(
    sections: Sequence[Sequence[str]], more: str, most: int = MOST_LINES - 1
) -> list[str]:
    """Return the lines of some sections, the last sections cut down to their first line until all
    of them fit.

    Args:
        sections: What matters most first.
        more: Begins the line that counts what was left out.
        most: Lines that fit; unless given, those below the first line of a call.
    """
    kept = [list(lines) for lines in sections if lines]
    left_out = 0
    for lines in reversed(kept):
        while sum(map(len, kept)) + bool(left_out) > most and len(lines) > 1:
            lines.pop()
            left_out += 1
    while sum(map(len, kept)) + bool(left_out) > most and len(kept) > 1:
        left_out += len(kept.pop())
    lines_kept = [line for lines in kept for line in lines]
    return (
        [*lines_kept, f"{more}{counted(left_out, 'more line')}; --verbose tells all"]
        if left_out
        else lines_kept
    )


def below(lines: Sequence[str], before: int, more: str, why: str, remedy: str) -> list[str]:
    """Return the lines of a step, cut down to the room that the call before it leaves.

    What explains is left out first, then what comes last; the first remedy stays.

    Args:
        lines: What is told of the step.
        before: Lines that were told of the call.
        more: Begins the line that counts what was left out.
        why: Begins a line that explains.
        remedy: Begins one that says what mends it.
    """
    room = max(LEAST_LINES, MOST_LINES - before)
    if len(lines) <= room:
        return [*lines]
    kept = [line for line in lines if not line.startswith(why)]
    if len(kept) >= room:
        remedies = [line for line in kept if line.startswith(remedy)][:1]
        others = [line for line in kept if line not in remedies]
        kept = [line for line in kept if line in {*others[: room - 1 - len(remedies)], *remedies}]
    return [*kept, f"{more}{counted(len(lines) - len(kept), 'more line')}; --verbose tells all"]
