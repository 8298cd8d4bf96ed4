"""What a call writes beside its result.

Arguments that an operator declares to write, and the running statistics of a norm.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from gradviz.recording.torch_inside import written_by_schema


class Argument(NamedTuple):
    """Where a function takes an argument."""

    position: int
    name: str

    def of(self, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """Return what a call gives for it; None where it gives nothing."""
        return args[self.position] if self.position < len(args) else kwargs.get(self.name)


class Statistics(NamedTuple):
    """How a norm takes its running statistics.

    Attributes:
        mean, variance: The buffers.
        trains: Whether they are written, and not read.
        default: Of ``trains``.
    """

    mean: Argument
    variance: Argument
    trains: Argument
    default: bool

    def written(self, args: Any, kwargs: Mapping[str, Any]) -> tuple[Tensor, ...]:
        """Return the buffers that a call writes; none where it reads them."""
        trains = self.trains.of(args, kwargs)
        if not (self.default if trains is None else trains):
            return ()
        buffers = (self.mean.of(args, kwargs), self.variance.of(args, kwargs))
        return tuple(buffer for buffer in buffers if isinstance(buffer, Tensor))

    def without(
        self, args: Any, kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return what a call is given but for the buffers."""
        places, names = zip(self.mean, self.variance, strict=True)
        kept = tuple(None if place in places else value for place, value in enumerate(args))
        return kept, {name: value for name, value in kwargs.items() if name not in names}


def _statistics(mean: int, trains: tuple[int, str], *, default: bool) -> Statistics:
    return Statistics(
        Argument(mean, "running_mean"),
        Argument(mean + 1, "running_var"),
        Argument(*trains),
        default,
    )


# torch.nn.functional's are written in Python; torch's own take weight and bias first.
_IN_PYTHON = {
    "batch_norm": _statistics(1, (5, "training"), default=False),
    "instance_norm": _statistics(1, (5, "use_input_stats"), default=True),
}
_IN_C = {
    "batch_norm": _statistics(3, (5, "training"), default=False),
    "instance_norm": _statistics(3, (5, "use_input_stats"), default=True),
    "native_batch_norm": _statistics(3, (5, "training"), default=False),
}


def statistics_of(func: Callable[..., Any], name: str) -> Statistics | None:
    """Return how a function takes running statistics; None where it has none."""
    return (_IN_PYTHON if hasattr(func, "__code__") else _IN_C).get(name)


def written_arguments(func: Callable[..., Any]) -> tuple[Argument, ...]:
    """Return the arguments that an operator declares to write."""
    return tuple(Argument(*place) for place in written_by_schema(func))


def targets(
    arguments: tuple[Argument, ...], args: Any, kwargs: Mapping[str, Any]
) -> tuple[Tensor, ...]:
    """Return the tensors that a call gives for some arguments.

    ``out=`` is looked at for every call.
    """
    given = [argument.of(args, {} if argument.name == "out" else kwargs) for argument in arguments]
    return tuple(
        item
        for value in given
        for item in (value if isinstance(value, (list, tuple)) else (value,))
        if isinstance(item, Tensor)
    )
