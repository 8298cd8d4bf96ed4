"""Phrases that what is told of a run is made of."""

from calls_by_hand import call

from gradviz.facts.findings import Findings
from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Place, Verdict
from gradviz.reports import Report
from gradviz.running.calls import BackwardCall
from gradviz.running.phrases import (
    LEAST_LINES,
    MOST_LINES,
    at_line,
    below,
    cut_lines,
    line,
    names_in,
    numbers_in_words,
    shortened,
)
from gradviz.running.telling import Teller

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


LIBRARY = "/env/lib/site-packages/vq/vq.py"


def call_of(*parameters):
    cuts = tuple(dict.fromkeys(cut for one in parameters for cut in one.cuts))
    report = Report(loss="loss", parameters=Parameters(parameters), cuts=cuts)
    assert isinstance(report, Findings)
    return BackwardCall(number=1, kind="backward", report=report, names={}, place=None)


def partial(name, file, line):
    cut = Cut(
        kind=CutKind.DETACH, operation="detach()", file=file, line=line, code="x = x.detach()"
    )
    return Parameter(
        name=name,
        names=(name,),
        shape=(2,),
        numel=2,
        verdict=Verdict.REACHED,
        partial=True,
        cuts=(cut,),
    )


def test_what_a_library_severs_on_one_route_is_a_line_unless_asked_for():
    call = call_of(*(partial(f"net.{number}.weight", LIBRARY, number + 1) for number in range(5)))
    told = Teller().tell_call(call)
    assert "5 parameters: one route is cut in 5 lines of libraries, another is alive" in told
    assert "vq.py" not in told
    assert Teller(verbose=True).tell_call(call).count("vq.py") == 5


def test_lines_of_the_readers_own_are_told_and_no_call_takes_more_than_a_dozen():
    call = call_of(
        *(partial(f"net.{number}.weight", "train.py", number + 1) for number in range(40))
    )
    told = Teller().tell_call(call).splitlines()
    assert len(told) == MOST_LINES
    assert "train.py:1" in "\n".join(told)
    assert told[-1].endswith("--verbose tells all")
    assert len(Teller(verbose=True).tell_call(call).splitlines()) > 40


def test_what_comes_first_is_kept_and_what_is_left_out_is_counted():
    sections = [["cut", "by a", "by b"], ["unused"], [f"partial {number}" for number in range(20)]]
    told = shortened(sections, "more ")
    assert told[:4] == ["cut", "by a", "by b", "unused"]
    assert len(told) == MOST_LINES - 1  # below the first line of a call
    assert told[-1] == "more 14 more lines; --verbose tells all"
    assert shortened([["cut"], ["unused"]], "more ") == ["cut", "unused"]


def test_a_step_takes_the_room_that_its_call_leaves_and_leaves_out_first_what_explains():
    lines = ["ALARM", "not trained", "by a", "means m", "fix f", "not trained", "by b", "fix g"]
    assert below(lines, 4, "more ", "means ", "fix ") == lines
    assert below(lines, 5, "more ", "means ", "fix ") == [
        *("ALARM", "not trained", "by a", "fix f", "not trained", "by b"),
        "more 2 more lines; --verbose tells all",
    ]
    assert len(below(lines, MOST_LINES, "more ", "means ", "fix ")) == LEAST_LINES


def test_the_first_remedy_stays_where_much_is_told_before_it():
    lines = ["ALARM", *(f"by {number}" for number in range(9)), "means m", "fix f", "fix g"]
    told = below(lines, MOST_LINES, "more ", "means ", "fix ")
    assert told == [
        "ALARM",
        "by 0",
        "by 1",
        "by 2",
        "fix f",
        "more 8 more lines; --verbose tells all",
    ]
