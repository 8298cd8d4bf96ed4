"""Which of the reasons for zeros that were checked last, and what mends them.

Whatever the numbers are, or as long as what goes in stays about as it is. A factor that gets
gradient, a target that is met and a branch that is not taken are none of them.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gradviz.recording.arithmetic.flat import CONSTANT
from gradviz.recording.arithmetic.flat_statistics import NORMALISES

WRITES_OVER = "^(copy|fill|zero)$"  # to whom it gives zeros is what stood there, by definition


class _Reason(NamedTuple):
    """A reason that lasts.

    Attributes:
        operation: The operations, as a regular expression.
        words: What the reason says, likewise.
        always: It is so whatever the numbers are.
        mend: What mends it.
    """

    operation: str
    words: str
    always: bool
    mend: str


_REASONS: Sequence[_Reason] = (
    _Reason(
        "softmax$",
        "over a single value",
        True,
        "A softmax needs two values or more: take it along another dimension, or use sigmoid(); of"
        " a loss, binary_cross_entropy_with_logits().",
    ),
    _Reason(
        "^_?scaled_dot_product",
        "over a single value",
        True,
        "Attention needs two keys or more: look at which dimension is the sequence (batch_first).",
    ),
    _Reason(
        NORMALISES,
        "over a single value",
        True,
        "Normalise over two values or more, or leave this normalisation out.",
    ),
    _Reason(
        "",
        "its derivative is zero everywhere",
        True,
        "Pass the gradient around it with a straight-through estimator: x + (q - x).detach().",
    ),
    _Reason(
        "",
        "^underflow: ",
        False,
        "Scale the loss up (GradScaler finds the scale), or compute this in float32.",
    ),
    _Reason(
        WRITES_OVER,
        "writes over every value",
        True,
        "Leave this write out, or write into another tensor: what stood there is lost.",
    ),
    _Reason("^pow$", "its exponent is 0", True, "Give the power an exponent that is not 0."),
    _Reason(
        "^grid_sampler", "the nearest pixel", True, "Sample with mode='bilinear' in its place."
    ),
    _Reason(
        "relu|^threshold$",
        "dead units",
        False,
        "Make what goes in larger (another bias, another initialisation, a normalisation before"
        " it), or use leaky_relu(), which is not flat below 0.",
    ),
    _Reason(
        "^(gelu|silu|mish|softplus|hardswish|hardsigmoid|log_sigmoid)",
        "where it is flat",
        False,
        "Bring what goes in nearer to 0: another bias, another initialisation, or a normalisation"
        " before it.",
    ),
    _Reason(
        "^(sigmoid|tanh)$",
        "it is saturated",
        False,
        "Bring what goes in nearer to 0: a smaller initialisation, or a normalisation before it.",
    ),
    _Reason(
        "^(clamp|hardtanh)",
        "outside the bounds",
        False,
        "Widen the bounds, or bring what goes in between them: a clamp passes nothing beyond.",
    ),
    _Reason(
        "^nll_loss",
        "are ignore_index",
        False,
        "Look at the targets: no one of them counts for this loss.",
    ),
    _Reason(
        "^nll_loss",
        "the weight of every class",
        False,
        "Look at the class weights: those of the classes that occur are 0.",
    ),
    _Reason("^embedding", "are padding_idx", False, "Look at the indices: all are padding_idx."),
    _Reason(
        "^zero_factor$",
        CONSTANT,
        False,
        "Look at what makes this factor, a mask or an input: it is zero everywhere.",
    ),
)


def lasts(operation: str, why: str) -> tuple[bool, str]:
    """Return whether a reason that was checked holds whatever the numbers are, and what mends it;
    ``False, ""`` of one that may pass.
    """
    if why.startswith("usually because"):
        return False, ""
    return next(
        (
            (reason.always, reason.mend)
            for reason in _REASONS
            if re.search(reason.operation, operation) and re.search(reason.words, why)
        ),
        (False, ""),
    )
