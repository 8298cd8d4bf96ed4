"""What left by an instruction, and by which expressions it comes in again."""

import pytest

from gradviz.recording.outside import sites
from gradviz.recording.outside.alike import Given
from gradviz.recording.outside.sites import Marks, Site
from gradviz.recording.reading.instructions import position_of
from gradviz.recording.reading.outflows import route
from gradviz.recording.reading.ways import Expression, Slice


def test_a_value_that_left_again_is_the_last_and_no_new_one():
    marks = Marks()
    for serial in (1, 2, 1):
        marks.add(serial, 0)
    assert [serial for serial, _ in marks.serials] == [2, 1]
    assert marks.new == [1, 2]


def test_the_same_value_of_another_object_is_another_mark_and_not_another_number():
    marks = Marks()
    marks.add(1, 0)
    marks.add(1, 5)
    assert [*marks.serials] == [(1, 0), (1, 5)]
    assert marks.new == [1]


@pytest.fixture
def site(program):
    file = program("def f(x):\n    return g(x.item()), h()\n")
    made = Site(*file.at("f", "x.item()"))
    made.marks[route(made.code, made.lasti)] = Marks(parts={None})
    return made


def test_it_comes_in_by_the_expressions_that_it_stands_in(site):
    position = position_of(site.code, site.lasti)
    around = Expression((2, 0, 2, 40))
    elsewhere = Expression((9, 0, 9, 40))
    unread = Expression((2, 0, 2, 40), unread=(position,))
    ways = site.ways_in(Slice((around, elsewhere, unread)))
    assert [(way.range, way.unread) for way in ways] == [(around.range, ())]
    assert site.touches(Slice((around,)))
    assert not site.touches(Slice((elsewhere,)))


def test_a_call_that_changed_what_it_was_given_is_touched_by_its_place(site):
    sliced = Slice(calls=(position_of(site.code, site.lasti),))
    assert not site.touches(sliced)
    site.changes = True
    assert site.touches(sliced)


def test_the_numbers_are_known_until_one_of_them_is_not(site, monkeypatch):
    site.took({0.5}, directly=True)
    site.took({0.25}, directly=True)
    assert site.values == {0.5, 0.25}
    site.took(set(), directly=False)
    assert site.values is None
    assert not site.direct


def test_of_too_many_numbers_none_is_held(site, monkeypatch):
    monkeypatch.setattr(sites, "HELD", 2)
    site.took({1.0, 2.0, 3.0}, directly=True)
    assert site.values is None


def test_a_number_that_no_programmer_would_write_tells_which_of_several_left(site):
    site.took({0.731059}, directly=True, serial=3)
    site.took({0.5}, directly=True, serial=4)
    assert site.told_by(Given.of([0.7310586])) == [3]
    assert site.told_by(Given.of([0.5])) == []
