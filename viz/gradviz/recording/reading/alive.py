"""Finds the objects of some kinds that live in this process, and holds no other for a moment.

``gc.get_objects()`` returns everything there is, also the tuple that another thread is building
just then. That thread ends with a SystemError where anybody else holds the tuple. So the list is
made, read and dropped within one call of C, in which no other thread runs: what follows is put
together from iterators of C alone.
"""

import gc
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, compress, cycle, repeat
from operator import call
from typing import Any


def of_kinds(*kinds: type) -> list[Any]:
    """Return the objects whose type is one of the kinds, or below one.

    The objects are not asked: some answer what they like, and some import a package when asked.
    What ``gc.freeze()`` hides is not among them.
    """
    classes = _and_below(kinds)  # held, so that no new class takes the place of one
    wanted = set(map(id, classes))
    # Of the two lists, the second becomes one of yes and no
    pair: Iterator[Any] = _everything(2)
    for function in (type, id, wanted.__contains__):
        readers: Iterator[Callable[[Any], Any]] = cycle((iter, partial(map, function)))
        pair = map(call, readers, pair)
    return list(chain.from_iterable(map(compress, pair, pair)))


def _and_below(kinds: tuple[type, ...]) -> list[type]:
    """Return the kinds and all classes below them."""
    classes = list(kinds)
    met = set(map(id, classes))
    for kind in classes:
        children: list[type] = type.__subclasses__(kind)
        classes += (child for child in children if id(child) not in met)
        met |= set(map(id, children))
    return classes


def _everything(times: int) -> Iterator[list[Any]]:
    """Return an iterator that makes the list when it is asked first, and gives it some times."""
    return chain.from_iterable(map(repeat, map(call, (gc.get_objects,)), (times,)))
