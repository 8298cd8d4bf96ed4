"""A backward call as it was seen, and an optimizer's step after it: plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradviz.facts.calls import CallKind, CallName
from gradviz.graph import Place
from gradviz.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class BackwardCall:
    """One call of backward, or of ``torch.autograd.grad``. Read-only.

    Attributes:
        number: Counted from 1, in this process; ``grad`` calls are counted apart.
        kind: What was called.
        report: Of its loss, over every parameter of the script.
        place: The innermost line outside torch that called it; None where unknown.
        caller: The user's own line, where ``place`` is in a library.
        failed: What the call itself raised; empty where it went well.
        names: The parameters' names by identity.
        roots: What the models are called.
        watched: It was traced; else only the graph that was left is known.
        when: Where in its training a framework says that it is, ``"epoch 0, batch 2"``; empty where
            none says.
        waits: Its parameters are in a DistributedDataParallel that waits for the gradient of each.
    """

    number: int
    kind: CallKind = CallKind.BACKWARD
    report: Report
    place: Place | None = None
    caller: Place | None = None
    failed: str = ""
    names: Mapping[int, str] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    watched: bool = True
    when: str = ""
    waits: bool = False

    @property
    def name(self) -> CallName:
        """Its kind, its number and its loss."""
        return CallName(self.kind, self.number, self.report.loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerStep:
    """What an optimizer is about to step, after some backward calls. Read-only.

    Attributes:
        optimizer: The variable that holds it, or its class.
        kind: Its class.
        calls: Numbers of the backward calls since the step before, those not reported on among
            them.
        held: Names of the parameters it steps.
        starved: Those that require grad and got none: the alarm.
        waiting: Those that no loss has used so far, and that a later one may still.
        zero: Those that got nothing but zeros.
        older: Those that none of these calls reached, and that it steps by a gradient left from
            before.
        idle: Those that these losses do not reach and that have their own: another optimizer holds
            them too, or an earlier call reached them, of any line where they are no part of these
            losses, else of the same line.
        frozen: Those that do not require grad.
        stale: What stands where others stood that it holds still.
        unwatched: Numbers of those of the calls that were not reported on.
        extra: Parameters that got gradient and that it does not hold, by the optimizer that does,
            several joined by "and"; ``""`` for none.
        prevented: gradviz ends the script before this step, as was asked for.
        discarded_at: The line that cleared, before the next backward, what these calls brought, of
            those reported on all but the last.
    """

    optimizer: str
    kind: str
    calls: tuple[int, ...]
    held: tuple[str, ...] = ()
    starved: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    zero: tuple[str, ...] = ()
    older: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    unwatched: tuple[int, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prevented: bool = False
    discarded_at: Place | None = None

    @property
    def holds_others(self) -> bool:
        """No gradient reached anything it holds, and what gradient reached no optimizer holds."""
        return bool(self.starved) and len(self.starved) == len(self.held) and "" in self.extra
