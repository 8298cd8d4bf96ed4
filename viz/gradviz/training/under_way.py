"""The steps of optimizers that have begun and are not over, where a step may run another inside."""

from dataclasses import dataclass, field

from torch import Tensor
from torch.optim import Optimizer

from gradviz.facts.evidence import Touch
from gradviz.recording.reading.where import Spot
from gradviz.training.looking import Running, StepLook, callers
from gradviz.training.optimizers import held_with_groups, states_of
from gradviz.training.touches import Touches


@dataclass(slots=True)
class BegunStep:
    """A step that has begun.

    Attributes:
        optimizer: Its identity.
        frame: That runs it.
        look: What is measured before it and after it; None where it is only counted.
        touches: What was done to the gradient of each parameter by then, by identity.
        writes: What was written before it, and in it once it is over.
        lines: What was written in it, as :meth:`Touches.end_step` returns it.
        has_closure: It calls a closure.
        spot: The line that called it.
        skips: It leaves itself out, as GradScaler has told it to.
    """

    optimizer: int
    frame: Running
    look: StepLook | None = None
    touches: dict[int, Touch | None] = field(default_factory=dict)
    writes: dict[int, Spot] = field(default_factory=dict)
    lines: dict[int, tuple[Spot, bool]] = field(default_factory=dict)
    has_closure: bool = False
    spot: Spot | None = None
    skips: bool = False

    def take_touches(self, touches: Touches, optimizer: Optimizer) -> None:
        """The step is over: forget what it did itself to gradients, and keep what its closure did
        to them.
        """
        held = (parameter for parameter, _ in held_with_groups(optimizer))
        self.lines = touches.end_step(held, states_of(optimizer))
        self.writes = touches.written_since(self.writes)
        for parameter in self.touches:
            touch = touches.take(parameter)
            if self.has_closure and touch is not None and not touch.scales:
                self.touches[parameter] = touch


class UnderWay:
    """The steps of one thread that have begun, the innermost last."""

    def __init__(self) -> None:
        self._steps: list[BegunStep] = []

    def begin(self, optimizer: Optimizer) -> BegunStep | None:
        """Return the step that begins now; None where it runs inside another of its optimizer."""
        frame, *outer = callers(all_of_them=bool(self._steps))
        while self._steps and self._steps[-1].frame not in outer:
            self._steps.pop()  # it raised
        if any(step.optimizer == id(optimizer) for step in self._steps):
            return None
        # Set by GradScaler where the step itself is to leave it out
        inf = getattr(optimizer, "found_inf", None)
        step = BegunStep(id(optimizer), frame, skips=isinstance(inf, Tensor) and bool(inf))
        self._steps.append(step)
        return step

    def end(self) -> BegunStep | None:
        """Return the step that is over now; None where its beginning was not seen."""
        if not self._steps or self._steps[-1].frame != callers(all_of_them=False)[0]:
            return None
        return self._steps.pop()
