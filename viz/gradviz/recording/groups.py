"""What the groups of optimizers hold. One may have been given a generator, which whoever reads it
uses up: that is left to the script.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor


def parameters_in(group: Mapping[str, Any]) -> Sequence[Tensor]:
    """Return what a group holds; nothing where that can be read only once."""
    own = group["params"]
    if isinstance(own, list):
        return own
    return () if isinstance(own, Iterator) else tuple(own)


def is_read_once(group: Mapping[str, Any]) -> bool:
    """Say whether what a group holds is gone as soon as somebody has read it."""
    return isinstance(group["params"], Iterator)
