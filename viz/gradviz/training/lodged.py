"""What becomes of a parameter that lies in the memory of another, which an optimizer holds.

Pure, without torch.
"""

from collections.abc import Sequence
from dataclasses import replace

from gradviz.facts.evidence import Evidence
from gradviz.facts.training import Fate, line_fields

_BY_HAND = ("hand", "hand, no gradient")


def lodged(fates: Sequence[Fate], evidence: Sequence[Evidence]) -> tuple[Fate, ...]:
    """Return the fates, with what lies in the memory of a parameter that an optimizer holds
    trained by that, or not trained for the reason that this is not.
    """
    owners = {fate.name: fate for fate in _with_drops(fates, evidence)}
    evidences = {parameter.name: parameter for parameter in evidence}

    def settled(fate: Fate, parameter: Evidence) -> Fate:
        holding = (owners[name] for name in parameter.lies_in if name in owners)
        whole = next((owner for owner in holding if owner.optimizer), None)
        if whole is None:
            return fate
        if fate.optimizer:
            is_carried = (fate.mover, whole.mover) == ("no gradient", "gradient")
            return _moved_along(fate, parameter, whole) if is_carried else fate
        fate = replace(fate, optimizer=whole.optimizer)
        if fate.trains:
            return _trained_with(fate, parameter, whole, evidences[whole.name])
        return _kept_with(fate, whole) if fate.why == "not_held" else fate

    return tuple(map(settled, owners.values(), evidence))


def _with_drops(fates: Sequence[Fate], evidence: Sequence[Evidence]) -> Sequence[Fate]:
    """Return the fates, with the line that dropped the ``.grad`` of a part for what was fed through
    it until then.
    """
    drops = {own: parameter.dropped_at for parameter in evidence for own in parameter.lies_in}
    return [
        replace(fate, **line_fields(drops[fate.name]))
        if fate.unfed and parameter.houses and fate.name in drops
        else fate
        for fate, parameter in zip(fates, evidence, strict=True)
    ]


def _trained_with(fate: Fate, parameter: Evidence, whole: Fate, stepped: Evidence) -> Fate:
    """Return the fate of what trains and no optimizer holds: what steps the whole moves it too,
    where it seems to be moved by hand.
    """
    if not whole.trains or fate.mover not in _BY_HAND:
        return fate
    if _is_fed_by(stepped, parameter):
        return replace(fate, mover=whole.mover, moved_at=None)
    return _moved_along(fate, parameter, whole)


def _moved_along(fate: Fate, parameter: Evidence, whole: Fate) -> Fate:
    """Return the fate of what moves since another does in whose memory it lies."""
    return replace(fate, mover="memory", moved_at=parameter.laid_at, moved_with=whole.name)


def _kept_with(fate: Fate, whole: Fate) -> Fate:
    """Return the fate of what does not train, for the reason that the whole does not; where that
    trains, it is not known.
    """
    if whole.trains is not False:
        return replace(fate, trains=None, why=None, **line_fields(None))
    return replace(
        fate,
        why=whole.why,
        file=whole.file,
        line=whole.line,
        code=whole.code,
        unfed=whole.unfed,
    )


def _is_fed_by(whole: Evidence, part: Evidence) -> bool:
    """Say whether what steps a parameter makes use of the gradient of one in its memory: that lies
    in its own, or was written there, or is all that it can have.
    """
    is_touched = any(look.touch is not None and look.gradient for look in whole.looks)
    return whole.name in part.feeds or is_touched or not whole.is_reached
