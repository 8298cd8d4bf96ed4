"""What is known of a torch function by its name, worked out once."""

from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from gradviz.recording import torch_inside
from gradviz.recording.reading.named_calls import POSITIONS, SHAPE_ONLY
from gradviz.recording.recorder import Recorder


class Function:
    """What a torch function is, as its name tells.

    Attributes:
        name: Of the function.
        skip_first: ``zeros_like(x)`` and ``x.new_zeros(...)`` take x's shape, not its value.
        shape_only: What goes in beside the first argument gives its shape alone.
        plain: What it makes carries no value.
    """

    __slots__ = ("name", "plain", "shape_only", "skip_first")

    def __init__(self, name: str) -> None:
        self.name = name
        self.skip_first = name.endswith("_like") or name.startswith("new_")
        self.shape_only = name in SHAPE_ONLY
        self.plain = name in torch_inside.PLAIN_RESULTS or name in POSITIONS


class TorchCall(NamedTuple):
    """A call of a torch function that was made.

    Attributes:
        recorder: Who takes note of it.
        function: What was called.
        args, kwargs: What it was given.
        out: Its result.
        before: What the rule's look before it returned.
        frame: Which called.
    """

    recorder: Recorder
    function: Function
    args: Any
    kwargs: Any
    out: Any
    before: Any
    frame: FrameType


class Rule(Function):
    """What the recorder does about a torch function.

    Attributes:
        before: Called with the recorder, the arguments and the named arguments before the function
            runs; None where there is nothing to look at.
        after: Takes note of the call after it.
    """

    __slots__ = ("after", "before")

    def __init__(
        self,
        name: str,
        after: Callable[[TorchCall], None],
        before: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(name)
        self.before = before
        self.after = after
