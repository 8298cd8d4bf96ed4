"""Why the last steps of an optimizer find no gradient at what earlier ones moved by it.

Pure, without torch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from gradviz.facts.evidence import Look
from gradviz.graph import Cut, Parameter, Place, Verdict

_SEVERED = frozenset((Verdict.CUT, Verdict.UNUSED))
_ARRIVES = frozenset((Verdict.REACHED, Verdict.ZERO))


@dataclass(frozen=True, slots=True)
class Stopping:
    """Why a parameter gets no gradient any more. Read-only.

    Attributes:
        why: One of the reasons of :class:`gradviz.facts.missed.Stopped`.
        cut: What cuts it off in all calls.
        place: The line; None where that is not known.
    """

    why: str
    cut: Cut | None = None
    place: Place | None = None


def why_stopped(
    verdicts: Mapping[int, Parameter | None],
    looks: Sequence[tuple[int, Look]],
    earlier: Iterable[Parameter | None] = (),
) -> Stopping | None:
    """Return the reason; None where that is not known, or rounds differ.

    Args:
        verdicts: What each call since says of the parameter, by the number of the call; None where
            it does not know it.
        looks: The steps since that were looked at, each with the number of the call before it.
        earlier: What each call before these said of it: a cut of theirs is not what stops it.
    """
    rounds = _rounds(verdicts, [number for number, _ in looks])
    deciding = [_deciding(some) for some in rounds.values()]
    parameters = list(chain(*deciding))
    words = {own.verdict for own in parameters}
    if not all(deciding):  # a round that does not know it makes no use of it
        words.add(Verdict.UNUSED)
    if words and words <= _SEVERED:
        cut = _common(deciding, earlier)
        return Stopping("cut" if words == {Verdict.CUT} else "unused", cut, line_of(cut))
    if words == {Verdict.ZERO}:
        places = {None if own.zero is None else own.zero.place for own in parameters}
        return Stopping("zero", place=places.pop() if len(places) == 1 else None)
    if not words or not words <= _ARRIVES or any(look.gradient for _, look in looks):
        return None
    return _taken([look for number, look in looks if _is_fed(rounds.get(number, ()))])


def _rounds(
    verdicts: Mapping[int, Parameter | None], steps: Sequence[int]
) -> Mapping[int, Sequence[Parameter]]:
    """Return what the calls before each step say that know the parameter, by the last of them; each
    call for itself where no step is known. Calls after the last step have none yet: they may be
    part of a round.
    """
    rounds: dict[int, list[Parameter]] = {}
    for number, own in verdicts.items():
        last = min((step for step in steps if step >= number), default=None) if steps else number
        if last is not None:
            rounds.setdefault(last, []).extend([] if own is None else [own])
    return rounds


def _deciding(verdicts: Sequence[Parameter]) -> Sequence[Parameter]:
    """Return what decides of one round: where a call brings something, those that do, else those
    that are cut off.
    """
    brings = [own for own in verdicts if own.verdict in _ARRIVES]
    return brings or [own for own in verdicts if own.verdict is Verdict.CUT] or verdicts


def _is_fed(verdicts: Iterable[Parameter]) -> bool:
    return any(own.verdict is Verdict.REACHED for own in verdicts)


def _taken(fed: Sequence[Look]) -> Stopping | None:
    """Return what takes the gradient that arrives before every step; None where none arrives."""
    if not fed:
        return None
    # The trace may be over before the last of them
    touches = [look.touch for look in fed if look.touch is not None]
    places = {touch.place for touch in touches}
    is_arithmetic = bool(touches) and all(touch.scales for touch in touches)
    is_there = all(look.gradient is not None for look in fed)
    return Stopping(
        "clipped" if is_arithmetic and is_there else "cleared",
        place=places.pop() if len(places) == 1 else None,
    )


def _common(
    rounds: Sequence[Sequence[Parameter]], earlier: Iterable[Parameter | None]
) -> Cut | None:
    """Return a cut with a line that all rounds have in common, and no earlier call; None where
    there is none.
    """
    usual = {line_of(cut) for own in earlier if own is not None for cut in own.cuts}
    cuts = [[cut for own in some for cut in own.cuts] for some in rounds]
    lines = [{line_of(cut) for cut in own} for own in cuts]
    common = (cut for cut in chain(*cuts) if all(line_of(cut) in own for own in lines))
    return next((cut for cut in common if line_of(cut) not in usual), None)


def line_of(cut: Cut | None) -> Place | None:
    """Return the line of a cut, or that of the block which makes it one."""
    if cut is None or not cut.file:
        return None
    return cut.block or Place(cut.file, cut.line, cut.code)
