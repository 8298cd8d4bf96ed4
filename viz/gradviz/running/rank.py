"""Which of several ranks this process is. Asks torch and the environment, and no other rank.

Imports no torch.
"""

import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rank:
    """One of several processes that train together. Read-only.

    Attributes:
        own: Counted from 0.
        of: How many there are.
    """

    own: int
    of: int


_last: Rank | None = None  # a script may leave its process group before it ends


def current() -> Rank | None:
    """Return this process's rank; None where it is not one of several."""
    global _last
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        _last = Rank(distributed.get_rank(), distributed.get_world_size())
    rank = _last or _from_environment()
    return rank if rank is not None and rank.of > 1 else None


def _from_environment() -> Rank | None:
    """Return the rank that torchrun sets, or Lightning for the processes that it starts."""
    own = os.environ.get("RANK", os.environ.get("LOCAL_RANK", ""))
    of = os.environ.get("WORLD_SIZE", "")
    return Rank(int(own), int(of)) if own.isdecimal() and of.isdecimal() else None
