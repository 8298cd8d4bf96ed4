"""Parameters that optimizers move by what is only rounding.

Adam makes steps of full size of it. Pure, without torch.
"""

from collections.abc import Sequence
from dataclasses import replace

from gradviz.facts.evidence import Evidence
from gradviz.facts.training import Fate
from gradviz.graph import Verdict


def moved_by_rounding(fates: Sequence[Fate], evidence: Sequence[Evidence]) -> tuple[Fate, ...]:
    """Return the fates, with what only rounding moves told as such: not where others of its module
    get gradient, as those beside a bias do that a normalisation takes out again.
    """
    reached = {
        own.name: own.rounding
        for own in evidence
        if any(in_call.verdict is Verdict.REACHED for in_call in own.verdicts)
    }
    fed = {_module(name) for name, is_rounding in reached.items() if not is_rounding}
    return tuple(
        replace(fate, mover="rounding")
        if fate.mover == "gradient" and reached.get(fate.name) and _module(fate.name) not in fed
        else fate
        for fate in fates
    )


def _module(name: str) -> str:
    return name.rpartition(".")[0]
