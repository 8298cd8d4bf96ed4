"""What every cause says about itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a kind of cut means to the reader. Read-only.

    Attributes:
        meaning: What happened to the gradient, a sentence or two.
        mend: What usually mends it, and when there is nothing to mend.
    """

    meaning: str
    mend: str
