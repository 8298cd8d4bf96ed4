"""Torch's global step hooks, put in and taken out again at any moment, also while one of them runs.

Torch goes through its hooks in a plain loop, which raises in the user's step where a hook that is
not the last takes itself out.
"""

from collections.abc import Callable
from typing import Any

from gradviz.recording.torch_hooks import Hook
from gradviz.recording.torch_inside import AFTER_STEPS, BEFORE_STEPS


class StepHooks:
    """Two functions that are called with ``(optimizer, args, kwargs)`` before and after every step,
    until :meth:`remove`.

    Each of ``put_in`` is to be called for that; each of ``take_out`` is a way out too, where
    nothing of torch runs them.
    """

    def __init__(self, before: Callable[..., None], after: Callable[..., None]) -> None:
        self._on = True
        self._running = ""  # which of the two
        self._hooks: dict[str, Hook] = {
            "before": Hook(BEFORE_STEPS, self._calling("before", before)),
            "after": Hook(AFTER_STEPS, self._calling("after", after)),
        }
        self.put_in = [hook.put_in for hook in self._hooks.values()]
        self.take_out = [hook.take_out for hook in self._hooks.values()]

    def remove(self) -> None:
        """Call them no more."""
        self._on = False
        if not self._running:
            self._take_out("")

    def _calling(self, which: str, function: Callable[..., None]) -> Callable[..., None]:
        def hook(*args: Any) -> None:
            outer, self._running = self._running, which
            running = which
            try:
                if self._on:
                    function(*args)
            except BaseException:
                running = ""  # this ends torch's loop
                raise
            finally:
                self._running = outer
                if not self._on and not outer:
                    self._take_out(running)

        return hook

    def _take_out(self, running: str) -> None:
        """Take out what can be taken out while one of the two runs.

        The rest goes with the next step.
        """
        for which, hook in list(self._hooks.items()):
            if which != running or hook.is_last():
                hook.take_out()
                del self._hooks[which]
