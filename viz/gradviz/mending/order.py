"""What a trial is to run. Imports no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from gradviz.system.plain import decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What a trial counts of the memory that modules keep for a backward. Read-only.

    Attributes:
        backward: Number of the backward call at whose beginning it is counted.
        change: ``"freeze"`` or ``"no_grad"``, done to one module; empty for the script as it is.
        runs_first: That module lies in the module that was this one, from 0 on, to run.
        path: Where in it; empty for that module itself.
    """

    backward: int
    change: str = ""
    runs_first: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One step, and the source that it is to run with. Read-only.

    Attributes:
        step: ``package.module:function``, ``file.py:function``, a script, or the name of a module.
        folder: Where it is run.
        arguments: What a script is called with.
        module: The step is the name of a module that is run as a script, as by ``python -m``.
        backward: Of a script, the numbers of the backward calls to look at; empty for all up to the
            first step of every optimizer.
        sources: The bytes that stand in the place of a file's own, by its path.
        result: File to write the outcome to.
        timed: Run the step several times for its time, and do not trace it.
        experiment: Run the script to count what its modules keep, and do not trace it; None where
            it is traced.
        onward: Run the step again, or the script on, and do not trace it.
    """

    step: str
    folder: str
    arguments: tuple[str, ...] = ()
    module: bool = False
    backward: str = ""
    sources: Mapping[str, bytes] = field(default_factory=dict)
    result: str = ""
    timed: bool = False
    experiment: Experiment | None = None
    onward: bool = False

    @property
    def is_script(self) -> bool:
        return self.module or self.step.endswith(".py")

    def to_text(self) -> str:
        """Return it as JSON, for another process to read."""
        return json.dumps(encode(self))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return what :meth:`to_text` wrote."""
        order: Self = decode(cls, json.loads(text), "order")
        return order
