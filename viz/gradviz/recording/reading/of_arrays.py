"""What an attribute of an array has of its numbers: what computes has some, its form none."""

import ast
from itertools import dropwhile

import numpy as np

from gradviz.recording.reading.expressions import Path, root_of
from gradviz.recording.reading.parts import is_element, place_in

_FORM = frozenset("shape size ndim dtype itemsize nbytes strides flags device layout".split())
_OF_ARRAYS = (frozenset(dir(np.ndarray)) - frozenset(dir(object))) | _FORM
# What has one of these is an array, or as one
_ARRAYS_ALONE = frozenset(
    "astype reshape ravel flatten tobytes swapaxes squeeze cumsum clip argmax argmin".split()
)
_PACKAGES = frozenset(("np", "numpy"))


def has_numbers(attribute: str) -> bool | None:
    """Say whether an attribute of an array has something of its numbers: of its form it has none;
    None for any that arrays do not have.
    """
    return attribute not in _FORM if attribute in _OF_ARRAYS else None


def is_form(taken: Path) -> bool:
    """Say whether a part of an array is the form of it, or of an element of it."""
    attribute = next(dropwhile(is_element, taken), "")
    return has_numbers(attribute) is False


def is_vague(value: ast.AST, taken: Path) -> bool:
    """Say whether a part of a value is meant, and the source does not tell what of the arguments of
    a call goes there: into what an array's own method gives goes all that the array was made of.
    """
    if not taken or (len(taken) == 1 and place_in(taken[0]) is not None):
        return False
    root = root_of(value.func) if isinstance(value, ast.Call) else None
    is_array = root is not None and len(root) > 1 and root[0] in _PACKAGES
    is_array = is_array or (isinstance(value, ast.Call) and _names_an_array(value, taken))
    # What gives several arrays gives each of them as it would give one
    within = tuple(dropwhile(lambda part: place_in(part) is not None, taken))
    return not (is_array and (not within or has_numbers(within[0])))


def _names_an_array(call: ast.Call, taken: Path) -> bool:
    """Say whether what a call gives is an array by what is called, or by what of it is taken."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return not _ARRAYS_ALONE.isdisjoint((method, *taken))


def is_of_numbers(call: ast.AST) -> bool:
    """Say whether a call is one of a package that only computes, and runs no code of the user's."""
    path = root_of(call.func) if isinstance(call, ast.Call) else None
    return path is not None and len(path) > 1 and path[0] in (*_PACKAGES, "math")
