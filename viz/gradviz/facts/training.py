"""The words of "does it train?" as frozen plain data. Imports no torch."""

from dataclasses import dataclass
from typing import TypedDict

from gradviz.graph import Place

IN_WORDS = {
    "frozen": "frozen",
    "cut": "cut off from the loss",
    "unused": "no part of the loss",
    "zero": "its gradient is zero",
    "left_out": "backward() does not ask for it",
    "not_finite": "NaN or infinity gets into it",
    "cleared": "its gradient is cleared before step()",
    "clipped": "nothing is left of its gradient at step()",
    "stale": "the optimizer holds what was replaced",
    "not_held": "no optimizer holds it",
    "not_stepped": "its optimizer never steps",
    "too_small": "the update is too small for its type, or the learning rate is 0",
    "lost": "the update goes elsewhere",
}
"""Each reason in words, of a single parameter."""

WHYS = tuple(IN_WORDS)
"""Why a parameter does not train, in the order of its way from the forward to the weight."""

BESIDES = ("constant_term", "vanishing", "exploding", "no_step", "ranks_differ", "stopped")
"""Reasons of alarms beside these."""

THAWS_NOTHING = "sets an attribute of the module and thaws nothing"
"""What ``module.requires_grad = True`` does."""

MOVERS = (
    *("gradient", "rounding", "weight decay", "no gradient", "hand", "hand, no gradient"),
    "memory",
)
"""What moves a parameter that trains: an optimizer by the gradient that arrived; by that, and it is
no more than rounding; by weight decay alone; by what it remembers of earlier steps; something that
is no step of an optimizer; that, and no gradient arrives, as at an average of weights; or what
moves another in whose memory it lies."""

BY_GRADIENT = (None, "gradient", "hand")
"""Those of them that make use of the gradient that arrives, or of which it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From where on gradient is said to vanish or to explode. Read-only.

    Attributes:
        vanishing: Share of the largest gradient norm of the model below which a gradient is nothing
            beside it: what float32 can still tell apart of two numbers that are added up.
        exploding: Norm of the gradient from which on a step may throw a parameter away.
        overshoot: How many times its own size a step moves a parameter that is thrown away.
    """

    vanishing: float = 1e-8
    exploding: float = 1e4
    overshoot: float = 1e3


class LineFields(TypedDict):
    """How a :class:`Fate` and an :class:`Alarm` hold a line."""

    file: str | None
    line: int | None
    code: str | None


def line_fields(place: Place | None) -> LineFields:
    """Return a line as the fields that hold it; of none, all None.

    >>> line_fields(Place("train.py", 3, "step()"))
    {'file': 'train.py', 'line': 3, 'code': 'step()'}
    """
    if place is None:
        return {"file": None, "line": None, "code": None}
    return {"file": place.file, "line": place.line, "code": place.code}


THRESHOLDS = Thresholds()
# Of the gradient of a module's other parameters: so much may be what rounding leaves of zero
NEXT_TO_NOTHING = 1e-5


@dataclass(frozen=True, slots=True)
class Heir:
    """A leaf that gets gradient, and was made of parameters that get none. Read-only.

    Attributes:
        name: Of the parameter that it is; empty where no model has it and no variable leads to it.
        place: The line that made it; None where it was not seen.
        is_copy: Their values went into it as they are, joined or in another shape.
    """

    name: str
    place: Place | None = None
    is_copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Whether one parameter trains. Read-only.

    Attributes:
        name: As in the report.
        trains: Its value changed while it was watched, and is finite; None where nothing was
            watched that could tell.
        why: One of :data:`WHYS`; None where it trains, or that is not known.
        file, line, code: The line that keeps it from training, or did while it was watched; None
            where that is not known, or none does.
        moved: How many of the elements compared have changed; None where none were compared.
        compared: How many elements were compared: all of a small parameter, an even spread of a
            large one.
        numel: How many it has.
        gradient_norm: L2 norm of its gradient at the last step watched, or else where it arrived;
            None where it is not known.
        update_ratio: Size of the last update watched, relative to the weight; None where it is not
            known.
        optimizer: Which holds it, several with commas; None where none does.
        learning_rate: The largest of the steps watched; None where none stepped it, or it is not
            known.
        mover: One of :data:`MOVERS`: what moved it; None where it does not train, or that is not
            known.
        moved_at: The line that moved it by hand, or that had it lie in the memory of another; None
            where it was not seen, or none did.
        born: What makes it not finite was born at that line; else it was there before, or a step
            made it so.
        late: It was moved by hand after the calls that were watched, so that no line was seen.
        moved_with: Name of the parameter in whose memory it lies, where that moves it.
        copying: ``"from"`` where it is a copy of what an optimizer holds, ``"to"`` where one steps
            copies of it; empty where neither keeps it from training.
        put_back: What each step does to it is undone, by the end of it or before the next backward.
        away: This process holds none of its values: it has none, or is sharded, and only other
            processes can tell whether it trains.
        unfed: The gradient came to a tensor that shares its memory, or was returned by
            ``torch.autograd.grad``, and nothing has put it into the ``.grad`` that the optimizer
            reads.
        heir: What is trained in its place, where it is cut off; None where nothing is.
        rate_at: The line that gave it a learning rate of 0 in every step; None where none is known.
        stopped: Steps moved it, or what it replaced, and the last ones do not: it gets no gradient
            or is frozen, to the end.
        rounding: What arrives at it is no more than what rounding leaves of zero.
        passing: Its gradient is zero for a factor that is still zero and gets gradient itself, and
            no step after which that could be another was seen.
    """

    name: str
    trains: bool | None = None
    why: str | None = None
    file: str | None = None
    line: int | None = None
    code: str | None = None
    moved: int | None = None
    compared: int = 0
    numel: int = 0
    gradient_norm: float | None = None
    update_ratio: float | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    mover: str | None = None
    moved_at: Place | None = None
    born: bool = False
    late: bool = False
    moved_with: str | None = None
    copying: str = ""
    put_back: bool = False
    away: bool = False
    unfed: bool = False
    heir: Heir | None = None
    rate_at: Place | None = None
    stopped: bool = False
    rounding: bool = False
    passing: bool = False

    @property
    def optimizers(self) -> tuple[str, ...]:
        """The names of the optimizers that hold it."""
        return tuple(self.optimizer.split(", ")) if self.optimizer else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerSteps:
    """What one optimizer did while it was watched. Read-only.

    Attributes:
        name: The variable that holds it, or its class.
        kind: Its class; ``"class"`` in the JSON.
        steps: How many steps it made.
        skipped: How many more GradScaler left out.
        held: How many parameters it holds.
    """

    name: str
    kind: str
    steps: int = 0
    skipped: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something was meant to train and does not, or the next step spoils it. Read-only.

    Attributes:
        why: One of :data:`WHYS`, or one of :data:`BESIDES`.
        parameters: Names of those concerned.
        file, line, code: The line to look at; None where that is not known.
        means: What happens, a sentence.
        mend: What usually mends it, a sentence.
    """

    why: str
    parameters: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None
    code: str | None = None
    means: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Whether the parameters of a run, or of a traced step, train. Read-only.

    Attributes:
        backwards: How many backward calls were reported on.
        steps: How many steps of optimizers were seen.
        parameters: The fate of each, in the order of the report.
        optimizers: What each did.
        alarms: What to look at first.
        remarks: What else is worth a clause in the last sentence.
    """

    backwards: int = 0
    steps: int = 0
    parameters: tuple[Fate, ...] = ()
    optimizers: tuple[OptimizerSteps, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    remarks: tuple[str, ...] = ()
