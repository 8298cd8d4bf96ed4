"""What a long report says in a line each: what is so on purpose, or no fault of the model's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from gradviz.causes import is_plain
from gradviz.facts.findings import Findings
from gradviz.graph import Cut, Leaf, Parameter, Place, Verdict
from gradviz.render.adapters import fold
from gradviz.render.sentences import agreeing, counted, cut_at, listing
from gradviz.system.short_places import file_and_line


@dataclass(frozen=True, slots=True)
class Calm:
    """What need not be explained. Read-only.

    Attributes:
        cuts: Those that sever one route of several, as a stop-gradient does.
        parameters: The frozen ones, and those whose gradient is zero in this step alone.
        leaves: Tensors that gradient reaches, and that are not made to be parameters.
    """

    cuts: tuple[Cut, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    leaves: tuple[Leaf, ...] = ()

    @classmethod
    def of(cls, report: Findings, aside: Iterable[Cut], parameters: Iterable[Parameter]) -> "Calm":
        """Return what is calm of a report.

        Args:
            report: Whose leaves they are.
            aside: Cuts that leave every parameter another route.
            parameters: Those that are told of.
        """
        return cls(
            tuple(cut for cut in aside if is_plain(cut)),
            tuple(
                parameter
                for parameter in parameters
                if parameter.verdict is Verdict.FROZEN
                or (parameter.zero is not None and parameter.zero.passing)
            ),
            tuple(leaf for leaf in report.unregistered if not leaf.is_parameter),
        )

    def lines(self, parameters: Mapping[str, Parameter]) -> Iterator[str]:
        """Yield a line for each kind; names are those of ``parameters``."""
        if self.cuts:
            clauses = [
                f"{_folded(names, parameters)} by {listing([*map(cut_at, cuts)])}"
                for names, cuts in _by_names(self.cuts)
            ]
            yield f"Cut on one route, alive on another, often on purpose: {'; '.join(clauses)}."
        frozen = [own for own in self.parameters if own.verdict is Verdict.FROZEN]
        zeros = [own for own in self.parameters if own.verdict is not Verdict.FROZEN]
        if zeros:
            names = _folded([own.name for own in zeros], parameters)
            at = _at(own.zero.place for own in zeros if own.zero)
            yield f"Zero until a factor moves that is still zero: {names}{at}."
        if frozen:
            names = _folded([own.name for own in frozen], parameters)
            yield f"Frozen: {names}{_at(own.frozen_at for own in frozen)}."
        if self.leaves:
            tensors = counted(len(self.leaves), "tensor")
            are = agreeing(len(self.leaves), "is no parameter", "are no parameters")
            at = _at(leaf.place for leaf in self.leaves)
            yield f"Gradient also reaches {tensors} that {are} of the model{at}."


def _by_names(cuts: Sequence[Cut]) -> list[tuple[tuple[str, ...], list[Cut]]]:
    """Return cuts with the parameters behind them, each parameter named once: cuts that share one
    stand together.
    """
    groups: list[tuple[tuple[str, ...], list[Cut]]] = []
    for cut in cuts:
        same = [group for group in groups if not set(group[0]).isdisjoint(cut.parameters)]
        groups = [group for group in groups if group not in same]
        names = dict.fromkeys(
            name for names in (*(names for names, _ in same), cut.parameters) for name in names
        )
        groups.append((tuple(names), [*chain.from_iterable(some for _, some in same), cut]))
    return groups


def _folded(names: Sequence[str], parameters: Mapping[str, Parameter]) -> str:
    return listing([str(group) for group in fold(names, parameters)])


def _at(places: Iterable[Place | None]) -> str:
    lines = dict.fromkeys(
        file_and_line(place.file, place.line) for place in places if place is not None
    )
    return f", at {listing([*lines])}" if lines else ""
