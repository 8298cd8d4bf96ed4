"""What a way of losing gradient is: how it is recognised, what it means and what mends it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind


class LeavesAs(StrEnum):
    """What becomes of a value in a torch function that loses its gradient."""

    RESULT = "result"  # the result has no history
    NUMBER = "number"  # the result is a Python number, or an array
    TEXT = "text"  # the result is a text
    MEMORY = "memory"  # the result gives access to the tensor's memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Severed:
    """A call that severs, as :attr:`Cause.recognises` is shown it. Read-only.

    Attributes:
        call: Name of the torch function, ``"detach"``.
        kind: What kind of cut it is.
        file: Path of the innermost code outside torch; empty where unknown.
        function: Qualified name of the function in which that code stands, ``"Quantiser.forward"``.
    """

    call: str
    kind: CutKind
    file: str
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A way of losing gradient. Read-only.

    Attributes:
        kind: The kind of cut that it is, or is a case of.
        explanation: What it means and what mends it; None where the explanation of its kind serves.
        calls: How a person writes each torch function by which it happens, by the function's name;
            empty where that follows from the name.
        leaves_as: What becomes of the value in them.
        within_torch: A call counts also where torch's own code makes it.
        back: Calls that bring the memory back and that no mode sees, by their names in
            ``torch_inside.ENTRANCES``.
        operations: Cuts that it explains, by how they are written; empty for all of the kind.
        plain: These need no more explanation than the kind itself.
        recognises: For a package of the user's own: says whether a call is this cause. Its cut is
            then written as the first of ``operations``.
    """

    kind: CutKind
    explanation: Explanation | None = None
    calls: Mapping[str, str] = field(default_factory=dict)
    leaves_as: LeavesAs = LeavesAs.RESULT
    within_torch: bool = False
    back: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    plain: bool = False
    recognises: Callable[[Severed], bool] | None = None
