"""A backward call as it was seen, for what is made of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gradviz.facts.evidence import ConstantTerm
from gradviz.facts.training import Heir
from gradviz.graph import Leaf, NotFinite, Parameter, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A backward call.

    Attributes:
        parameters: What the report says of each by name.
        asked: The parameters, by identity, that it was to give gradient to; None for all.
        place: The line that called it.
        returns: It returned the gradient, as ``torch.autograd.grad`` does, and left none.
        terms: The constant terms of its loss.
        underivable: The operations that it cannot pass.
        births: Where the NaN and infinities in it were born.
        copies: For each parameter that is a copy, what it was copied from, and by which line.
        rebound: The line that made each tensor that was made anew of itself and its gradient.
        heirs: For each parameter that is cut off, what was made of it and gets the gradient.
        last_layer: Names of the parameters that all gradient for the rest of a model passes.
        inspects: It is perhaps not meant to train: a model is in evaluation mode, or gradient goes
            to something beside parameters.
        plain: It is about tensors that are neither parameters nor held by an optimizer.
        leaves: What it reached beside parameters of models.
        is_finite: Its loss is.
        is_zero: Its loss is, so that nothing is left to learn.
        number: Of all that were watched, from 1 on; 0 where it is not counted yet.
    """

    parameters: Mapping[str, Parameter]
    asked: frozenset[int] | None = None
    place: Place | None = None
    returns: bool = False
    terms: tuple[ConstantTerm, ...] = ()
    underivable: tuple[ConstantTerm, ...] = ()
    births: tuple[NotFinite, ...] = ()
    copies: Mapping[str, tuple[str, Place | None]] = field(default_factory=dict)
    rebound: Mapping[str, Place | None] = field(default_factory=dict)
    heirs: Mapping[str, Heir] = field(default_factory=dict)
    last_layer: frozenset[str] = frozenset()
    inspects: bool = False
    plain: bool = False
    leaves: tuple[Leaf, ...] = ()
    is_finite: bool = True
    is_zero: bool = False
    number: int = 0

    def asks_for(self, key: int) -> bool:
        """Say whether it is to leave gradient in a parameter, given by its identity."""
        return not self.returns and (self.asked is None or key in self.asked)

    def renamed(self, before: Mapping[int, str], now: Mapping[int, str]) -> "Seen":
        """Return the call with parameters by the names they have now: of two threads, each may
        call another model by the same name. What is gone keeps its name, unless another has it.

        Args:
            before: What parameters were called then, by identity.
            now: And what they are called now.
        """
        names = {before[key]: name for key, name in now.items() if key in before}
        taken = frozenset(now.values())
        if all(name == own for name, own in names.items()) and taken.isdisjoint(
            self.parameters.keys() - names.keys()
        ):
            return self
        names = {**{name: name for name in self.parameters.keys() - taken}, **names}
        return replace(
            self,
            parameters={
                names[name]: replace(parameter, name=names[name])
                for name, parameter in self.parameters.items()
                if name in names
            },
        )
