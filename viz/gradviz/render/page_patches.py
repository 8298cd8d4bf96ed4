"""Changes of the user's code whose effect was measured, as the page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradviz.graph import Cut, Place
from gradviz.render.sentences import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePatch:
    """A patch, and what was measured of it. Read-only.

    Attributes:
        title: What it does: ``"drop .detach()"``.
        effect: What became of the step with it, a sentence each.
        diff: The patch as ``git apply`` takes it.
        places: The lines that it is an answer to.
        reached: Names of parameters that no gradient reached, and that it reaches.
    """

    title: str
    effect: tuple[str, ...]
    diff: bytes
    places: tuple[Place, ...]
    reached: tuple[str, ...]


def patches_data(patches: Sequence[PagePatch]) -> list[dict[str, Any]]:
    """Return what the page has to know of the patches, ready for JSON."""
    return [_patch_data(patch) for patch in patches]


def patches_of(cut: Cut, patches: Sequence[PagePatch]) -> list[int]:
    """Return the numbers of the patches that answer a cut: at its line, or for all behind it."""
    return [
        number
        for number, patch in enumerate(patches)
        if any((place.file, place.line) == (cut.file, cut.line) for place in patch.places)
        or (cut.parameters and set(cut.parameters) <= set(patch.reached))
    ]


def _patch_data(patch: PagePatch) -> dict[str, Any]:
    """Return one patch. What is no UTF-8 can be read and not be copied."""
    text = patch.diff.decode("utf-8", "replace")
    return {
        "title": printable(patch.title),
        "effect": [printable(sentence) for sentence in patch.effect],
        "diff": [_shown(line) for line in text.removesuffix("\n").split("\n")],
        "whole": text if text.encode() == patch.diff else "",
    }


def _shown(line: str) -> str:
    return printable(line.removesuffix("\r").expandtabs(4))
