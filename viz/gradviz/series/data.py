"""The numbers of a run over its calls, as frozen plain data.

A column for each call that is kept, a line for each parameter or block.
"""

from dataclasses import dataclass, field

Numbers = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a parameter's verdict is from one call on. Read-only.

    Attributes:
        call: Number of the first backward call of which that is said.
        verdict: One of :class:`gradviz.graph.Verdict`, as text.
        why: What keeps gradient from it; empty where nothing does, or it is not known.
    """

    call: int
    verdict: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One parameter, or one block, over the calls of :class:`Series`. Read-only.

    Attributes:
        name: As in the report; of a block, the path of its module.
        numel: How many elements it has.
        norms: L2 norm of its gradient in each call; None where none arrived, or it was not
            measured.
        ratios: Size of the update after each call, relative to the weight; None where no step was
            looked at.
        weights: L2 norm of its values at that step.
        zeros: Share of its gradient that is exactly zero; None unless values were asked for.
        turns: The calls at which its verdict changed, the first among them. Empty for a block.
    """

    name: str
    numel: int = 0
    norms: Numbers = ()
    ratios: Numbers = ()
    weights: Numbers = ()
    zeros: Numbers = ()
    turns: tuple[Turn, ...] = ()

    def verdict_at(self, call: int) -> Turn | None:
        """Return what was said of it in a call; None before the first."""
        return next((turn for turn in reversed(self.turns) if turn.call <= call), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What the watched calls of a run brought. Read-only.

    Attributes:
        calls: Numbers of the backward calls that are kept, in order.
        watched: How many were watched in all; of a long run, an even spread and the latest are
            kept.
        losses: Value of the loss of each; None where it is not known.
        rounds: Of each the number of its round: calls of one round were watched together, until
            every optimizer had stepped. Empty where each stands alone.
        parameters: A line for each parameter, in the model's order.
    """

    calls: tuple[int, ...] = ()
    watched: int = 0
    losses: Numbers = ()
    rounds: tuple[int, ...] = ()
    parameters: tuple[Line, ...] = field(default=())
