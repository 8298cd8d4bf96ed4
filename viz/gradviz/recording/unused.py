"""Why a parameter is no part of a loss: it was never called, never read, or what came of it was dropped. Only what was seen is said."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor
from torch.nn.parameter import is_lazy

from gradviz.graph import Parameter, Unused, UnusedReason, Verdict
from gradviz.recording.build import Names
from gradviz.recording.tape import Tape
from gradviz.recording.where import Spot


def with_reasons(tape: Tape, parameters: tuple[Parameter, ...], names: Names) -> dict[str, Unused]:
    """Return for each unused parameter why it is, as far as the trace has seen all there was to see."""
    unused = [one.name for one in parameters if one.verdict is Verdict.UNUSED]
    if tape.began is None:
        return dict.fromkeys(unused, Unused(reason=UnusedReason.UNKNOWN))
    if tape.made_before or tape.opaque:
        return {}
    calls = _Calls(tape, names) if unused else None
    return {name: calls.why(name) for name in unused} if calls is not None else {}


@dataclass(slots=True)
class _Ran:
    """How a module ran: how often from each line, the last line, and whether its class is torch's own."""

    lines: "Counter[tuple[object, int]]"
    last: Spot
    of_torch: bool


class _Calls:
    """Which modules and parameters the calls of a trace took in."""

    def __init__(self, tape: Tape, names: Names) -> None:
        self._tape = tape
        self._names = names
        self._by_path: dict[str, _Ran] = {}
        modules = [reference() for reference in tape.modules]
        for spot in tape.spots():
            module = modules[spot.module] if 0 <= spot.module < len(modules) else None
            path = None if module is None else names.modules.get(id(module))
            if path is not None:
                of_torch = type(module).__module__.startswith("torch.")
                ran = self._by_path.setdefault(path, _Ran(Counter(), spot, of_torch))
                ran.lines[spot.code, spot.lasti] += 1
                ran.last = spot

    def why(self, name: str) -> Unused:
        """Say why a parameter is unused."""
        tensor = self._names.tensors[name]
        read = self._tape.read_at(tensor) or self._severed_read(tensor)
        if read is not None:
            return Unused(reason=UnusedReason.DROPPED, place=read.calling_place or read.place)
        owner = name.rpartition(".")[0]
        if owner in self._by_path or not owner:
            return Unused(reason=UnusedReason.NEVER_READ)
        twin = next(self._twins(owner, name), None)
        if twin is None:
            return Unused(reason=UnusedReason.NEVER_CALLED)
        ran = self._by_path[twin]
        return Unused(reason=UnusedReason.NEVER_CALLED, place=ran.last.calling_place or ran.last.place, twin=twin, times=_times(ran))

    def _severed_read(self, tensor: Tensor) -> Spot | None:
        """Return the last line of a call that autograd did not record and that took a parameter in."""
        number = self._tape.leaf_number(tensor)
        if number is None:
            return None
        spots = [call.spot for call in self._tape.calls.values() if any(before == number for before, _ in call.inputs)]
        return spots[-1] if spots else None

    def _twins(self, owner: str, name: str) -> Iterator[str]:
        """Yield the modules that stand beside the owner, are built like it, and ran several times."""
        if len(self._tape.backwards) > 1:
            return  # the calls of several steps are not told apart
        steps = owner.split(".")
        shape = _shape(self._names.tensors[name])
        last = name.rpartition(".")[2]
        for path, ran in self._by_path.items():
            other = path.split(".")
            differ = [position for position, pair in enumerate(zip(steps, other, strict=False)) if pair[0] != pair[1]]
            if len(other) != len(steps) or len(differ) != 1 or _times(ran) < 2:
                continue
            like = self._names.classes.get(path) == self._names.classes.get(owner)
            tensor = self._names.tensors.get(f"{path}.{last}")
            if like and tensor is not None and _shape(tensor) == shape:
                yield path


def _shape(tensor: Tensor) -> tuple[int, ...]:
    """Return the sizes of a parameter; of a lazy one that has none yet, none."""
    return () if is_lazy(tensor) else tuple(tensor.shape)


def _times(ran: _Ran) -> int:
    """How often a module ran: torch's own make one call each time; of the lines of another's forward, each runs as often as it does."""
    return sum(ran.lines.values()) if ran.of_torch else min(ran.lines.values())
