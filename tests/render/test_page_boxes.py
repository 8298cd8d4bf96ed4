"""What is written in the boxes of a page, and how much there is in a group."""

from gradviz.graph import Verdict
from gradviz.render.page_boxes import (
    VERDICTS,
    Tally,
    group_lines,
    name_in,
    row_words,
    title_line,
    together,
)


def texts(lines):
    return [f"{line.mark} {line.text}{line.aside}".strip() for line in lines]


def test_what_is_in_a_group_is_counted_together():
    one = Tally(reached=2, elements=10, operations=3)
    other = Tally(reached=1, cut=1, elements=5, marks=1, pruned=2, partial=1)
    whole = together([one, other])
    assert whole.parameters == 4
    assert whole.row() == (*whole.verdicts, 1, 15, 3, 1, 2)


def test_the_verdicts_of_a_group_are_counted_in_their_order():
    assert len(Tally().verdicts) == len(VERDICTS)
    for verdict in Verdict:
        assert Tally(**{verdict: 3}).verdicts[VERDICTS.index(verdict)] == 3


def test_a_closed_group_says_its_class_its_size_and_its_verdicts():
    lines = group_lines("encoder", "Linear", Tally(reached=2, elements=12), 3)
    first, words = texts(lines)
    assert first == "encoder: Linear"
    assert words.endswith("reached (2 tensors, 12 values)")


def test_several_verdicts_have_a_line_of_their_own():
    lines = group_lines("encoder", "", Tally(reached=2, cut=1, elements=12), 3)
    assert texts(lines)[1:] == ["3 tensors, 12 values", "2 reached, 1 cut"]
    lines = group_lines("encoder", "", Tally(reached=2, partial=2, elements=12), 3)
    assert texts(lines)[1] == "2 tensors, 12 values"


def test_what_severs_inside_is_said_in_its_colour():
    lines = group_lines("encoder", "", Tally(cut=1, elements=4, marks=2), 3)
    assert texts(lines)[-1].endswith("2 cuts inside")
    assert lines[-1].is_cut


def test_without_parameters_it_counts_operations_and_else_boxes():
    assert texts(group_lines("a", "", Tally(operations=2), 3))[-1] == "2 operations"
    assert texts(group_lines("a", "", Tally(), 1))[-1] == "1 box"


def test_the_tree_tells_cuts_first_and_else_the_worst_verdict():
    assert row_words(Tally(cut=1, marks=1)) == "1 cut inside"
    assert "unused" in row_words(Tally(reached=3, unused=1))
    assert row_words(Tally()) == ""


def test_a_name_is_told_without_the_group_around_it():
    assert name_in(("a", "b"), "a.b.weight") == "weight"
    assert name_in((), "a.b.weight") == "a.b.weight"
    assert name_in(("a", "b"), "a.b.") == "a.b."


def test_a_title_says_the_class():
    assert title_line("net", "GPT").aside == ": GPT"
