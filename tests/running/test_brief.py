"""What is told of a call fits a glance.

What can be acted on first, lines in libraries counted, the rest on demand.
"""

from gradviz.facts.findings import Findings
from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Verdict
from gradviz.reports import Report
from gradviz.running.brief import MOST_LINES, shortened
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
    assert len(told) - 1 <= MOST_LINES
    assert "train.py:1" in "\n".join(told)
    assert told[-1].endswith("--verbose tells all")
    assert len(Teller(verbose=True).tell_call(call).splitlines()) > 40


def test_what_comes_first_is_kept_and_what_is_left_out_is_counted():
    sections = [["cut", "by a", "by b"], ["unused"], [f"partial {number}" for number in range(20)]]
    told = shortened(sections, "more ")
    assert told[:4] == ["cut", "by a", "by b", "unused"]
    assert len(told) == MOST_LINES
    assert told[-1] == "more 13 more lines; --verbose tells all"
    assert shortened([["cut"], ["unused"]], "more ") == ["cut", "unused"]
