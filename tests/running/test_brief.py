"""What is told of a call fits a glance.

What can be acted on first, lines in libraries counted, the rest on demand.
"""

from gradviz.facts.findings import Findings
from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Verdict
from gradviz.reports import Report
from gradviz.running.brief import LEAST_LINES, MOST_LINES, below, shortened
from gradviz.running.calls import BackwardCall
from gradviz.running.telling import Teller

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
    assert below(lines, 4, "more ", "means ") == lines
    assert below(lines, 5, "more ", "means ") == [
        *("ALARM", "not trained", "by a", "fix f", "not trained", "by b"),
        "more 2 more lines; --verbose tells all",
    ]
    assert len(below(lines, MOST_LINES, "more ", "means ")) == LEAST_LINES
