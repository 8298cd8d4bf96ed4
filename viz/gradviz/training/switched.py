"""What stays frozen in a module that was given an attribute ``requires_grad = True``, which thaws
nothing.

Pure, without torch.
"""

from collections.abc import Iterable, Iterator, Sequence

from gradviz.facts.evidence import Evidence, Stepper
from gradviz.facts.training import THAWS_NOTHING
from gradviz.graph import Place, Verdict


def switched_in_vain(
    evidence: Iterable[Evidence], steppers: Iterable[Stepper]
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what is frozen in every call and stands in a module that was to be thawed so, while an
    optimizer that steps holds it: so it was meant to train.
    """
    held = {name for stepper in steppers if stepper.steps for name in stepper.held}
    for own in evidence:
        if own.switched is not None and own.name in held and own.outcomes == {Verdict.FROZEN}:
            yield "frozen", own.switched_at, [own.name]


def explain_switched(concerned: Sequence[Evidence]) -> tuple[str, str] | None:
    """Return what it means for parameters, and what mends it; None where no module was meant."""
    paths = list(dict.fromkeys(own.switched for own in concerned if own.switched is not None))
    if not paths:
        return None
    return (
        f"{paths[0]}.requires_grad = True {THAWS_NOTHING}: its parameters stay frozen.",
        f"Call {paths[0]}.requires_grad_(True): it thaws all parameters in it.",
    )
