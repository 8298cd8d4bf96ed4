"""What the tree of a page is made of: things, and groups that can be shown as one."""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from gradviz.graph import Place

MOST = 48  # entries of one group, before they are parted
# Entries of one group, from which on operations that repeat are folded; fewer are read faster as
# they are
LONG = 20
NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")  # a part of a path that is a number


class Thing(NamedTuple):
    """Something drawn that is no group.

    Attributes:
        path: The modules that it lies in, the outermost first.
        name: What it is called.
        label: Two things are equal if their labels are and the paths below the siblings they lie
            in.
        is_tensor: A parameter or leaf: it computes nothing, and belongs to what uses it.
        stands_out: It is to be seen by itself: the loss, a cut.
        place: The user's line that ran it; None where unknown.
    """

    path: tuple[str, ...]
    name: str
    label: Hashable
    is_tensor: bool = False
    stands_out: bool = False
    place: Place | None = None


class GroupSort(StrEnum):
    """Why things are together."""

    MODULE = "module"  # one module, or one call of it
    RUN = "run"  # the same again and again: equal siblings, the steps of a loop
    PART = "part"  # a stretch of something long


@dataclass(slots=True)
class Group:
    """Things that can be shown as one.

    Attributes:
        sort: Why they are together.
        name: What it is called below its parent: ``"attn"``, ``"h.0..11"``.
        path: Of the module that it is or lies in.
        times: How often the same is in it.
        children: Numbers of things, and groups, in the order of the data flow.
    """

    sort: GroupSort
    name: str
    path: tuple[str, ...]
    times: int = 1
    children: "list[int | Group]" = field(default_factory=list)


class Entry(NamedTuple):
    """One line of a level while it is being ordered.

    A thing with the tensors that hang on it, or a group that is still to be opened.

    Attributes:
        name: What it is called.
        path: Of the module that it is, or that the thing lies in.
        members: The numbers of the things in it.
        is_module: It is a module, not a single thing.
        signature: Equal for entries that are built alike.
    """

    name: str
    path: tuple[str, ...]
    members: tuple[int, ...]
    is_module: bool
    signature: int
