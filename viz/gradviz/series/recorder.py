"""Takes in one watched call after another and keeps an even spread of them, so that memory and file
stay small however long the run.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from gradviz.graph import Graph, NodeKind, Parameter, Verdict
from gradviz.series.data import Line, Series, Turn

MOST_CALLS = 256  # columns that are kept
_FEWEST_CALLS = 32
_MOST_CELLS = 100_000  # columns times parameters
_MOST_TURNS = 32  # of one parameter
_DIGITS = 6  # significant, so that the file stays small


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a step did to one parameter. Read-only.

    Attributes:
        ratio: Size of the update, relative to the weight; None where it is not known.
        weight: L2 norm of the weight; None where it is not known.
    """

    ratio: float | None = None
    weight: float | None = None


@dataclass(slots=True)
class _Column:
    """One call, as it is kept."""

    call: int
    order: int  # of its round, among those watched
    loss: float | None
    norms: dict[str, float] = field(default_factory=dict)
    zeros: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


class SeriesRecorder:
    """The numbers of a run, as they come.

    Of calls that make up a round, all are kept or none: else one of two losses that take turns
    would be all that is left.
    """

    def __init__(self, most: int = MOST_CALLS) -> None:
        self._most = most
        self._columns: list[_Column] = []
        self._watched = 0
        self._by_rounds = False  # else each call stands alone
        self._round = -1  # the number of the last one
        self._stride = 1  # one of so many rounds is kept
        self._numels: dict[str, int] = {}
        self._turns: dict[str, list[Turn]] = {}

    def begins_round(self) -> None:
        """The next call begins a round, and those after it belong to it."""
        self._by_rounds = True
        self._next_round()

    def _next_round(self) -> None:
        """Let go of a round that was kept only until the next."""
        if self._round % self._stride:
            self._columns = [column for column in self._columns if column.order != self._round]
        self._round += 1

    def take(
        self,
        call: int,
        parameters: Mapping[str, Parameter],
        zeros: Mapping[str, float],
        loss: float | None = None,
    ) -> None:
        """Take in a backward call.

        Args:
            call: Its number.
            parameters: What its report says of each parameter.
            zeros: Share of each gradient that is exactly zero, where that was measured.
            loss: Value of its loss.
        """
        if not self._by_rounds:
            self._next_round()
        column = _Column(
            call,
            self._round,
            _short(loss),
            zeros={name: _rounded(share) for name, share in zeros.items()},
        )
        for name, parameter in parameters.items():
            self._numels.setdefault(name, parameter.numel)
            if parameter.gradient_norm is not None:
                column.norms[name] = _rounded(parameter.gradient_norm)
            self._turn(name, Turn(call=call, verdict=str(parameter.verdict), why=why(parameter)))
        self._columns.append(column)
        self._watched += 1
        if len(self._columns) > max(
            _FEWEST_CALLS, min(self._most, _MOST_CELLS // max(len(self._numels), 1))
        ):
            self._thin()

    def stepped(self, steps: Mapping[str, Update]) -> None:
        """Take in what the step after the last call did, by parameter."""
        if not self._columns:
            return
        last = self._columns[-1]
        for name, step in steps.items():
            if step.ratio is not None:
                last.ratios[name] = _rounded(step.ratio)
            if step.weight is not None:
                last.weights[name] = _rounded(step.weight)

    def series(self) -> Series | None:
        """Return what is kept; None where nothing was taken in."""
        if not self._columns:
            return None
        columns = self._columns
        return Series(
            calls=tuple(column.call for column in columns),
            watched=self._watched,
            losses=tuple(column.loss for column in columns),
            rounds=tuple(column.order for column in columns) if self._by_rounds else (),
            parameters=tuple(
                Line(
                    name=name,
                    numel=numel,
                    norms=tuple(column.norms.get(name) for column in columns),
                    ratios=tuple(column.ratios.get(name) for column in columns),
                    weights=tuple(column.weights.get(name) for column in columns),
                    zeros=tuple(column.zeros.get(name) for column in columns),
                    turns=tuple(self._turns[name]),
                )
                for name, numel in self._numels.items()
            ),
        )

    def _turn(self, name: str, turn: Turn) -> None:
        turns = self._turns.setdefault(name, [])
        if not turns or (turns[-1].verdict, turns[-1].why) != (turn.verdict, turn.why):
            turns.append(turn)
            del turns[1:-_MOST_TURNS]

    def _thin(self) -> None:
        """Keep every second round, and the last one until the next comes."""
        self._stride *= 2
        self._columns = [
            column
            for column in self._columns
            if column.order % self._stride == 0 or column.order == self._round
        ]


def why(parameter: Parameter) -> str:
    """Return in a few words what keeps gradient from a parameter.

    Empty where nothing does, or it is not known.
    """
    if parameter.verdict is Verdict.ZERO and parameter.zero is not None:
        return parameter.zero.why
    if parameter.verdict is Verdict.CUT and parameter.cuts:
        cut = parameter.cuts[0]
        return f"{cut.operation} at {cut.file}:{cut.line}" if cut.file else cut.operation
    if parameter.verdict is Verdict.FROZEN:
        return "" if parameter.frozen_at is None else f"frozen at {parameter.frozen_at}"
    return ""


def _short(number: float | None) -> float | None:
    return None if number is None else _rounded(number)


def _rounded(number: float) -> float:
    """Return a number rounded to the digits that are kept."""
    if number == 0 or not math.isfinite(number):
        return float(number)
    return float(f"{number:.{_DIGITS}g}")


def zeros_of(graph: Graph) -> dict[str, float]:
    """Return the share of exact zeros in the gradient of each parameter, where values were
    measured.
    """
    return {
        node.name: node.incoming[0].zeros
        for node in graph.nodes
        if node.kind is NodeKind.PARAMETER and node.incoming and node.incoming[0] is not None
    }
