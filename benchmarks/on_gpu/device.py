"""Which device the checks run on, and what a row of the table holds."""

import torch

Row = tuple[str, str, bool | None]  # what, the figure, whether it holds; None where not tried

_chosen = "cuda"


def choose(name: str) -> None:
    """Run every check on ``cuda`` or on ``cpu``."""
    global _chosen
    _chosen = name


def name() -> str:
    """Return ``cuda`` or ``cpu``."""
    return _chosen


def is_cuda() -> bool:
    """Say whether the checks run on a GPU."""
    return _chosen == "cuda"


def wait() -> None:
    """Wait until the device has done what it was given."""
    if is_cuda():
        torch.cuda.synchronize()


def worded(error: BaseException) -> str:
    """Return the first line of an error, with its type."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:100]
