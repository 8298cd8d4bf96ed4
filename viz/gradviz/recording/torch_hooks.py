"""Hooks that torch calls for every optimizer or module, one for all who watch.

Torch goes through such hooks in a plain loop, which raises in the user's step where another thread
adds or takes away one meanwhile. So all watchers share one hook of each kind. It goes with the last
of them; where several threads have called it, one may be in that loop, and it stays and does
nothing.
"""

import itertools
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from torch.utils.hooks import RemovableHandle

from gradviz.system.undo import Action, as_one, when_empty

Kind = tuple[str, Callable[..., RemovableHandle]]
_keys = itertools.count()


class _Shared:
    """The one hook of a kind.

    Attributes:
        watchers: What it calls, each with the thread that asked for it.
        handle: How torch knows it.
        others: The threads that have met it beside the first; while it is empty the hook can go.
    """

    def __init__(self, hooks: dict[int, Any]) -> None:
        self.watchers: dict[int, tuple[int, Callable[..., Any]]] = {}
        self.handle = RemovableHandle(hooks)
        self.others: set[int] = set()
        self._first = 0

    def __call__(self, *args: Any) -> None:
        """Tell a thread that watches what it does itself, and all what any other does."""
        thread = self.meet()
        watchers = list(self.watchers.values())
        if len(watchers) > 1:
            watchers = [watcher for watcher in watchers if watcher[0] == thread] or watchers
        for _, watcher in watchers:
            watcher(*args)

    def meet(self) -> int:
        """Take note of the thread that is here, and return its number."""
        thread = threading.get_ident()
        if not self._first or (self._first != thread and not self.watchers):
            self._first = thread
        elif self._first != thread:
            self.others.add(thread)
        return thread


_shared: dict[str, _Shared] = {}


class Hook:
    """A function among the hooks of one kind, put in and taken out by one call of C where torch
    keeps them where 2.6 to 2.15 do.

    Attributes:
        put_in: Call it to have torch call the function.
        take_out: Call it to have torch call it no more, whether it was put in or not.
    """

    def __init__(self, kind: Kind, function: Callable[..., Any]) -> None:
        """``kind`` is one of those that ``torch_inside`` names."""
        kept, register = kind
        hooks = getattr(sys.modules.get(register.__module__), kept, None)
        self.handle: RemovableHandle | None = None
        self.put_in: Action = partial(self._register, register, function)
        self.take_out: Action = self._remove
        if isinstance(hooks, dict):
            shared = _shared.get(kept)
            if shared is None or shared.handle.hooks_dict_ref() is not hooks:
                shared = _shared[kept] = _Shared(hooks)
            thread = shared.meet()
            key, self.handle = next(_keys), shared.handle
            self.put_in = as_one(
                (
                    partial(shared.watchers.__setitem__, key, (thread, function)),
                    partial(hooks.setdefault, shared.handle.id, shared),
                )
            )
            alone = when_empty(shared.others, (partial(hooks.pop, shared.handle.id, None),))
            self.take_out = as_one(
                (partial(shared.watchers.pop, key, None), when_empty(shared.watchers, (alone,)))
            )

    def _register(
        self, register: Callable[..., RemovableHandle], function: Callable[..., Any]
    ) -> None:
        self.handle = register(function)

    def _remove(self) -> None:
        if self.handle is not None:
            self.handle.remove()

    def is_last(self) -> bool:
        """Say whether no other hook of this kind comes after it."""
        hooks = None if self.handle is None else self.handle.hooks_dict_ref()
        return self.handle is None or hooks is None or next(reversed(hooks), None) == self.handle.id
