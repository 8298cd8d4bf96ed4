"""Which module held which parameter under which name, told by torch's own registration hooks while
something is watched.

Parameters and modules are known by identity and held by nobody here. What an optimizer holds lives
as long as the optimizer, so its identity is nobody else's; where a module is gone, its place in its
parent is still known.
"""

import itertools
import sys
import weakref
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from types import FrameType

from torch import Tensor, nn

from gradviz.graph import Place
from gradviz.recording import torch_inside
from gradviz.recording.reading import where
from gradviz.recording.reading.where import Spot
from gradviz.recording.torch_hooks import Hook
from gradviz.system.undo import as_one

_MOST_PARTS = 64  # of a name: a module may be inside itself
_Slot = tuple[int, str]  # the number of a module, and a name in it


@dataclass(slots=True)
class _Entry:
    """What was put into a slot last."""

    occupant: int  # identity of a parameter, number of a module
    spot: Spot
    born: int
    former: int | None  # what stood there before, if something else did


class Owners:
    """The slots of all modules built while this is on, and what was put into them last."""

    def __init__(self) -> None:
        self._numbers: dict[int, tuple[weakref.ref[nn.Module], int]] = {}
        self._count = itertools.count()
        self._order = itertools.count()
        self._entries: dict[_Slot, _Entry] = {}
        self._slot_of_parameter: dict[int, _Slot] = {}
        self._slot_of_module: dict[int, _Slot] = {}
        self._ended = 0  # the moment
        self._created: dict[int, Spot] = {}
        self._came: dict[int, int] = {}  # moments before which they were not there
        self._frozen: set[int] = set()  # those made with requires_grad=False
        self.hooks = [
            Hook(torch_inside.AT_PARAMETERS, self._parameter),
            Hook(torch_inside.AT_MODULES, self._module),
        ]

    def begin(self) -> None:
        """Take note from here on."""
        as_one([hook.put_in for hook in self.hooks])()

    def end(self) -> None:
        """Take note no longer."""
        as_one([hook.take_out for hook in self.hooks])()
        self._ended = self.moment()

    def keep(self, alive: Container[int]) -> None:
        """Forget all parameters but these, given by identity: others may get that of one gone."""
        for kept in (self._slot_of_parameter, self._created, self._came):
            for key in [key for key in kept if key not in alive]:
                del kept[key]
        self._frozen = {key for key in self._frozen if key in alive}

    def moment(self) -> int:
        """Return a number that is larger than that of everything made before."""
        return next(self._order)

    def came(self, parameters: Iterable[Tensor]) -> None:
        """Take note that parameters came into their model while this was off last."""
        self._came.update(dict.fromkeys(map(id, parameters), self._ended))

    def created(self, parameter: Tensor, frame: FrameType) -> None:
        """Take note of the line that made a parameter."""
        self._created[id(parameter)] = Spot._make((*where.quick(frame)[:4], -1))
        (self._frozen.discard if parameter.requires_grad else self._frozen.add)(id(parameter))

    def _parameter(self, module: nn.Module, name: str, parameter: Tensor | None) -> None:
        if parameter is not None:
            slot = (self._number(module), name)
            self._put(slot, id(parameter))
            self._slot_of_parameter[id(parameter)] = slot

    def _module(self, module: nn.Module, name: str, child: nn.Module | None) -> None:
        if isinstance(child, nn.Module):
            slot = (self._number(module), name)
            number = self._number(child)
            self._put(slot, number)
            self._slot_of_module[number] = slot

    def _put(self, slot: _Slot, occupant: int) -> None:
        before = self._entries.get(slot)
        spot = Spot._make((*where.quick(sys._getframe(2))[:4], -1))
        former = before.occupant if before is not None and before.occupant != occupant else None
        self._entries[slot] = _Entry(occupant, spot, self.moment(), former)

    def _number(self, module: nn.Module) -> int:
        entry = self._numbers.get(id(module))
        if entry is not None and entry[0]() is module:
            return entry[1]
        number = next(self._count)
        self._numbers[id(module)] = (weakref.ref(module), number)
        return number

    # What became of it

    def born(self, parameter: int) -> int | None:
        """Return when a parameter, by identity, was put where it stands, or its module was put
        where that stands.
        """
        came = self._came.get(parameter)
        return max((entry.born for _, entry in self._chain(parameter)), default=came)

    def frozen_at(self, parameter: int) -> Place | None:
        """Return the line that made a parameter, by identity, where it made it frozen."""
        return self.created_at(parameter) if parameter in self._frozen else None

    def created_at(self, parameter: int) -> Place | None:
        """Return the line that made a parameter, by identity; None where it was not seen."""
        made = self._created.get(parameter)
        return None if made is None else made.calling_place or made.place

    def is_of_module(self, parameter: int) -> bool:
        """Say whether some module was seen to register a parameter, given by its identity."""
        return parameter in self._slot_of_parameter

    def put_in_place_of(self, parameter: int, since: int) -> int | None:
        """Return the identity of the parameter that stood where one, given by its identity, was put
        after a moment; None where none did.
        """
        slot = self._slot_of_parameter.get(parameter)
        entry = None if slot is None else self._entries.get(slot)
        is_later = entry is not None and entry.occupant == parameter and entry.born > since
        return entry.former if entry is not None and is_later else None

    def name_of(self, parameter: int, paths: Mapping[int, str]) -> str | None:
        """Return the name that a parameter, by identity, had in the modules whose paths are given
        by identity; None where none is known.
        """
        paths = self._by_number(paths)
        slot = self._slot_of_parameter.get(parameter)
        below: list[str] = []
        while slot is not None and len(below) < _MOST_PARTS:
            below.insert(0, slot[1])
            if slot[0] in paths:
                return ".".join(filter(None, (paths[slot[0]], *below)))
            slot = self._slot_of_module.get(slot[0])
        return None

    def taken_over(self, parameter: int, paths: Mapping[int, str]) -> str | None:
        """Return the path at which something else was put where a parameter, by identity, or a
        module around it stood; None where nothing was.
        """
        paths, occupant = self._by_number(paths), parameter
        for slot, entry in self._chain(parameter):
            if entry.occupant != occupant and slot[0] in paths:
                return ".".join(filter(None, (paths[slot[0]], slot[1])))
            occupant = slot[0]
        return None

    def outermost(self, parameter: int) -> nn.Module | None:
        """Return the outermost module that had a parameter, by identity; None where it is gone."""
        numbers = [number for (number, _), _ in self._chain(parameter)]
        modules = {number: module for module, number in self._numbers.values()}
        return modules[numbers[-1]]() if numbers and numbers[-1] in modules else None

    def replaced_at(self, new: int, old: int, paths: Mapping[int, str]) -> Place | None:
        """Return the line that put one parameter, or a module around it, where another stood.

        None where that was not seen.
        """
        former = {slot for slot, _ in self._chain(old)}
        for slot, entry in reversed(list(self._chain(new))):
            if entry.former is not None and (slot in former or entry.former == old):
                return entry.spot.calling_place or entry.spot.place
        return self.created_at(new)

    def _chain(self, parameter: int) -> list[tuple[_Slot, _Entry]]:
        """Return where a parameter stands, where its module stands, and so on up.

        A module inside itself once.
        """
        entries: dict[_Slot, _Entry] = {}
        slot = self._slot_of_parameter.get(parameter)
        while (
            slot is not None
            and slot not in entries
            and (entry := self._entries.get(slot)) is not None
        ):
            entries[slot] = entry
            slot = self._slot_of_module.get(slot[0])
        return list(entries.items())

    def _by_number(self, paths: Mapping[int, str]) -> dict[int, str]:
        return {self._numbers[key][1]: path for key, path in paths.items() if key in self._numbers}
