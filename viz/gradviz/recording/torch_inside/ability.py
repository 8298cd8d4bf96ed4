"""What an ability is that rests on what torch does not promise."""

import re
from dataclasses import dataclass
from types import CodeType
from typing import Any

import torch

# Of a newer torch, nobody has looked whether all this still means what it meant
NEWEST_TRIED = (2, 15)


@dataclass(frozen=True, slots=True)
class Ability:
    """Something that rests on what torch does not promise.

    Attributes:
        paths: What has to be there, by dotted names below ``torch``.
        why: What gradviz does with it.
        versions: Those it was seen in.
        cost: What is lost without it, as a report says it; a sentence.
    """

    paths: tuple[str, ...]
    why: str
    versions: str
    cost: str

    @property
    def missing(self) -> tuple[str, ...]:
        """What of it this torch does not have."""
        return tuple(path for path in self.paths if private(path) is None)


def private(path: str) -> Any:
    """Return what stands under a dotted name below torch; None where it is gone."""
    value: Any = torch
    for part in path.split("."):
        if isinstance(value, type) and not any(part in vars(kind) for kind in value.__mro__):
            return None  # what type itself has, such as __call__, does not count
        value = getattr(value, part, None)
    return value


def private_code(path: str) -> CodeType | None:
    """Return the code of a function by its dotted name; None where it has none any more."""
    value = private(path)
    return value if isinstance(value, CodeType) else None


def is_newer() -> bool:
    """Say whether this torch is newer than those that gradviz was tried on."""
    version = re.match(r"(\d+)\.(\d+)", torch.__version__)
    return version is not None and (int(version[1]), int(version[2])) > NEWEST_TRIED
