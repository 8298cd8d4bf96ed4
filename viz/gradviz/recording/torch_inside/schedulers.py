"""The learning rates that a scheduler of torch's gives."""

from collections.abc import Sequence
from typing import Any

# By its own formula, and not by multiplying the rate that is there; 2.6 to 2.15. Without it, what
# multiplies a rate of 0 is taken for what gives one
_FORMULA = "_get_closed_form_lr"


def rates_given(scheduler: Any) -> Sequence[Any] | None:
    """Return the rate of each group; None of a scheduler that is not torch's own class, of which
    nothing is asked.
    """
    if not type(scheduler).__module__.startswith("torch."):
        return None
    formula = getattr(scheduler, _FORMULA, scheduler.get_last_lr)
    rates: Sequence[Any] = formula()
    return rates
