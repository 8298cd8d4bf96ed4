"""The numbers of a run over its calls."""

from gradviz.series.data import Line, Turn

CUT, REACHED = Turn(call=2, verdict="cut"), Turn(call=5, verdict="reached")


def test_a_verdict_holds_from_its_call_on_until_the_next():
    line = Line(name="w", turns=(CUT, REACHED))
    assert [line.verdict_at(call) for call in (1, 2, 4, 5, 9)] == [None, CUT, CUT, REACHED, REACHED]


def test_of_a_block_nothing_is_said():
    assert Line(name="h.0").verdict_at(3) is None
