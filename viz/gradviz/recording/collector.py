"""Holds the garbage collector for a moment; of several threads that do, the last lets it go."""

import gc
from functools import partial

from gradviz.recording.uninterrupted import Action, when_empty

_holders: set[object] = set()


def letting_go(holder: object) -> list[Action]:
    """Return the steps that end what :func:`hold` is about to begin."""
    collects = gc.isenabled() or bool(_holders)
    return [
        partial(_holders.discard, holder),
        when_empty(_holders, (gc.enable,) if collects else ()),
    ]


def hold(holder: object) -> None:
    """Have nothing collected until the holder, and every other, has let go."""
    _holders.add(holder)
    gc.disable()
