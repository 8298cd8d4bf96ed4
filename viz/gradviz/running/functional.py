"""Gradients that torch.func takes and hands to the script: of what they are, nobody here knows."""

from collections.abc import Callable
from types import FrameType

from gradviz.recording.reading import where
from gradviz.recording.torch_inside import TRANSFORMS
from gradviz.render.sentences import counted, path_and_line


class Functional:
    """How often torch.func took gradients, and where it did so first."""

    def __init__(self) -> None:
        self._times = 0
        self._first = ""

    def __bool__(self) -> bool:
        return self._times > 0

    def takes(self, frame: FrameType, look: Callable[[FrameType], None] | None) -> bool:
        """Say whether a frame that calls ``torch.autograd.grad`` is torch.func's, and count it.

        Args:
            frame: It.
            look: Looks at what is there, as seen from a frame; is called the first time and ever
                more rarely.
        """
        if frame.f_code.co_filename != TRANSFORMS:
            return False
        self._times += 1
        self._first = self._first or line_of(frame)
        if look is not None and self._times & (self._times - 1) == 0:
            look(frame)
        return True

    def in_words(self) -> str:
        """Return how often, and where first."""
        times = counted(self._times, "time")
        return (
            f"torch.func took gradients {times}, first{self._first}, and handed them to the script"
        )


def line_of(frame: FrameType) -> str:
    """Return ``" at train.py:12"``, the user's own line that a frame is called from."""
    code, lasti, caller, caller_lasti, _ = where.quick(frame)
    if caller is not None:
        code, lasti = caller, caller_lasti
    return "" if code is None else f" at {path_and_line(where.place(code, lasti))}"
