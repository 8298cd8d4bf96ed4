"""What the recording tells whoever watches optimizers, as far as it calls it."""

from collections.abc import Iterable
from types import FrameType
from typing import Protocol

from torch import Tensor
from torch.optim import Optimizer

from gradviz.recording.reading.where import Spot


class GradientTouches(Protocol):
    """Takes note of who changes a gradient between its arrival and the step."""

    def __bool__(self) -> bool:
        """Say whether any gradient has arrived that could be changed."""

    def arrived(self, parameters: Iterable[Tensor]) -> None:
        """A backward has left gradients in these parameters."""

    def forget(self, parameters: Iterable[Tensor], backward: Spot | None = None) -> None:
        """Gradient has arrived anew at these parameters, by the backward at a line."""

    def replaced(self, parameter: Tensor, frame: FrameType) -> None:
        """``parameter.grad`` was assigned to."""

    def read(self, parameter: Tensor) -> None:
        """The user's own code, or a library's, has taken ``parameter.grad``."""

    def wrote(self, target: Tensor, operation: str, frame: FrameType) -> None:
        """A tensor was written into, which may be a gradient."""

    def moved(self, target: Tensor, frame: FrameType) -> None:
        """``target.data`` was assigned to, which may be a parameter."""


class ParameterOwners(Protocol):
    """Takes note of where parameters are made."""

    def created(self, parameter: Tensor, frame: FrameType) -> None:
        """A parameter was made at the line that a frame stands at."""


class OptimizerWatch(Protocol):
    """Takes note of optimizers, and of what they hold."""

    @property
    def owners(self) -> ParameterOwners:
        """Who is told of new parameters."""

    def made(self, optimizer: Optimizer, frame: FrameType | None, *, begun: bool = False) -> None:
        """An optimizer was made at the line that a frame stands at, ``begun`` where something had
        read from the generator of its parameters.
        """

    def scheduled(self, optimizer: Optimizer, scheduler: object, frame: FrameType) -> None:
        """A scheduler of an optimizer was made at the line that a frame stands at."""

    def scaled(self, optimizer: Optimizer) -> None:
        """A GradScaler is done with the step of an optimizer."""
