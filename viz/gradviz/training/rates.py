"""The learning rates of an optimizer over its steps, and what sets them.

A rate of 0 leaves everything as it is, though the optimizer writes. Every step is asked, also where
nothing else of it is looked at, so this reads one entry of each group.
"""

import ast
import weakref
from collections.abc import Mapping
from linecache import getlines

from torch.optim import Optimizer

from gradviz.graph import Place
from gradviz.recording.torch_inside import rates_given
from gradviz.recording.where import Spot

_RESTS = 3  # steps: one or two may come before a schedule begins anew
_MOST = 64  # groups


class Rates:
    """At which steps the learning rate of each group was above 0, and what schedulers there are."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}  # by group: the last such step
        self._held: dict[int, tuple[int, ...]] = {}  # and what it holds, by identity
        self._made: list[tuple[weakref.ref[object], str, Spot]] = []

    def made(self, scheduler: object, spot: Spot) -> None:
        """A scheduler was made at a line."""
        self._made.append((weakref.ref(scheduler), type(scheduler).__name__, spot))

    @property
    def is_overruled(self) -> bool:
        """Whether there are schedulers, and none of them gives a rate of 0."""
        return bool(self._made) and not any(_gives_zero(own()) for own, _, _ in self._made)

    def took(self, optimizer: Optimizer, step: int) -> None:
        """A step is over, by its number."""
        for place, group in enumerate(optimizer.param_groups[:_MOST]):
            rate = group.get("lr")
            # To ask a tensor would be a call of torch's, and wait for its device
            if rate is not None and (rate.__class__ not in (float, int) or rate):
                self._last[place] = step

    def look(self, optimizer: Optimizer) -> None:
        """See what each group holds."""
        self._held = {
            place: tuple(map(id, group["params"]))
            for place, group in enumerate(optimizer.param_groups[:_MOST])
        }

    def rests(
        self, names: Mapping[int, str], steps: int
    ) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """Return of the groups whose rate was 0 in the last of so many steps, and not before: the
        last step before these, and the names of what the group holds.
        """
        rests: dict[int, tuple[str, ...]] = {}
        for place, last in self._last.items():
            held = tuple(names[key] for key in self._held.get(place, ()) if key in names)
            if held and steps - last >= _RESTS:
                rests[last] = rests.get(last, ()) + held
        return tuple(sorted(rests.items()))

    def schedules(self, made: Spot | None) -> tuple[tuple[str, Place], ...]:
        """Return the schedulers that give a rate of 0, with their lines; where none does, the only
        line that assigns a rate in the file where the optimizer was made.
        """
        places = [
            (kind, spot.calling_place or spot.place)
            for scheduler, kind, spot in self._made
            if _gives_zero(scheduler())
        ]
        lines = tuple(dict.fromkeys((kind, place) for kind, place in places if place is not None))
        return lines if lines or made is None else _assignments(made)


def _gives_zero(scheduler: object) -> bool:
    """Say whether a scheduler gives a rate of 0 itself, where it does not only multiply one that is
    0; True where that cannot be asked any more.
    """
    rates = rates_given(scheduler)
    return rates is None or any(float(rate) == 0.0 for rate in rates)


def _assignments(made: Spot) -> tuple[tuple[str, Place], ...]:
    place = made.calling_place or made.place
    lines = [] if place is None else getlines(place.file)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return ()
    assigned = rates_assigned(tree)
    if place is None or len(assigned) != 1:
        return ()
    return (("", Place(place.file, assigned[0], lines[assigned[0] - 1].strip())),)


def rates_assigned(tree: ast.AST) -> list[int]:
    """Return the lines that assign the rate of an optimizer's group what may be 0."""
    groups = _groups(tree)
    return [line for node in ast.walk(tree) if (line := _rate_assigned(node, groups))]


def _groups(tree: ast.AST) -> frozenset[str]:
    """Return the names that loops give an optimizer's groups."""
    return frozenset(
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.For)
        and isinstance(node.target, ast.Name)
        and _has_groups(node.iter)
    )


def _has_groups(value: ast.AST) -> bool:
    return isinstance(value, ast.Attribute) and value.attr == "param_groups"


def _rate_assigned(node: ast.AST, groups: frozenset[str]) -> int:
    """Return the line of an assignment to a group's rate that may give it 0; 0 for another."""
    if isinstance(node, ast.Assign):
        target = node.targets[0]
    elif isinstance(node, ast.AugAssign):
        target = node.target
    else:
        return 0
    if isinstance(node.value, ast.Constant) and node.value.value:
        return 0
    if not (
        isinstance(target, ast.Subscript)
        and isinstance(target.slice, ast.Constant)
        and target.slice.value == "lr"
    ):
        return 0
    group = target.value
    is_group = (isinstance(group, ast.Name) and group.id in groups) or (
        isinstance(group, ast.Subscript) and _has_groups(group.value)
    )
    return node.lineno if is_group else 0
