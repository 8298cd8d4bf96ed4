"""Steps of an optimizer that leave a parameter as it is, though earlier ones moved it. Imports no
torch.
"""

from dataclasses import dataclass

from gradviz.graph import Cut, Place


@dataclass(frozen=True, slots=True, order=True)
class Missed:
    """Steps that leave a parameter as it is. Read-only.

    Attributes:
        missed: How many.
        since: Of how many last ones.
        is_frozen: It does not require grad at the end.
        as_of: The step after which that was so, and how many there were, where the optimizer was
            gone by the end.
    """

    missed: int
    since: int
    is_frozen: bool = False
    as_of: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The last steps of an optimizer, which found no gradient at a parameter. Read-only.

    Attributes:
        steps: How many, at least.
        optimizer: Its name.
        as_of: The last of them that was looked at, and how many steps there were, where the
            parameter was gone by the end.
        why: ``"cut"`` where each backward call of them that was watched is cut off from the
            parameter, or none came as autograd was switched off; ``"unused"`` where no loss uses
            it; ``"zero"`` where all that arrives is zero; ``"cleared"`` and ``"clipped"`` as in
            :data:`gradviz.facts.training.WHYS`; ``"unseen"`` where they ran in a thread that is not
            traced.
        cut: What cuts it off in all of these; None where that is not known.
        place: The line of that, or of what takes the gradient away; None where it is not known.
        has_zeros: The gradient of an earlier call was set to zero and is still there, so that a
            step may move it all the same: by weight decay, or by what it remembers.
    """

    steps: int
    optimizer: str = ""
    as_of: tuple[int, int] | None = None
    why: str = "unused"
    has_zeros: bool = False
    cut: Cut | None = None
    place: Place | None = None
