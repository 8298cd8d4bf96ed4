"""The changes that are tried, a kind to a file.

The order of the imports is the order in which they are tried.
"""

from gradviz.mending.edits import (  # noqa: F401, I001  # in the order in which they are tried
    values,
    grad_mode,
    uses,
    rewrapped,
    checkpoints,
    derivatives,
    custom,
    numbers,
    functions,
    round_trips,
    strings,
    texts,
    initial,
    in_place,
    written,
    sampled,
    ranges,
    collective,
    dropped,
    registered,
    holding,
    nan,
    hard,
    counts,
    indices,
    bounds,
    copies,
)
