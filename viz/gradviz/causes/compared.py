"""Values were compared: the answer is True or False, and stays so when a value changes a little."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

_COMPARISON = Explanation(
    "A comparison gives True or False, which does not change when what is compared changes a"
    " little.",
    "Where the threshold or the scores should learn, use a soft step: torch.sigmoid((x - threshold)"
    " / temperature). A mask that only selects needs no change.",
)
_NAMES = (
    "gt lt ge le eq ne greater less greater_equal less_equal isclose logical_and logical_or"
    " logical_not isnan isfinite"
)

CAUSES = (
    Cause(
        kind=CutKind.NON_DIFFERENTIABLE,
        operations=(
            *(f"{name}()" for name in _NAMES.split()),
            *(f"__{name}__()" for name in _NAMES.split()[:6]),
        ),
        explanation=_COMPARISON,
    ),
)
