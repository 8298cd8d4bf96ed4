"""Causes that packages of the user's own add, by an entry point of the group ``gradviz.causes``.

What such a package does wrong ends nothing: one warning names it, and gradviz goes on without it.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from gradviz.causes.cause import Cause, Severed
from gradviz.system.voice import advise

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "gradviz.causes"
_broken: set[int] = set()  # causes that failed, by identity


@cache
def installed() -> tuple[Cause, ...]:
    """Return the causes of the packages that are installed, in a fixed order."""
    from importlib.metadata import entry_points  # which a help without a report does without

    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    return tuple(cause for point in points for cause in _loaded(point))


def _loaded(point: "EntryPoint") -> Iterator[Cause]:
    try:
        loaded = point.load()
        causes = loaded if isinstance(loaded, Iterable) else (loaded,)
        yield from (_checked(cause) for cause in causes)
    except Exception as error:
        advise(
            f"gradviz leaves out the causes of the entry point {point.name!r} ({point.value}):"
            f" {type(error).__name__}: {error}"
        )


def _checked(cause: object) -> Cause:
    if not isinstance(cause, Cause):
        raise TypeError(f"a gradviz.causes.Cause was expected, not a {type(cause).__name__}")
    if not cause.operations:
        raise ValueError("a cause of a package needs operations, which say how its cut is written")
    return cause


def recognised(severed: Severed) -> str:
    """Return how a call is written that a package recognises; empty where none does."""
    for cause in installed():
        if cause.recognises is None or cause.kind != severed.kind or id(cause) in _broken:
            continue
        try:
            if cause.recognises(severed):
                return cause.operations[0]
        except Exception as error:
            _broken.add(id(cause))
            advise(
                f"gradviz leaves out the cause {cause.operations[0]!r}, which failed to look at a"
                f" call: {type(error).__name__}: {error}"
            )
    return ""
