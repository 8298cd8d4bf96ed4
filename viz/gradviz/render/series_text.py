"""The numbers of a run in text: a sparkline of each block."""

import itertools
import math
import textwrap
from collections.abc import Iterator, Sequence

from gradviz.render.sentences import counted, printable
from gradviz.render.series_of import span_of
from gradviz.render.series_scale import Scale, amount, spread, values
from gradviz.series.blocks import blocks
from gradviz.series.data import Line, Series
from gradviz.series.fading import fading
from gradviz.series.rounds import by_rounds

_BARS = "▁▂▃▄▅▆▇█"
_WIDE = 40  # columns of a sparkline
_MARGIN = 12  # as below the words in the margin of a run
_MOST_BLOCKS = 40  # before the middle ones are only counted
_NAME = 32
_TOLD = 2.0  # a change from block to block below this factor is none to speak of
WIDTH = 100


def render_series(series: Series) -> str:
    """Return a title, and a line for each block.

    Its gradient over the calls, the last norm and the last update.
    """
    last_call = blocks(series)
    series = by_rounds(series)
    lines = blocks(series)
    scale = Scale.over(values(lines, "norms"))
    if scale is None:
        return "No gradient was measured in the calls that were watched.\n"
    places = spread(series.calls, _WIDE)
    title = (
        f"Gradient by block, {span_of(series)} (norm; {_BARS[0]} is 1e{scale.low:+d}, {_BARS[-1]}"
        f" is 1e{scale.high:+d}):"
    )
    width = min(_NAME, max(len(line.name) for line in lines))
    rows = [_row(line, scale, places, width) for line in lines]
    if len(rows) > _MOST_BLOCKS:
        half = _MOST_BLOCKS // 2
        rows[half:-half] = [f"  ... {len(rows) - 2 * half} more blocks"]
    return "\n".join([title, *rows, *_legend(lines), *_fading(last_call)]) + "\n"


def _legend(lines: Sequence[Line]) -> list[str]:
    """Say what the numbers of a row are."""
    words = ["The number after the bars is the norm in the last call"]
    if any(_last(line.ratios) is not None for line in lines):
        words.append("update is how far the last step moved the weights, divided by their size")
    if any(_last(line.zeros) for line in lines):
        words.append("zeros is the share of the gradient that is 0")
    return _wrapped("; ".join(words) + ".", indent=_MARGIN)


def _fading(lines: Sequence[Line]) -> list[str]:
    """Say how the last call's gradient changes from block to block."""
    change = fading(lines)
    if change is None:
        return []
    sentences = (
        "From each block to the one before it in the model's order, the gradient is multiplied by"
        f" about {change.typical:.2g} (the median, for one element)."
    )
    factor, after, name = change.drop
    if factor < 1 / _TOLD:
        sentences += (
            f" The largest fall is from {printable(after)} to {printable(name)}: to"
            f" {factor:.2g} of its size."
        )
    factor, after, name = change.growth
    if factor > _TOLD:
        sentences += (
            f" The largest rise is from {printable(after)} to {printable(name)}: to"
            f" {factor:.2g} times its size."
        )
    if change.apart is not None:
        times, *names = change.apart
        name, before, after = map(printable, names)
        sentences += (
            f" {name} gets {times:.2g} times the gradient of its neighbours {before} and {after}."
        )
    if change.denormal:
        first, *more = change.denormal
        others = f" and of {counted(len(more), 'block')} before it" if more else ""
        sentences += (
            f" The gradient of {printable(first)}{others} is below 1.2e-38, where float32 holds"
            " fewer digits."
        )
    return _wrapped(sentences)


def _wrapped(text: str, indent: int = 2) -> list[str]:
    margin = " " * indent
    return textwrap.wrap(text, WIDTH, initial_indent=margin, subsequent_indent=margin)


def _row(line: Line, scale: Scale, places: list[int], width: int) -> str:
    name = printable(line.name)
    name = name if len(name) <= width else f"…{name[1 - width :]}"
    marks = "".join(_marks(line, scale, places))
    row = f"  {name.ljust(width)}  {marks}  {amount(_last(line.norms))}"
    if (ratio := _last(line.ratios)) is not None:
        row += f"  update {amount(ratio)}"
    if zeros := _last(line.zeros):
        row += f"  zeros {zeros:.0%}" if zeros >= 0.005 else "  zeros under 1%"
    return row


def _marks(line: Line, scale: Scale, places: list[int]) -> Iterator[str]:
    for place in places:
        norm = line.norms[place]
        if norm is None:
            yield "·"
        elif not math.isfinite(norm):
            yield "!"
        else:
            yield _BARS[scale.step(norm, len(_BARS))] if norm else "0"


def _last(numbers: tuple[float | None, ...]) -> float | None:
    """Return the latest number that there is; None where there is none, or it has stopped: where
    more calls came since without one than ever before between two.
    """
    places = [place for place, number in enumerate(numbers) if number is not None]
    if not places:
        return None
    gaps = [later - earlier for earlier, later in itertools.pairwise((-1, *places))]
    return numbers[places[-1]] if len(numbers) - places[-1] <= max(gaps) else None
