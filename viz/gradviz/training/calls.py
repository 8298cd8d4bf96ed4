"""The backward calls of a run that were watched, and what holds of them together."""

from gradviz.facts.training import ConstantTerm
from gradviz.training.gathering import Seen
from gradviz.training.remarks import of_leaves, of_loss


class Calls(list[Seen]):
    """The calls, in their order."""

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
            (call.is_finite, None if birth is None else birth.caller or birth.place)
            for call, birth in zip(self, births, strict=True)
        ]
        return leaves + (of_loss(losses, scaled=scaled) if of_losses else ())
