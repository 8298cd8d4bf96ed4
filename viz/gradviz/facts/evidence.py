"""What is seen of parameters and optimizers, before it is judged: frozen plain data. Imports no
torch.
"""

from dataclasses import dataclass

from gradviz.facts.faded import Faded
from gradviz.facts.missed import Missed, Stopped
from gradviz.facts.overflows import Overflow, Throw
from gradviz.facts.training import Heir
from gradviz.graph import NotFinite, Parameter, Place, Verdict


@dataclass(frozen=True, slots=True)
class ConstantTerm:
    """A term of a loss that depends on parameters and that backward() takes for a constant.

    Read-only.

    Attributes:
        parameters: Names of those it depends on, in the order of the graph.
        place: Where its value is severed.
    """

    parameters: tuple[str, ...]
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A call that changed or replaced a gradient between backward and step. Read-only.

    Attributes:
        operation: The torch function.
        scales: It is arithmetic on the gradient; else the gradient was replaced or filled.
        alone: No other line has changed it since it arrived.
        place: The line.
    """

    operation: str
    scales: bool = False
    alone: bool = True
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One parameter in one step of an optimizer. Read-only.

    Attributes:
        optimizer: Its name.
        gradient: Size of the gradient that it stepped with, nan or inf where not finite; None where
            ``.grad`` was None.
        norm: L2 norm of that gradient.
        moved, compared: Elements of the parameter that changed, and that were looked at.
        finite: The parameter was finite after the step.
        ratio: Size of the update relative to the parameter.
        change: Size of the update of an element, as root mean square; None where that is not known.
        holds: Share of the elements with gradient at which the dtype could hold the update
            expected; None where that is not known.
        lr: The learning rate.
        decays: The optimizer has weight decay for it.
        touch: What changed the gradient since it arrived.
        place: The line that stepped.
        wrote: The line of an optimizer's own step that wrote into the parameter last, or else into
            a copy of it; None where none was seen.
        undone: Another line of the step had written into it before.
        arrived: What the backward call just before the step says of it; None where not known.
    """

    optimizer: str
    gradient: float | None = None
    norm: float | None = None
    moved: int = 0
    compared: int = 0
    finite: bool = True
    ratio: float | None = None
    change: float | None = None
    holds: float | None = None
    lr: float | None = None
    decays: bool = False
    touch: Touch | None = None
    place: Place | None = None
    wrote: Place | None = None
    undone: bool = False
    arrived: Parameter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepper:
    """One optimizer, as it was seen. Read-only.

    Attributes:
        name, kind: The variable that holds it, and its class.
        steps: That it made.
        skipped: That GradScaler left out.
        held: Names of the parameters it holds.
        strangers: How many tensors it holds that belong to no parameter reported on.
        empty: How many of its groups hold nothing.
        begun: Something else had read from the generator that it was given.
        of_others: It holds what one that was made before it holds, and steps as often; or it found
            no gradient at any of its steps, while others found gradient at all that
            it holds.
        aside: How many values it holds where no loss uses any of them, and the gradient that it
            steps them by was handed over, as to copies in another type; 0 else.
        made: The line that made it.
        born: When it was made, in the order of things made; None where that was not seen.
        scheduled: Something sets its learning rate: a group has an initial one, and no scheduler
            that is known gives another than it steps with.
        spoilt: After the calls that were watched, the last step that was looked at and left all
            finite, and the first that did not, counted from 1; None where none was. What made it so
            may be the former.
        even: Each backward call had a step of its own, so that they have the same numbers.
        copied_at: The line that made all it holds of parameters that losses use in its place; None
            where none did.
        rests: Of its groups whose learning rate had been above 0 and was 0 in the last steps: the
            last step before these, and the names of what the group holds.
        schedules: What sets its learning rate to 0: a class, or nothing, and the line.
        faded: Of its groups whose learning rate has become next to nothing.
        undone: The first of its steps that something undoes before the next one, all that were
            looked at since, and the name of the parameter that shows it; None where none are.
    """

    name: str
    kind: str
    steps: int = 0
    skipped: int = 0
    held: tuple[str, ...] = ()
    strangers: int = 0
    empty: int = 0
    begun: bool = False
    of_others: bool = False
    aside: int = 0
    made: Place | None = None
    born: int | None = None
    scheduled: bool = False
    spoilt: tuple[int, int] | None = None
    even: bool = False
    copied_at: Place | None = None
    rests: tuple[tuple[int, tuple[str, ...]], ...] = ()
    schedules: tuple[tuple[str, Place], ...] = ()
    faded: tuple[Faded, ...] = ()
    undone: tuple[int, str] | None = None

    def holds_some_of(self, root: str) -> bool:
        """Say whether it holds a parameter of a model, given by its name."""
        return any(name.partition(".")[0] == root for name in self.held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything seen of one parameter. Read-only.

    Attributes:
        name, numel: Of it.
        verdicts: What each backward call said of it.
        stepped: What the last call in front of each of its steps said of it.
        left_out: The line of a call whose ``inputs`` left it out, where every call that reaches it
            did.
        looks: Its steps.
        drift: It changed between two looks at it, by whatever hand; None where two were not taken.
        finite: It was finite when it was last looked at.
        stays_so: It was found not finite twice in a row, so that nobody has put it back.
        replaced: It stands where an optimizer's parameter stood.
        replaced_at: The line that put it there; of one that was left, what was made of it.
        stale_in: Name of the optimizer that holds what it replaced.
        outlived: That optimizer had moved by gradient what it replaced.
        left: No model has it any more, and what was made of its value gets the gradient.
        inherited: An optimizer holds that.
        born: When it was registered, in the order of things made; None where that was not seen.
        frozen_at: The line that made it frozen, or that froze it after steps had moved it.
        birth: Where the first NaN or infinity of the backward calls was born; None where there was
            none, or it is not known.
        thrown: The first step that threw a parameter far away before that; None where none did.
        overflow: The step that made it NaN or infinite, or that made so what the birth came of.
        returned_at: The line of a call that returned its gradient and left none in it, as
            ``torch.autograd.grad`` does, where every call that reaches it did.
        cleared_at: The line that cleared its gradient between two backward calls, before any step.
        dropped_at: The line that set its ``.grad`` to None.
        thawed: It requires grad and has some, as it was last looked at.
        as_began: It was last found as it was at first, after steps that moved it.
        put_back: What each step did to it was undone before the next backward.
        came_spoilt: It was not finite before a backward call that was watched.
        by_hand: It changed, and no step that was looked at did that.
        late: And not before the calls that were watched were over.
        written_at: The line that did that, or that puts it back; None where it was not seen.
        all_zero: Every element that was looked at was zero before every step that was looked at.
        is_last: It belongs to the last layer before each loss that reaches it, which all gradient
            for the rest of its model passes.
        copy_of: The parameter that it was copied from; None where it was not, or that is not known.
        copied_at: The line of the copy; None where it was not seen.
        lies_in: Names of the parameters in whose memory it lies, that optimizers hold.
        feeds: Those of them in whose gradient its own lies.
        laid_at: The line that had it lie where it lies; None where none was seen.
        houses: Some parameter lies in its memory.
        heir: What is trained in its place: a leaf that began with its value and gets the gradient
            in every call that is cut off from it; None where none is.
        stopped: The last steps, where none finds gradient; None where one may.
        missed: Steps that leave it as it is and write to others; None where none does.
        rate_at: The line that gave it a learning rate of 0 in every step; None where none is known.
        rounding: What arrives is rounding, in every call that reaches it, and no step finds more.
        switched: Path of the innermost module around it with an attribute ``requires_grad = True``,
            which thaws nothing; None where none has one.
        switched_at: The only line that can have set that; None where several can.
        discarded_at: The line that computes its step by hand into a tensor that nothing keeps; None
            where none is known.
    """

    name: str
    numel: int = 0
    verdicts: tuple[Parameter, ...] = ()
    stepped: tuple[Parameter, ...] = ()
    left_out: Place | None = None
    looks: tuple[Look, ...] = ()
    drift: bool | None = None
    finite: bool = True
    stays_so: bool = False
    replaced: bool = False
    replaced_at: Place | None = None
    stale_in: str | None = None
    outlived: bool = False
    left: bool = False
    inherited: bool = False
    born: int | None = None
    frozen_at: Place | None = None
    birth: NotFinite | None = None
    thrown: Throw | None = None
    overflow: Overflow | None = None
    returned_at: Place | None = None
    cleared_at: Place | None = None
    dropped_at: Place | None = None
    thawed: bool = False
    as_began: bool = False
    put_back: bool = False
    came_spoilt: bool = False
    by_hand: bool = False
    late: bool = False
    written_at: Place | None = None
    all_zero: bool = False
    is_last: bool = False
    copy_of: str | None = None
    copied_at: Place | None = None
    lies_in: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    laid_at: Place | None = None
    houses: bool = False
    heir: Heir | None = None
    stopped: Stopped | None = None
    missed: Missed | None = None
    rate_at: Place | None = None
    rounding: bool = False
    switched: str | None = None
    switched_at: Place | None = None
    discarded_at: Place | None = None

    @property
    def root(self) -> str:
        """The name of the model that it is of, or its own where it is of none."""
        return self.name.partition(".")[0]

    @property
    def outcomes(self) -> frozenset[Verdict]:
        """The verdicts of its backward calls, without how often each was given."""
        return frozenset(call.verdict for call in self.verdicts)

    @property
    def is_reached(self) -> bool:
        """Whether some backward call brought it gradient."""
        return Verdict.REACHED in self.outcomes

    @property
    def is_always_reached(self) -> bool:
        """Whether no backward call failed to bring it gradient."""
        return self.outcomes <= {Verdict.REACHED}

    @property
    def is_late(self) -> bool:
        """Whether something moved it by hand once nobody saw which line does."""
        return self.late and self.written_at is None

    @property
    def is_elsewhere(self) -> bool:
        """Whether this process has nothing of it: neither values nor gradient, in any step."""
        empty = not any(look.compared or look.gradient for look in self.looks)
        return bool(self.looks) and empty

    @property
    def is_unfed(self) -> bool:
        """Whether its gradient comes to something else than the ``.grad`` that is stepped."""
        return self.houses or self.returned_at is not None

    @property
    def is_undone(self) -> bool:
        """Whether what steps do to it is undone, by the end of each or before the next backward."""
        wrote = [look.undone for look in self.looks if look.wrote is not None]
        return self.put_back or (bool(wrote) and wrote[-1])
