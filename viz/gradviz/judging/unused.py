"""Why a parameter is no part of a loss.

It was never called, never read, or what came of it went elsewhere.

Only what was seen is said.
"""

import ast
import inspect
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gradviz.graph import Parameter, Place, Unused, UnusedReason, Verdict
from gradviz.judging.model_names import Model, Names
from gradviz.recording.reading.expressions import path_of
from gradviz.recording.reading.instructions import position_of
from gradviz.recording.reading.sources import source_of
from gradviz.recording.reading.where import INSIDE, USER, Spot, level
from gradviz.recording.tape import Tape
from gradviz.recording.torch_inside import modules_of
from gradviz.system.lines import getline


def with_reasons(
    tape: Tape, parameters: tuple[Parameter, ...], names: Names, model: Model | None
) -> dict[str, Unused]:
    """Return for each unused parameter why it is, as far as the trace has seen all there was to
    see.
    """
    unused = [parameter.name for parameter in parameters if parameter.verdict is Verdict.UNUSED]
    if tape.began is None:
        return dict.fromkeys(unused, Unused(reason=UnusedReason.UNKNOWN))
    if None in tape.opaque.values():
        return {}
    calls = _Calls(tape, names, model, frozenset(unused)) if unused else None
    return {name: calls.why(name) for name in unused} if calls is not None else {}


_MOST_CALLS = 8  # that make a copy of a parameter, one of the other


@dataclass(slots=True)
class _Ran:
    """How a module ran.

    How often from each line between two backwards, the last line, and whether its class is torch's
    own.
    """

    lines: dict[int, "Counter[tuple[object, int]]"]
    last: Spot
    of_torch: bool

    @property
    def times(self) -> int:
        """How often it ran for one backward: torch's own make one call each time.

        Of the lines of another's forward, each runs as often.
        """
        return max(
            sum(lines.values()) if self.of_torch else min(lines.values())
            for lines in self.lines.values()
        )


class _Calls:
    """Which modules and parameters the calls of a trace took in."""

    def __init__(
        self, tape: Tape, names: Names, model: Model | None, unused: frozenset[str]
    ) -> None:
        self._tape = tape
        self._unused = unused
        self._names = names
        self._modules = _modules(model, names)
        self._by_path: dict[str, _Ran] = {}
        self._outside: dict[int, tuple[nn.Module, Spot]] = {}  # by identity
        modules = [reference() for reference in tape.modules]
        for spot, ended in tape.lines.spots():
            module = modules[spot.module] if 0 <= spot.module < len(modules) else None
            path = None if module is None else names.modules.get(id(module))
            if path is not None:
                of_torch = type(module).__module__.startswith("torch.")
                ran = self._by_path.setdefault(path, _Ran({}, spot, of_torch))
                ran.lines.setdefault(ended, Counter())[spot.code, spot.lasti] += 1
                ran.last = spot
            elif module is not None:
                self._outside[id(module)] = (module, spot)

    def why(self, name: str) -> Unused:
        """Say why a parameter is unused."""
        tensor = self._names.tensors[name]
        elsewhere = self._other_loss(tensor)
        if elsewhere is not None:
            return Unused(reason=UnusedReason.OTHER_LOSS, place=_own_line(elsewhere))
        owner = name.rpartition(".")[0]
        is_bare = owner not in self._modules
        made = self._made_of_used(tensor) if is_bare else None
        if made is not None:
            return Unused(reason=UnusedReason.MADE_OF_USED, place=_line(made))
        took_part = owner in self._by_path or is_bare or self._is_read_in_part(owner)
        read = self._tape.lines.read_at(tensor) or self._severed_read(tensor, anywhere=took_part)
        if read is not None:
            return Unused(reason=UnusedReason.DROPPED, place=_line(read))
        if took_part:
            return Unused(reason=UnusedReason.NEVER_READ)
        twin = next(self._twins(owner, name), None)
        if twin is not None:
            ran = self._by_path[twin]
            return Unused(
                reason=UnusedReason.NEVER_CALLED, place=_line(ran.last), twin=twin, times=ran.times
            )
        return self._instead(owner)

    def _is_read_in_part(self, owner: str) -> bool:
        """Say whether another parameter of a module went into the loss."""
        return any(
            other.rpartition(".")[0] == owner and other not in self._unused
            for other in self._names.tensors
        )

    def _made_of_used(self, tensor: Tensor) -> Spot | None:
        """Return the line that made a tensor of parameters that went into the loss and of nothing
        else, such as copies in another type; None where it was made otherwise, or that is not
        known.
        """
        facts = self._tape.tensors.find(tensor)
        if facts is None or not facts.origin:
            return None
        used = {
            self._tape.leaf_number(other)
            for name, other in self._names.tensors.items()
            if name not in self._unused
        }
        made, behind = self._tape.calls[facts.origin], [facts.origin]
        for _ in range(_MOST_CALLS):
            inputs = {number for made_by in behind for number in self._went_into(made_by)}
            behind = [number for number in inputs if number not in used]
            if not behind:
                return made.spot if inputs else None
        return None

    def _went_into(self, number: int) -> tuple[int, ...]:
        """Return the numbers of what went into a call, or into an autograd node."""
        step = self._tape.steps.get(number)
        if step is not None:
            return step.nexts
        return tuple(before for before, _ in self._tape.calls[number].inputs)

    def _other_loss(self, tensor: Tensor) -> Spot | None:
        """Return the line of the last backward that brought a parameter gradient, though it is no
        part of this loss.
        """
        number = self._tape.leaf_number(tensor)
        ran = [
            backward
            for backward in self._tape.backwards
            if backward.observation is not None and number in backward.observation.arrivals
        ]
        return ran[-1].spot if ran else None

    def _severed_read(self, tensor: Tensor, *, anywhere: bool) -> Spot | None:
        """Return the last line of a call that autograd did not record and that took a
        parameter in.

        Of a module that never ran, only what a forward read: that it was moved, copied, saved or
        loaded is not why it is unused.
        """
        number = self._tape.leaf_number(tensor)
        if number is None:
            return None
        spots = [
            call.spot
            for call in self._tape.calls.values()
            if (anywhere or call.spot.module >= 0)
            and any(before == number for before, _ in call.inputs)
        ]
        return spots[-1] if spots else None

    def _instead(self, owner: str) -> Unused:
        """Say what ran in place of a module that was never called.

        A copy of it, or not even the line that calls it.
        """
        module = self._modules.get(owner)
        copy = (
            None
            if module is None
            else next(
                (spot for other, spot in self._outside.values() if _is_copy(other, module)), None
            )
        )
        if copy is not None:
            return Unused(reason=UnusedReason.COPIED, place=_line(copy))
        steps = owner.split(".")
        paths = [".".join(steps[:length]) for length in range(len(steps) + 1)]
        first = next(
            (place for place, path in enumerate(paths) if path and not self._ran(path)), None
        )
        if first is None:
            return Unused(reason=UnusedReason.NEVER_CALLED)
        # Which ran; below the first that did not, nothing could
        holder = self._modules.get(paths[first - 1])
        lines = () if holder is None else calls_of(type(holder), steps[first - 1])
        below = (self._called_elsewhere(name) for name in steps[first - 1 :])
        lines = lines or next((called for called in below if called), ())
        return (
            Unused(reason=UnusedReason.NOT_RUN, place=lines[0])
            if lines
            else Unused(reason=UnusedReason.NEVER_CALLED)
        )

    def _called_elsewhere(self, name: str) -> tuple[Place, ...]:
        """Return the one line of the files at hand that calls a module by its name; nothing where
        several do, where several modules are called so, or where that line ran, for another model.
        """
        named = [path for path in self._modules if path.rpartition(".")[2] == name]
        if len(named) != 1 or name == type(self._modules[named[0]]).__name__:
            return ()  # a class's name makes a module, and calls none
        ran = {
            (code, lasti)
            for spot, _ in self._tape.lines.spots()
            for code, lasti in ((spot.code, spot.lasti), (spot.caller, spot.caller_lasti))
            if code is not None
        }
        lines = calls_in({code.co_filename for code, _ in ran}, name)
        if len(lines) != 1 or any(_stands_at(lines[0], *instruction) for instruction in ran):
            return ()
        return lines

    def _ran(self, path: str) -> bool:
        """Say whether a module, or one inside it, was called."""
        return any(ran == path or ran.startswith(f"{path}.") for ran in self._by_path)

    def _twins(self, owner: str, name: str) -> Iterator[str]:
        """Yield the modules of this loss that stand beside the owner, are built like it, and ran
        several times for one backward.
        """
        steps = owner.split(".")
        shape = _shape(self._names.tensors[name])
        last = name.rpartition(".")[2]
        for path, ran in self._by_path.items():
            other = path.split(".")
            differ = [
                position
                for position, pair in enumerate(zip(steps, other, strict=False))
                if pair[0] != pair[1]
            ]
            if len(other) != len(steps) or len(differ) != 1 or ran.times < 2:
                continue
            like = self._names.classes.get(path) == self._names.classes.get(owner)
            tensor = self._names.tensors.get(f"{path}.{last}")
            if (
                like
                and tensor is not None
                and _shape(tensor) == shape
                and f"{path}.{last}" not in self._unused
            ):
                yield path


def _stands_at(line: Place, code: CodeType, lasti: int) -> bool:
    """Say whether an instruction stands at a line."""
    position = position_of(code, lasti) if code.co_filename == line.file else None
    return position is not None and position[0] <= line.line <= position[2]


def _line(spot: Spot) -> Place | None:
    return spot.calling_place or spot.place


def _own_line(spot: Spot) -> Place | None:
    """Return the user's own line; none where gradviz itself made the call, for a command or a
    test.
    """
    is_own = spot.code is not None and level(spot.code.co_filename) == USER
    return spot.calling_place or (spot.place if is_own else None)


def _modules(model: Model | None, names: Names) -> dict[str, nn.Module]:
    """Return the modules of a model by path."""
    roots = (
        [model]
        if isinstance(model, nn.Module)
        else [part for part in (model or {}).values() if isinstance(part, nn.Module)]
    )
    return {
        names.modules[id(module)]: module
        for root in roots
        for module in modules_of(root)
        if id(module) in names.modules
    }


def _is_copy(other: nn.Module, module: nn.Module) -> bool:
    """Say whether two modules of one class hold parameters of the same values."""
    if type(other) is not type(module):
        return False
    pairs = [*zip(other.parameters(), module.parameters(), strict=False)]
    if not pairs or any(
        is_lazy(left) or left.is_meta or left.shape != right.shape or left.dtype != right.dtype
        for left, right in pairs
    ):
        return False
    return all(left.device == right.device and torch.equal(left, right) for left, right in pairs)


def _shape(tensor: Tensor) -> tuple[int, ...]:
    """Return the sizes of a parameter; of a lazy one that has none yet, none."""
    return () if is_lazy(tensor) else tuple(tensor.shape)


# Where the source of a class, or of a function that is given the model, calls a module.


def calls_of(kind: type, attribute: str) -> tuple[Place, ...]:
    """Return the lines of a class, and of those it is derived from, that call what ``self`` holds
    under a name.
    """
    bases = [base for base in kind.__mro__ if issubclass(base, nn.Module) and base is not nn.Module]
    return tuple(place for base in bases for name, place in _calls(base) if name == attribute)  # type: ignore[arg-type]


def calls_in(files: Iterable[str], attribute: str) -> tuple[Place, ...]:
    """Return the lines of some files that call what an object other than ``self`` holds under a
    name: ``net.head(h)``.
    """
    own = (file for file in files if level(file) != INSIDE)
    return tuple(
        Place(file, line, getline(file, line).strip())
        for file in own
        for name, line in _called_on_others(file)
        if name == attribute
    )


@lru_cache(maxsize=128)
def _called_on_others(file: str) -> tuple[tuple[str, int], ...]:
    source = source_of(file)
    called: dict[tuple[str, int], None] = {}
    for node in () if source is None else ast.walk(source.tree):
        function = node.func if isinstance(node, ast.Call) else None
        if isinstance(function, ast.Attribute):
            holder = path_of(function.value)[0]
            if holder is not None and holder != ("self",):
                called[function.attr, function.end_lineno or function.lineno] = None
    return tuple(called)


@lru_cache(maxsize=1024)
def _calls(kind: type) -> tuple[tuple[str, Place], ...]:
    try:
        file = inspect.getsourcefile(kind)
        lines, first = inspect.getsourcelines(kind)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return ()
    if file is None or level(file) == INSIDE:
        return ()
    return tuple(
        (name, Place(file, first + line - 1, lines[line - 1].strip()))
        for name, line in _called_on_self(tree)
    )


def _called_on_self(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for method in ast.walk(tree):
        if not isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) or not method.args.args:
            continue
        own = method.args.args[0].arg
        for node in ast.walk(method):
            function = node.func if isinstance(node, ast.Call) else None
            if (
                isinstance(function, ast.Attribute)
                and isinstance(function.value, ast.Name)
                and function.value.id == own
            ):
                yield function.attr, function.lineno
