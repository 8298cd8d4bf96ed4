"""One column for all calls of a round, as in a GAN, whose losses take turns."""

from collections.abc import Sequence
from dataclasses import replace

from gradviz.series.data import Line, Numbers, Series
from gradviz.system.grouped import grouped


def by_rounds(series: Series) -> Series:
    """Return a series with a column for each round, which bears the number of its first call.

    Of each parameter the column has what the call brought that its optimizer's step followed; where
    none did, what the last call brought that gradient came in. So what the generator's loss leaves
    in a discriminator, and no step takes, is not shown as what trains it. A last round that is
    still under way, with fewer calls than the one before, is left out.
    """
    if not series.rounds:
        return series
    members = grouped((number, place) for place, number in enumerate(series.rounds))
    rounds = list(members.values())
    if len(rounds) > 1 and len(rounds[-1]) < len(rounds[-2]):
        del rounds[-1]
    firsts = [places[0] for places in rounds]
    return replace(
        series,
        calls=tuple(series.calls[place] for place in firsts),
        rounds=(),
        losses=tuple(series.losses[place] for place in firsts),
        parameters=tuple(_line(line, rounds) for line in series.parameters),
    )


def _line(line: Line, rounds: Sequence[Sequence[int]]) -> Line:
    places = [_telling(line, places) for places in rounds]
    # Two calls may come before two steps, which are then taken in with the last of them
    last = [
        places[-1] if (some := _some(line.ratios, places)) is None else some for places in rounds
    ]

    def chosen(numbers: Numbers, places: Sequence[int]) -> Numbers:
        return tuple(numbers[place] for place in places) if numbers else ()

    return replace(
        line,
        norms=chosen(line.norms, places),
        ratios=chosen(line.ratios, last),
        weights=chosen(line.weights, last),
        zeros=chosen(line.zeros, places),
    )


def _telling(line: Line, places: Sequence[int]) -> int:
    """Return the place of the call of a round that tells how a parameter trains."""
    came = [place for place in places if line.norms[place] is not None]
    stepped = _some(line.ratios, came)
    return stepped if stepped is not None else (came or places)[-1]


def _some(numbers: Numbers, places: Sequence[int]) -> int | None:
    """Return the last of some places where there is a number; None where there is none."""
    some = [place for place in places if numbers and numbers[place] is not None]
    return some[-1] if some else None
