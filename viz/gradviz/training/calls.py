"""The backward calls of a run that were watched, and what holds of them together."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from gradviz.facts.evidence import ConstantTerm
from gradviz.graph import Verdict
from gradviz.training.remarks import of_leaves, of_loss
from gradviz.training.seen import Seen

if TYPE_CHECKING:
    from gradviz.graph import NotFinite

_MOST_BIRTHS = 64  # that are kept: what comes later comes of these


class Calls(list[Seen]):
    """The calls, in their order; of a long run some are left out.

    Attributes:
        made: How many there were, with those.
        births: Where the first NaN and infinities were born, with the number of the call.
    """

    def __init__(self, calls: Iterable[Seen] = ()) -> None:
        super().__init__()
        self.made = 0
        self.births: list[tuple[int, NotFinite]] = []
        for call in calls:
            self.append(call)

    def append(self, call: Seen) -> None:
        """Add a call, and give it the next number."""
        self.made += 1
        super().append(replace(call, number=self.made))
        if len(self.births) < _MOST_BIRTHS:
            self.births += [(self.made, birth) for birth in call.births]

    def idle(self) -> frozenset[str]:
        """Return the names of the parameters that none of the calls used."""
        verdicts: dict[str, set[Verdict]] = {}
        for call in self:
            for name, parameter in call.parameters.items():
                verdicts.setdefault(name, set()).add(parameter.verdict)
        return frozenset(name for name, own in verdicts.items() if own == {Verdict.UNUSED})

    @property
    def terms(self) -> tuple[ConstantTerm, ...]:
        """The constant terms of all losses."""
        return tuple(dict.fromkeys(term for call in self for term in call.terms))

    @property
    def underivable(self) -> tuple[ConstantTerm, ...]:
        """The operations that backward calls could not pass."""
        return tuple(dict.fromkeys(term for call in self for term in call.underivable))

    @property
    def inspects(self) -> bool:
        """Whether some call is perhaps not meant to train."""
        return any(call.inspects for call in self)

    def remarks(self, of_losses: bool, *, scaled: bool = False) -> tuple[str, ...]:
        """Return what is worth a clause in the last sentence; of losses where that is wanted,
        ``scaled`` where these are what a GradScaler makes of them.
        """
        leaves = of_leaves([call.leaves for call in self])
        births = [next(iter(call.births), None) for call in self]
        losses = [
            (
                call.is_finite,
                birth.caller or birth.place
                if birth and birth.forward and not birth.unsure
                else None,
            )
            for call, birth in zip(self, births, strict=True)
        ]
        return leaves + (of_loss(losses, scaled=scaled) if of_losses else ())
