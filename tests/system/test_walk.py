"""One walk, whatever it goes along."""

from gradviz.system.walk import walk

ONWARD = {1: (2, 3), 2: (4,), 3: (4, 1), 4: (5,), 5: ()}


def test_everything_is_come_to_once_though_there_is_a_loop():
    assert sorted(walk([1], ONWARD.__getitem__)) == [1, 2, 3, 4, 5]
    assert list(walk([4, 4], ONWARD.__getitem__)) == [4, 5]


def test_the_nearest_comes_first_where_that_is_asked_for_and_else_the_newest():
    assert list(walk([1], ONWARD.__getitem__, nearest=True)) == [1, 2, 3, 4, 5]
    assert list(walk([1], ONWARD.__getitem__)) == [1, 3, 4, 5, 2]


def test_from_so_many_on_it_goes_no_further():
    assert list(walk([0], lambda place: [place + 1], most=4)) == [0, 1, 2, 3]


def test_where_it_goes_on_may_depend_on_what_was_done_with_the_place():
    inner = {}
    for place in walk([1], lambda place: inner.get(place, ())):
        inner[place] = ONWARD[place] if place != 3 else ()
    assert set(inner) == {1, 2, 3, 4, 5}
