"""Torch's global step hooks, put in and taken out again at any moment, also while one of them runs.

Torch goes through its hooks in a plain loop, which raises in the user's step where a hook that is not the last takes itself out.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle


class StepHooks:
    """Two functions that are called with ``(optimizer, args, kwargs)`` before and after every step, until :meth:`remove`."""

    def __init__(self, before: Callable[..., None], after: Callable[..., None]) -> None:
        self._on = True
        self._running = ""  # which of the two
        self._handles: dict[str, RemovableHandle] = {
            "before": register_optimizer_step_pre_hook(self._calling("before", before)),
            "after": register_optimizer_step_post_hook(self._calling("after", after)),
        }

    def remove(self) -> None:
        """Call them no more."""
        self._on = False
        if not self._running:
            self._take_out("")

    def _calling(self, which: str, function: Callable[..., None]) -> Callable[..., None]:
        def hook(*args: Any) -> None:
            outer, self._running = self._running, which
            try:
                if self._on:
                    function(*args)
            finally:
                self._running = outer
                if not self._on and not outer:
                    self._take_out(which)

        return hook

    def _take_out(self, running: str) -> None:
        """Take out what can be taken out while one of the two runs; the rest goes with the next step."""
        for which, handle in list(self._handles.items()):
            hooks = handle.hooks_dict_ref()
            if which != running or hooks is None or next(reversed(hooks), None) == handle.id:
                handle.remove()
                del self._handles[which]
