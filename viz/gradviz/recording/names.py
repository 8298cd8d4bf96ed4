"""What an autograd node is called."""

import re


def operation_name(node: str) -> str:
    """Return the name of an operation: ``"nll_loss"`` for ``"NllLossBackward0"``."""
    plain = re.sub(r"(\d)D(?=[A-Z]|$)", r"\1d", re.sub(r"Backward\d*$", "", node))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()
