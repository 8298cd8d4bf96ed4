"""Whether somebody has read from the generators that an optimizer is about to read its parameters
from. Nothing is read here.
"""

import gc
import inspect
import itertools
from collections.abc import Mapping
from types import GeneratorType
from typing import Any

# What hands on what others yield, and tells the collector what these are
_HANDS_ON = (map, filter, zip, enumerate, itertools.chain, itertools.islice)
_DEEP = 6  # of these inside each other


def has_begun(given: Any) -> bool:
    """Say whether something was read from what an optimizer is given: its parameters, or groups of
    them. False where that cannot be seen.
    """
    groups = given if isinstance(given, list | tuple) else [given]
    return any(
        _has_begun(group.get("params") if isinstance(group, Mapping) else group) for group in groups
    )


def _has_begun(value: Any, depth: int = 0) -> bool:
    if type(value) is GeneratorType:
        return inspect.getgeneratorstate(value) != inspect.GEN_CREATED
    is_tuple_of_map = depth > 0 and type(value) is tuple
    if depth == _DEEP or not (type(value) in _HANDS_ON or is_tuple_of_map):
        return False
    return any(_has_begun(inner, depth + 1) for inner in gc.get_referents(value))
