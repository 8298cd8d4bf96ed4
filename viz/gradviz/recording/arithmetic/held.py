"""A value that was NaN or infinite before a forward used it, and what wrote it last."""

from dataclasses import dataclass

from torch import Tensor

from gradviz.recording.arithmetic.sizes import plain
from gradviz.recording.entries.rewritten import LastWrite, Rewritten
from gradviz.recording.tensor_state import address, region


@dataclass(frozen=True, slots=True)
class Held:
    """A value that was not finite before the forward, or not what its place asks for.

    Attributes:
        memory: What identifies its memory, and the bytes of it; 0 where it has none.
        leaf: The tape's number of the leaf that it is; 0 where it is none.
        words: What is wrong with it: ``"holds NaN at 1 of 8 elements"``.
        used_by: Torch's number of the node that uses it.
        others: How many more leaves are not finite.
        write: What wrote it last before that; None where that was not seen.
    """

    memory: tuple[int, tuple[int, int]]
    leaf: int
    words: str
    used_by: int
    others: int = 0
    write: LastWrite | None = None


def held(writes: Rewritten, value: Tensor, leaf: int, used_by: int, others: int = 0) -> Held:
    """Return what is known of a value that is to blame, without holding it."""
    memory = (address(value), region(value)) if address(value) else (0, (0, 0))
    write = writes.last(*memory)
    if write is not None and used_by and write.number > used_by:
        write = None  # it came too late
    return Held(memory, leaf, holding(value), used_by, others, write)


def holding(value: Tensor) -> str:
    """Return ``"holds NaN at 1 of 8 elements"``, or what else is wrong with a value."""
    numbers = plain(value)
    values = value if numbers is None else numbers
    if bool(values.isfinite().all()):
        return f"is below 0 at {int((values < 0).sum())} of {values.numel()} elements"
    what = "NaN" if bool(values.isnan().any()) else "infinity"
    hits = int((~values.isfinite()).sum())
    return f"holds {what} at {hits} of {values.numel()} elements"
