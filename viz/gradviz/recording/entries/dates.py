"""What was computed before something else was done."""

from gradviz.recording import torch_inside
from gradviz.recording.entries.records import Stamp, Step


class Dates:
    """When calls gave a tensor that may have been used already another value.

    Attributes:
        given: By number of the call: torch's number of the next node then.
        again: Numbers of the calls that stand for several, of which no time is known.
    """

    def __init__(self) -> None:
        self.given: dict[int, int] = {}
        self.again: set[int] = set()

    def gave(self, number: int) -> None:
        """Take note that a call has just given a tensor another value."""
        self.given.setdefault(number, torch_inside.sequence_number())

    def is_before(self, step: Step | None, user: int, number: int) -> bool:
        """Say whether a value was computed before a call gave what it is made of another value.

        Args:
            step: The autograd node that computed the value; None where none did.
            user: Number of the value.
            number: Of the call.
        """
        date = self.given.get(number)
        if date is None:
            return False
        if step is not None:
            return step.stamp.node < date
        return user < number and user not in self.again


def is_older(stamp: Stamp, began: int | None) -> bool:
    """Say whether an autograd node was made before a trace began, by a line that nobody saw.

    ``began`` is torch's number of the first node that the trace can have seen.
    """
    return stamp.spot is None and began is not None and stamp.node < began
