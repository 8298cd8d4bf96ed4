"""Which births of NaN or infinity came into parameters by a step, of all that calls have shown.

A step may be left out, by a guard or a GradScaler; a gradient may be cleaned before it, and what a
step spoilt may be put back.
"""

import math
from collections.abc import Mapping, Sequence

from gradviz.graph import NotFinite
from gradviz.training.moves import History, Moves
from gradviz.training.optimizers import Optimizers

Births = Sequence[tuple[int, NotFinite]]
"""Each with the number of its call."""


def taken_in(
    births: Births, names: Mapping[int, str], moves: Moves, optimizers: Optimizers
) -> Births:
    """Return the births but for those that every parameter came through that they came to.

    Args:
        births: All there are.
        names: The names of parameters by identity.
        moves: What steps did to them.
        optimizers: All there are.
    """
    if not births:
        return births
    held = {key for record in optimizers.records.values() for key in record.held}
    histories = {name: moves.of(key) for key, name in names.items() if key in held}

    def is_survived(number: int, birth: NotFinite) -> bool:
        came_to = birth.parameters or tuple(histories)
        return bool(came_to) and all(
            name in histories
            and _came_through(number, histories[name], _next(births, number, name))
            for name in came_to
        )

    return [item for item in births if not is_survived(*item)]


def _next(births: Births, number: int, name: str) -> float:
    """Return the number of the next call in which something was born that came to a parameter, or
    that found it spoilt; infinite where there is none.
    """
    later = (
        call
        for call, birth in births
        if call > number and (name == birth.holder or name in birth.parameters)
    )
    return min(later, default=math.inf)


def _came_through(number: int, history: History, until: float) -> bool:
    """Say whether no step took in what a call brought to a parameter, before another call brought
    or found more; or a later step has found it finite again.
    """
    sights = [
        (sight.calls, sight.glance.finite, sight.glance.gradient)
        for sight in history.sights
        if sight.calls >= number
    ]
    if any(is_finite and _is_finite(gradient) for _, is_finite, gradient in sights):
        return True
    return until < math.inf and not any(
        calls < until and gradient is not None and not math.isfinite(gradient)
        for calls, _, gradient in sights
    )


def _is_finite(gradient: float | None) -> bool:
    return gradient is not None and math.isfinite(gradient)
