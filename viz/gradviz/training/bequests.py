"""What stands for parameters that an optimizer holds and no model has any more: one flat parameter
that was made of them, say.

Parameters are known by identity.
"""

from collections import Counter
from collections.abc import Container, Iterator, Mapping

from torch import Tensor

from gradviz.facts.training import Heir
from gradviz.graph import Place
from gradviz.recording.arithmetic.sizes import any_nonzero
from gradviz.training.optimizers import Optimizers
from gradviz.training.owners import Owners


class Bequests:
    """What was made of each parameter that was left."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners
        self._heirs: dict[int, Heir] = {}
        self._fed: set[int] = set()  # by hand, from what stands for them

    def take(
        self,
        named: Mapping[str, Tensor],
        there: Container[int],
        heirs: Mapping[str, Heir],
        optimizers: Optimizers,
    ) -> None:
        """Take note of what a backward call shows.

        Args:
            named: The parameters that it is about, by name.
            there: Identities of those that models have.
            heirs: What was made of each that is cut off, by name.
            optimizers: All there are.
        """
        held = {id(tensor) for tensor in optimizers.parameters()}
        starved = {
            name: tensor
            for name, tensor in named.items()
            if id(tensor) in held
            and self._owners.is_of_module(id(tensor))
            and (tensor.grad is None or (id(tensor) not in there and not _is_fed(tensor)))
        }
        gone = {name: own for name, own in starved.items() if id(own) not in there}
        chosen = {**self._flat(starved, named, held), **self._flat(gone, named, held), **heirs}
        parts = Counter(heir.name for heir in chosen.values())
        for name, tensor in starved.items():
            heir = chosen.get(name)
            is_as_it_was = name not in heirs or heirs[name].is_copy
            is_joined = heir is not None and is_as_it_was and self._is_joined(heir, named, parts)
            if heir is not None and (name in gone or is_joined):
                self._heirs[id(tensor)] = heir

    def _flat(
        self, starved: Mapping[str, Tensor], named: Mapping[str, Tensor], held: Container[int]
    ) -> dict[str, Heir]:
        """Return for what gets no gradient the vector that has as many elements as all of it, and
        that no optimizer holds: what a module's ``__init__`` makes of it is not traced.
        """
        size = sum(tensor.numel() for tensor in starved.values())
        for name, tensor in named.items() if size else ():
            is_fed = tensor.grad is not None and id(tensor) not in held
            if is_fed and tensor.dim() == 1 and tensor.numel() == size:
                return dict.fromkeys(starved, Heir(name, self._owners.created_at(id(tensor))))
        return {}

    def _is_joined(self, heir: Heir, named: Mapping[str, Tensor], parts: Mapping[str, int]) -> bool:
        """Say whether a leaf was made of several parameters, and is a parameter of a module.

        Else what it was made of may be trained by it yet, as in an inner loop.
        """
        tensor = named.get(heir.name)
        return tensor is not None and parts[heir.name] > 1 and self._owners.is_of_module(id(tensor))

    def keep(self, alive: Container[int]) -> None:
        """Forget all parameters but these, given by identity: others may get that of one gone."""
        self._heirs = {key: heir for key, heir in self._heirs.items() if key in alive}

    def line_of(self, key: int) -> Place | None:
        """Return the line that made what stands for a parameter; None where none was seen."""
        heir = self._heirs.get(key)
        return None if heir is None else heir.place

    def is_left(self, key: int) -> bool:
        """Say whether something stands for a parameter."""
        return key in self._heirs and key not in self._fed

    def is_inherited(self, key: int, names: Mapping[int, str], optimizers: Optimizers) -> bool:
        """Say whether an optimizer holds what stands for a parameter; ``names`` are what all are
        called.
        """
        heir = self._heirs.get(key)
        if heir is None or not heir.name:
            return False
        return any(names.get(id(tensor)) == heir.name for tensor in optimizers.parameters())

    def stale(
        self, names: Mapping[int, str], optimizers: Optimizers
    ) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield what was left and what stands for it, each with the identities of the former and
        of the optimizer that holds it.
        """
        if not self._heirs:
            return
        self._fed.update(
            id(tensor)
            for tensor in optimizers.parameters()
            if id(tensor) in self._heirs and _is_fed(tensor)
        )
        for key, record in optimizers.records.items():
            for held in filter(self.is_left, record.held):
                heir = self._heirs[held].name
                inherited = self.is_inherited(held, names, optimizers)
                for name in (names.get(held), heir if not inherited else None):
                    if name:
                        yield name, (held, key)


def _is_fed(tensor: Tensor) -> bool:
    """Say whether a tensor has some gradient that is not zero."""
    return tensor.grad is not None and any_nonzero(tensor.grad) is not False
