"""The steps that made a parameter infinite, or threw it far away. Imports no torch."""

from dataclasses import dataclass

from gradviz.graph import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """A step that made a finite parameter NaN or infinite with a finite gradient. Read-only.

    Attributes:
        kind: The class of the optimizer.
        dtype: The type of the parameter.
        eps: What keeps the optimizer from dividing by zero, where that type holds it as 0.
        place: The line that stepped, or that wrote into the parameter in the step.
        lr: The learning rate of the parameter's group.
    """

    kind: str
    dtype: str
    eps: float | None = None
    place: Place | None = None
    lr: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Throw:
    """A step that moved a parameter by many times its size, and left it finite. Read-only.

    Attributes:
        name: Of the parameter.
        calls: How many backward calls came before.
        ratio: Size of the update relative to the parameter.
        lr: The learning rate of its group.
        place: The line that stepped.
    """

    name: str
    calls: int
    ratio: float
    lr: float | None = None
    place: Place | None = None
