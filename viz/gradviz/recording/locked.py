"""One thread at a time."""

from contextlib import AbstractContextManager
from threading import RLock
from types import TracebackType
from typing import Any

# Seconds: an interrupt may have left the lock shut, and nobody is to wait for gradviz
_PATIENCE = 2.0


class Locked:
    """Enter to write on a tape while no other thread does, and to enter another context manager."""

    def __init__(self, lock: Any, other: AbstractContextManager[Any]) -> None:
        self._lock = lock
        self._other = other

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=_PATIENCE):
            raise TimeoutError("another thread did not finish what it was noting down")
        self._other.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._other.__exit__(kind, error, trace)
        finally:
            self._lock.release()


new_lock = RLock
