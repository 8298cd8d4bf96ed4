"""Phrases that what is told of a run is made of."""

from calls_by_hand import call

from gradviz.graph import Cut, CutKind, Place
from gradviz.running.phrases import at_line, cut_lines, line, names_in, numbers_in_words

CUT = Cut(kind=CutKind.DETACH, operation="detach()", file="a.py", line=3, code="h = h.detach()")


def told(**fields):
    """Return the lines of a cut with other fields, without the spaces at their margin."""
    return [text.strip() for text in cut_lines(Cut(**{**vars_of(CUT), **fields}))]


def vars_of(cut):
    return {name: getattr(cut, name) for name in ("kind", "operation", "file", "line", "code")}


def test_a_cut_is_told_with_its_operation_line_and_code():
    assert told() == ["by detach() at a.py:3: h = h.detach()"]
    assert told(code="") == ["by detach() at a.py:3"]


def test_the_users_own_line_is_told_where_a_library_cuts():
    assert told(caller=Place("train.py", 9))[1:] == ["called at train.py:9"]
    assert told(caller=Place("a.py", 3))[1:] == []


def test_of_many_lines_that_cut_again_three_are_told_and_the_rest_is_counted():
    also = tuple(Place("b.py", number) for number in range(1, 6))
    assert told(also=also)[1:] == [
        "cut again at b.py:1",
        "cut again at b.py:2",
        "cut again at b.py:3",
        "cut again at 2 more lines",
    ]
    assert len(told(also=also[:3])) == 4


def test_a_place_that_is_not_known_is_left_out():
    assert at_line(None) == ""
    assert at_line(Place("a.py", 2)) == " at a.py:2"
    assert at_line(Place("a.py", 2, "x()")) == " at a.py:2: x()"


def test_a_word_too_long_for_the_margin_ends_in_a_colon():
    assert line("by", "x") == "  by        x"
    assert line("a long word", "x") == "  a long word: x"
    assert line("ten chars.", "x") == "  ten chars.: x"


def test_of_many_names_the_first_six_groups_are_told():
    names = [f"part_{letter}.weight" for letter in "abcdefgh"]
    verdicts = dict.fromkeys(names, "reached")
    text = names_in(names, call(**verdicts))
    assert text.count(", ") == 5
    assert text.endswith(" and 2 more parameters")
    assert names_in(names[:1], call(**verdicts)) == "part_a.weight (4 values)"


def test_numbers_are_listed_as_a_person_does():
    assert numbers_in_words([1]) == "1"
    assert numbers_in_words([1, 2, 3]) == "1, 2 and 3"
