"""The changes that are tried, a kind to a file.

The order of the imports is the order in which they are tried.
"""

from gradviz.mending.edits import (  # noqa: I001  # in the order in which they are tried
    values,
    grad_mode,
    rewrapped,
    checkpoints,
    derivatives,
    custom,
    numbers,
    functions,
    round_trips,
    strings,
    initial,
    in_place,
    sampled,
    ranges,
    hooks,
    collective,
    freezing,
    holding,
    nan,
    leaves,
    hard,
)

__all__ = [
    "checkpoints",
    "collective",
    "custom",
    "derivatives",
    "freezing",
    "functions",
    "grad_mode",
    "hard",
    "holding",
    "hooks",
    "in_place",
    "initial",
    "leaves",
    "nan",
    "numbers",
    "ranges",
    "rewrapped",
    "round_trips",
    "sampled",
    "strings",
    "values",
]
