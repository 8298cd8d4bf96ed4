"""Modules that are called again and again without gradient: sampling, validation, the rollouts of an agent.

What such a call says of gradient is the same every time, and torch asks a mode about every operation in it. So a call that was watched
some times, and said the same each time, runs unwatched from then on, as one operation whose results come from what they came from
before. Every so often it is watched again. Watched is what does more than make its results: what writes, lets values out, keeps
something, or says anything new.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.identity import memory_of
from gradviz.recording.tape import address

if TYPE_CHECKING:
    from gradviz.recording.mode import RecordingMode

QUIET = 100  # calls without gradient that have said nothing new, one after the other, before modules are looked at
_SURE = 4  # times that a module has said the same
_AGAIN = 32  # of so many calls, one is watched
_WORTH = 3  # operations in a module for which it is worth it
_PLAIN = (int, float)

Call = Callable[..., Any]


@dataclass(slots=True)
class _Round:
    """The calls of one module from one line with alike arguments.

    Attributes:
        calls: How many there were.
        same: How many of the watched ones have said the same, one after the other.
        made: Where each result comes from: the tape's number, 0 for nothing of interest.
    """

    calls: int = 0
    same: int = 0
    made: tuple[int, ...] = ()


class Rounds:
    """What the modules called without gradient have said.

    Attributes:
        is_aside: One of them runs unwatched now.
    """

    def __init__(self, mode: "RecordingMode") -> None:
        self.is_aside = False
        self._mode = mode
        self._rounds: dict[Hashable, _Round] = {}
        self._events = 0
        self._quiet = 0
        self._is_watching = False

    def said_again(self) -> bool:
        """Take note of an operation that said nothing new. Say whether it is time to look at modules."""
        self._quiet += 1
        return self._quiet == QUIET

    def said_more(self) -> None:
        """Take note of an operation that does more than make a result."""
        self._events += 1

    def said_new(self) -> None:
        """Take note of an operation that says something new: what a module said may not hold any more."""
        self._events += 1
        self._quiet = 0
        if self._rounds:
            self._rounds.clear()

    def call(self, original: Call, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType) -> Any:
        """Run a module, watched or not."""
        key: Hashable = None
        if not self._is_watching and not torch.is_grad_enabled():
            key = self._mode.guarded(self._key, module, args, kwargs, frame)
        if key is None:
            return original(module, *args, **kwargs)
        known = self._rounds.get(key)
        if known is None:
            known = self._rounds[key] = _Round()
        known.calls += 1
        if known.same < _SURE or known.calls % _AGAIN == 0:
            return self._watched(known, original, module, args, kwargs)
        self.is_aside = True
        try:
            out = torch_inside.run_without(self._mode, original, (module, *args), kwargs)
        finally:
            self.is_aside = False
        self._mode.guarded(self._ran, known, module, (*args, *kwargs.values()), out)
        return out

    def _key(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType) -> Hashable:
        """Return what a call has in common with others that say the same; None where it cannot be told."""
        mode = self._mode
        if torch_inside.other_modes() != 1 or torch_inside.dispatch_modes() or torch_inside.is_transforming():
            return None
        if mode.exposed.windows:
            mode.look_outside(args, kwargs, frame)
        signature: list[Hashable] = []
        if not self._sign((*args, *kwargs.values()), signature):
            return None
        around = mode.stacks.look_around(frame)
        if not around.lasting or around.optimizer:
            return None
        return (mode.tape.module(module), module.training, around, mode.block_alike(), tuple(kwargs), *signature)

    def _sign(self, items: Iterable[Any], signature: list[Hashable]) -> bool:
        tape = self._mode.tape
        for item in items:
            kind = type(item)
            if kind is Tensor or kind is nn.Parameter:
                if self._mode.is_stranger(item):
                    return False
                facts = tape.tensors.find(item)
                if item.requires_grad and (facts is None or not facts.leaf or not item.is_leaf):
                    return False
                where = address(item)
                written = tuple(tape.writes(item)) if where in tape.memory else ()
                origin = 0 if facts is None else facts.leaf if item.requires_grad else facts.origin
                signature += (item.dtype, item.dim(), item.requires_grad, origin, written)
            elif item is None or kind is bool or kind is str:
                signature.append(item)
            elif kind in _PLAIN and not self._mode.escapes.any:
                signature.append(kind.__name__)
            elif kind is list or kind is tuple or kind is dict:
                signature.append(tuple(item) if kind is dict else len(item))
                if not self._sign(item.values() if kind is dict else item, signature):
                    return False
            else:
                return False
        return True

    def _watched(self, known: _Round, original: Call, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        tensors = self._mode.tape.tensors
        events, quiet, created = self._events, self._quiet, tensors.created
        self._is_watching = known.same > 0 or known.calls <= _SURE
        try:
            out = original(module, *args, **kwargs)
        finally:
            self._is_watching = False
        if self._events != events or self._quiet - quiet < _WORTH:
            known.same = 0
        else:
            self._mode.guarded(self._compare, known, module, (*args, *kwargs.values()), out, created)
        return out

    def _compare(self, known: _Round, module: nn.Module, given: tuple[Any, ...], out: Any, created: int) -> None:
        results = list(_tensors((out,)))
        made = tuple(self._mode.tape.origin(result) or 0 for result in results)
        known.same = known.same + 1 if made == known.made or not known.same else 0
        known.made = made
        if not made or self._keeps(module, (given, out), created):
            known.same = 0

    def _keeps(self, module: nn.Module, given: Any, created: int) -> bool:
        """Say whether something that a module's call has made is there still, beside its results and what it was given."""
        tensors = self._mode.tape.tensors
        alive = [memory for facts in tensors.since(created) if (memory := facts()) is not None]
        if not alive:
            return False
        own = [*_tensors((given,)), *module.parameters(), *module.buffers()]
        known = {id(memory_of(tensor)) for tensor in own}
        return any(id(memory) not in known for memory in alive)

    def _ran(self, known: _Round, module: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        """Say of the results of an unwatched call where they come from."""
        tape = self._mode.tape
        results, own = list(_tensors((out,))), {id(tensor) for tensor in _tensors(given)}
        made = known.made
        if len(results) != len(made):
            known.same = 0
            made = (self._mode.together(made),) * len(results)
        tape.unwatched.add(tape.module(module))
        for result, number in zip(results, made, strict=True):
            if id(result) not in own:
                tape.tensors.made(result)
                if number and not result.requires_grad:
                    tape.set_origin(result, number)


def _tensors(items: Iterable[Any]) -> Iterable[Tensor]:
    for item in items:
        if isinstance(item, Tensor):
            yield item
        elif isinstance(item, dict):
            yield from _tensors(item.values())
        elif isinstance(item, (list, tuple)):
            yield from _tensors(item)
