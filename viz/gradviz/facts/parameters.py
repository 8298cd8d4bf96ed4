"""The parameters of a report, by name."""

import difflib
from collections.abc import Iterable, Iterator, Mapping

from gradviz.graph import Parameter


def _no_such(name: object, names: Iterable[str]) -> str:
    """Say that there is no such parameter, and which was likely meant."""
    close = difflib.get_close_matches(str(name), list(names), n=1, cutoff=0.6)
    return f"{name}: no such parameter" + (f"; did you mean {close[0]}?" if close else "")


class Parameters(Mapping[str, Parameter]):
    """The parameters of a report by name, in the model's order.

    A tied parameter answers to each of its names. A name that there is none of raises a KeyError
    that says which was likely meant.
    """

    __slots__ = ("__weakref__", "_by_name", "_names")

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        self._names = tuple(parameter.name for parameter in parameters)
        self._by_name = {
            name: parameter
            for parameter in parameters
            for name in (*parameter.names, parameter.name)
        }

    def __getitem__(self, name: str) -> Parameter:
        try:
            return self._by_name[name]
        except KeyError:
            raise KeyError(_no_such(name, self._by_name)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        """Return a line for each parameter, of many the first; ``dict(parameters)`` has all."""
        shown = [
            f"  {name!r}: {parameter.verdict}{', partial' if parameter.partial else ''}"
            f" {parameter.shape}"
            for name, parameter in list(self.items())[: len(self) if len(self) <= 10 else 8]
        ]
        rest = len(self) - len(shown)
        lines = [f"{len(self)} parameters:" if len(self) != 1 else "1 parameter:", *shown]
        return "\n".join([*lines, *([f"  and {rest} more"] if rest else [])])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameters) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]  # as any mapping
