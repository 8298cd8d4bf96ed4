"""Which tensor is which, without a weak reference to any.

Torch refuses to swap a tensor that somebody holds one to.

A tensor is known by the identity of its Python object, the address of what torch keeps behind it,
and a weak reference to the Python object of its storage, which torch keeps as long as the memory
lives. The last drops what is known as the memory goes. A new tensor may still come to stand where
an old one of the same memory stood, so what a call has made is told to :meth:`Tensors.made`.
"""

import weakref
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording.reading.where import NOWHERE, Spot
from gradviz.recording.torch_inside import has_data, implementation


def memory_of(tensor: Tensor) -> Any:
    """Return the storage that holds a tensor's numbers.

    None for one that has none, as inside ``torch.func.vmap``.
    """
    try:
        if tensor.layout == torch.strided:
            return tensor.untyped_storage()
        return (
            tensor._values() if tensor.layout == torch.sparse_coo else tensor.values()
        ).untyped_storage()
    except (NotImplementedError, RuntimeError):
        return None


def _starts_at(memory: Any, address: int) -> bool:
    return (
        isinstance(memory, torch.UntypedStorage)
        and has_data(memory)
        and memory.data_ptr() == address
    )


class Switched(NamedTuple):
    """What set ``requires_grad`` of a leaf.

    Attributes:
        on: What it was set to.
        spot: The line.
        caller: The line that called the function in which that line stands, where that is of the
            user's own.
        froze: The line that set it to False last, also where another has set it to True since.
    """

    on: bool
    spot: Spot
    caller: Spot = NOWHERE
    froze: Spot = NOWHERE


class Facts(weakref.ref[Any]):
    """What is known of one tensor; itself a weak reference to the tensor's memory.

    Attributes:
        key: Identity of the Python object.
        impl: Address of what torch keeps behind it.
        origin: Number of the call that made it, if that is of interest; 0 if not.
        leaf: Its number as a leaf; 0 if it is none.
        alias: What took it out of the graph of the tensor that it shares memory with.
        switch: How its ``requires_grad`` was last set.
        born: The line that made it as a parameter, where others had been frozen by then.
        maker: Number of the outermost module whose constructor made it as a parameter, if one did.
        formed: The line of a module's forward that made it as a parameter.
    """

    __slots__ = ("alias", "born", "formed", "impl", "key", "leaf", "maker", "origin", "switch")
    key: int
    impl: int
    origin: int
    leaf: int
    alias: CutKind | None
    switch: Switched | None
    born: Spot | None
    formed: Spot | None
    maker: int | None


class Tensors:
    """What is known of the tensors that a trace has an interest in.

    Holds none, and keeps no memory.
    """

    def __init__(self) -> None:
        self.by_key: dict[int, Facts] = {}
        self.is_closed = False  # nothing is met any more
        # Whose memory is; a list's method takes note, since an interrupt in Python would be lost
        # there
        self._gone: list[Facts] = []

    def find(self, tensor: Tensor) -> Facts | None:
        """Return what is known of a tensor."""
        facts = self.of_object(tensor)
        if facts is None:
            return None
        memory = facts()
        try:
            if memory is tensor.untyped_storage():
                return facts
        except (NotImplementedError, RuntimeError):
            pass
        return facts if memory is self._anchor(tensor) else None

    def of_object(self, tensor: Tensor) -> Facts | None:
        """Return what is known of the tensor that stood where another stands, which it may be."""
        facts = self.by_key.get(id(tensor))
        return facts if facts is not None and facts.impl == implementation(tensor) else None

    def know(self, tensor: Tensor) -> Facts:
        """Return what is known of a tensor, taking note of it at first sight."""
        return self.find(tensor) or self.renew(tensor)

    def renew(self, tensor: Tensor) -> Facts:
        """Return what is known of a tensor that is met for the first time."""
        while self._gone:
            self._forget(self._gone.pop())
        facts = Facts(self._anchor(tensor), self._gone.append)
        facts.key, facts.impl = id(tensor), implementation(tensor)
        facts.origin = facts.leaf = 0
        facts.alias = facts.switch = facts.born = facts.maker = facts.formed = None
        self.by_key[facts.key] = facts
        return facts

    def _anchor(self, tensor: Tensor) -> Any:
        memory = memory_of(tensor)  # false where it is empty, as FSDP2 leaves it
        return self if memory is None else memory

    def sharing(self, tensor: Tensor) -> tuple[int, ...]:
        """Return the origins of the tensors in whose memory another stands, though it has a storage
        of its own.
        """
        memory = memory_of(tensor)
        start = memory.data_ptr() if memory is not None and has_data(memory) else 0
        owners = [
            facts
            for facts in self.by_key.values()
            if start and facts.origin and _starts_at(facts(), start)
        ]
        return tuple(dict.fromkeys(facts.origin for facts in owners))

    def is_valid(self, facts: Facts) -> bool:
        """Say whether the tensor is there still, as far as can be told."""
        return self.by_key.get(facts.key) is facts and facts() is not None

    def made(self, tensor: Tensor) -> None:
        """A call has made this tensor: what is known is of one that stood in its place before."""
        self.by_key.pop(id(tensor), None)

    def moved(self, tensor: Tensor, before: Facts | None) -> None:
        """A tensor has got other memory, as by ``p.data = t``.

        It is the leaf that it was, of another value.
        """
        if before is not None:
            facts = self.renew(tensor)
            facts.leaf, facts.switch, facts.born = before.leaf, before.switch, before.born
            facts.maker, facts.formed = before.maker, before.formed

    def swapped(
        self, first: Tensor, second: Tensor, before: tuple[Facts | None, Facts | None]
    ) -> None:
        """Two tensors have exchanged their contents, and are the leaves that they were.

        Args:
            first, second: The tensors.
            before: What was known of them.
        """
        for tensor, own in ((first, before[0]), (second, before[1])):
            self.made(tensor)
            self.moved(tensor, own)

    def _forget(self, facts: Facts) -> None:
        if self.by_key.get(facts.key) is facts:
            del self.by_key[facts.key]
