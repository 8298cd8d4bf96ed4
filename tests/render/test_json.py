import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.errors import ReportFileError
from gradviz.facts.calls import CallKind, CallName, StepNote
from gradviz.facts.findings import Findings
from gradviz.facts.parameters import Parameters
from gradviz.graph import (
    Cut,
    CutKind,
    Edge,
    Graph,
    Leaf,
    Node,
    NodeKind,
    Parameter,
    Place,
    Verdict,
    Zero,
)
from gradviz.render import json as json_module
from gradviz.render.json import call_in, note_in, read_findings, render_json
from gradviz.reports import Report, read_json

names = st.text(st.characters(), max_size=8)  # any character at all, lone surrogates too
sizes = st.lists(st.integers(0, 2**40), max_size=3).map(tuple)
places = st.builds(Place, file=names, line=st.integers(0), code=names, function=names)
cuts = st.builds(
    Cut,
    kind=st.sampled_from(CutKind),
    operation=names,
    file=names,
    line=st.integers(0),
    code=names,
    scope=names,
    parameters=st.lists(names, max_size=2).map(tuple),
    caller=st.none() | places,
    also=st.lists(places, max_size=1).map(tuple),
    inside_library=st.booleans(),
)
zeros = st.builds(Zero, operation=names, why=names, place=st.none() | places, passing=st.booleans())


@st.composite
def graphs(draw, cut_count):
    size = draw(st.integers(0, 4))
    nodes = tuple(
        Node(
            index=index,
            kind=draw(st.sampled_from(NodeKind)),
            operation=draw(names),
            name=draw(names),
            shape=draw(st.none() | sizes),
            requires_grad=draw(st.booleans()),
            place=draw(st.none() | places),
            caller=draw(st.none() | places),
            scope=draw(names),
            severs=draw(st.none() | st.sampled_from(CutKind)),
            verdict=draw(st.none() | st.sampled_from(Verdict)),
            pruned=draw(st.booleans()),
        )
        for index in range(size)
    )
    edge = st.builds(
        Edge,
        source=st.integers(0, size - 1),
        target=st.integers(0, size - 1),
        gradient=st.booleans(),
        severed=st.none() | st.sampled_from(CutKind),
        cut=st.none() | st.integers(0, cut_count - 1) if cut_count else st.none(),
    )
    edge = edge.filter(
        lambda one: (
            not one.gradient or nodes[one.target].kind in (NodeKind.OPERATION, NodeKind.LOSS)
        )
    )
    return Graph(
        nodes,
        tuple(draw(st.lists(edge, max_size=3))) if size else (),
        draw(st.sampled_from(({}, {"": "Net", "f1": "Linear"}))),
    )


@st.composite
def reports(draw, torch="2.13.0"):
    all_cuts = tuple(draw(st.lists(cuts, max_size=2)))
    parameters = tuple(
        Parameter(
            name=name,
            names=(name, f"{name} tied") if draw(st.booleans()) else (name,),
            shape=draw(sizes),
            numel=draw(st.integers(0)),
            verdict=draw(st.sampled_from(Verdict)),
            partial=draw(st.booleans()),
            cuts=draw(
                st.lists(st.sampled_from(all_cuts) if all_cuts else cuts, max_size=2).map(tuple)
            ),
            zero=draw(st.none() | zeros),
            frozen_at=draw(st.none() | places),
            thawed_at=draw(st.none() | places),
            optimized=draw(st.none() | st.booleans()),
            gradient_norm=draw(st.none() | st.floats(allow_nan=False)),
        )
        for name in draw(st.lists(names, max_size=3, unique=True))
    )
    return Report(
        loss=draw(names),
        place=draw(st.none() | places),
        parameters=Parameters(parameters),
        cuts=all_cuts,
        unregistered=tuple(
            draw(
                st.lists(
                    st.builds(Leaf, name=names, shape=sizes, place=st.none() | places), max_size=2
                )
            )
        ),
        graph=draw(graphs(len(all_cuts))),
        notes=tuple(draw(st.lists(names, max_size=2))),
        torch=torch,
    )


@given(reports())
def test_what_is_written_is_read_back_equal(report):
    assert read_json(render_json(report)) == report


@given(reports(), st.lists(reports(), min_size=1, max_size=2, unique_by=lambda report: report.loss))
@settings(max_examples=30)
def test_several_losses_are_read_back_equal_with_an_entry_each(whole, each):
    report = replace(whole, losses={one.loss: one for one in each})
    assert read_json(render_json(report)) == report
    assert [entry["loss"] for entry in json.loads(render_json(report))["backwards"]] == [
        one.loss for one in each
    ]


CUT = Cut(
    kind=CutKind.DETACH_,
    operation="detach_()",
    file="net.py",
    line=7,
    code="h.detach_()",
    parameters=("f1.weight",),
)
SMALL = Report(
    place=Place("net.py", 9, "loss = y.sum()", "step"),
    parameters=Parameters(
        (
            Parameter(name="f1.weight", shape=(2, 1), numel=2, verdict=Verdict.CUT, cuts=(CUT,)),
            Parameter(
                name="f2.weight", shape=(), numel=1, verdict=Verdict.REACHED, gradient_norm=2.0
            ),
        )
    ),
    cuts=(CUT,),
    graph=Graph(
        (
            Node(index=0, kind=NodeKind.LOSS, name="loss"),
            Node(index=1, kind=NodeKind.PARAMETER, name="f2.weight", shape=()),
            Node(index=2, kind=NodeKind.PARAMETER, name="f1.weight", shape=(2, 1), pruned=True),
        ),
        (
            Edge(source=1, target=0),
            Edge(source=2, target=0, gradient=False, severed=CutKind.DETACH_, cut=0),
        ),
    ),
    torch="2.13.0",
)


def test_a_small_report_is_written_like_this_a_parameter_cut_node_or_edge_to_a_line():
    assert render_json(SMALL).splitlines() == [
        "{",
        ' "format": 2,',
        ' "gradviz": "0.1.0",',
        ' "torch": "2.13.0",',
        ' "backwards": [',
        "  {",
        '   "index": 0,',
        '   "file": "net.py",',
        '   "line": 9,',
        '   "code": "loss = y.sum()",',
        '   "function": "step",',
        '   "loss": "loss",',
        '   "parameters": [',
        (
            '    {"name": "f1.weight", "shape": [2, 1], "numel": 2, "verdict": "cut", "partial":'
            ' false, "cuts": [0]},'
        ),
        (
            '    {"name": "f2.weight", "shape": [], "numel": 1, "verdict": "reached", "partial":'
            ' false, "cuts": [], "gradient_norm": 2.0}'
        ),
        "   ],",
        '   "cuts": [',
        (
            '    {"kind": "detach_", "operation": "detach_()", "file": "net.py", "line": 7, "code":'
            ' "h.detach_()", "scope": "", "parameters": ["f1.weight"]}'
        ),
        "   ],",
        '   "unregistered": [],',
        '   "notes": [],',
        '   "graph": {',
        '    "nodes": [',
        '     {"index": 0, "kind": "loss", "name": "loss"},',
        '     {"index": 1, "kind": "parameter", "name": "f2.weight", "shape": []},',
        (
            '     {"index": 2, "kind": "parameter", "name": "f1.weight", "shape": [2, 1], "pruned":'
            " true}"
        ),
        "    ],",
        '    "edges": [',
        '     {"source": 1, "target": 0},',
        '     {"source": 2, "target": 0, "gradient": false, "severed": "detach_", "cut": 0}',
        "    ]",
        "   }",
        "  }",
        " ]",
        "}",
    ]


def test_a_graph_in_several_reports_is_written_the_same_in_each_and_kept_no_longer_than_it_lives():
    before = json_module._written.copy()
    report = Report(
        graph=Graph((Node(index=0, kind=NodeKind.LOSS, name="loss"),), (), {"encoder": "Linear"})
    )
    whole = replace(report, losses={"a": replace(report, loss="a"), "b": replace(report, loss="b")})
    document = json.loads(render_json(whole))
    assert json_module._written.keys() > before.keys()
    assert [each["graph"] for each in document["backwards"]] == [document["together"]["graph"]] * 2
    assert document["together"]["graph"]["classes"] == {"encoder": "Linear"}
    del report, whole
    assert json_module._written == before


@pytest.mark.parametrize("again", [True, False])
def test_parameters_written_before_name_the_cuts_of_the_report_that_they_are_in(again: bool):
    one, other = (Cut(kind=CutKind.DETACH, operation="detach()", line=line) for line in (1, 2))
    parameters = Parameters((Parameter(name="w", verdict=Verdict.CUT, cuts=(other,)),))
    if again:
        render_json(Report(parameters=parameters, cuts=(one, other)))
    document = json.loads(render_json(Report(parameters=parameters, cuts=(other,))))
    assert document["backwards"][0]["parameters"][0]["cuts"] == [0]


def test_a_gradient_that_is_not_a_number_is_still_valid_json():
    parameter = Parameter(name="w", verdict=Verdict.REACHED, gradient_norm=math.nan)
    text = render_json(Report(parameters=Parameters((parameter,))))
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))
    assert math.isnan(read_json(text).parameters["w"].gradient_norm)


def broken(*path, value=None, drop=False):
    """The small report as JSON with one thing in it changed or left out."""
    document = json.loads(render_json(SMALL))
    *way, last = path
    inner = document
    for key in way:
        inner = inner[key]
    if drop:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a gradviz report: it is not JSON (Expecting value: line 1 column 1 (char 0))"),
        (render_json(SMALL)[:200], "not a gradviz report: it is not JSON"),
        ("[" * 200_000, "not a gradviz report: it is not JSON"),
        ("[]", 'not a gradviz report: there is no "format" in it'),
        ('{"a": 1}', 'not a gradviz report: there is no "format" in it'),
        (
            broken("format", value=3),
            (
                "unknown report format: 3 (this is gradviz 0.1.0, which reads 1 and 2; the file was"
                " written by gradviz 0.1.0)"
            ),
        ),
        (broken("backwards", value=[]), 'broken report: 0 backwards, but no "together"'),
        (broken("backwards", drop=True), "broken report: report.backwards is null, and not a list"),
        (broken("backwards", 0, value=3), "broken report: backwards[0] is 3, and not an object"),
        (
            broken("backwards", 0, "loss", value=7),
            "broken report: backwards[0].loss is 7, and not str",
        ),
        (
            broken("backwards", 0, "cuts", 0, "kind", value="cut"),
            'broken report: backwards[0].cuts[0].kind is "cut", and not CutKind',
        ),
        (
            broken("backwards", 0, "cuts", 0, "kind", drop=True),
            "broken report: backwards[0].cuts[0]: ",
        ),
        (
            broken("backwards", 0, "parameters", 0, "cuts", value=[5]),
            "backwards[0].parameters[0].cuts is 5, and not an object",
        ),
        (
            broken("backwards", 0, "parameters", 0, "shape", value="2x1"),
            'parameters[0].shape is "2x1", and not a list',
        ),
        (
            broken("backwards", 0, "graph", drop=True),
            "broken report: backwards[0].graph is null, and not an object",
        ),
        (
            broken("backwards", 0, "graph", "nodes", 1, "index", value=5),
            "backwards[0].graph.nodes[1] has index 5",
        ),
        (
            broken("backwards", 0, "graph", "edges", 0, "source", value=9),
            "graph.edges[0] leads to a node that is not there",
        ),
        (
            broken("backwards", 0, "graph", "edges", 1, "cut", value=4),
            "graph.edges[1] belongs to a cut that is not there",
        ),
        (
            broken("backwards", 0, "graph", "edges", 1, "cut", value=True),
            "graph.edges[1].cut is true, and not int",
        ),
    ],
)
def test_a_broken_file_is_refused_in_one_line_that_says_where(text, message):
    with pytest.raises(ReportFileError) as caught:
        read_json(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("loss", "call"),
    [
        ("backward 12, errG", CallName(CallKind.BACKWARD, 12, "errG")),
        ("torch.autograd.grad 1, a, b", CallName(CallKind.GRAD, 1, "a, b")),
        ("backward 2, two\nlines", CallName(CallKind.BACKWARD, 2, "two\nlines")),
        ("errG", None),
        ("backward, errG", None),
    ],
)
def test_a_call_is_found_in_the_name_of_a_loss(loss, call):
    assert call_in(loss) == call


def test_the_calls_of_an_alarm_are_found_in_its_words():
    text = "ALARM: opt steps 2 parameters that no gradient reached, after backward 2, 3 and 11"
    note = note_in(text)
    assert isinstance(note, StepNote)
    assert (note, note.alarm, note.calls) == (text, True, (2, 3, 11))
    assert not isinstance(note_in("opt steps after backward 2"), StepNote)


def test_a_file_without_the_fields_gives_the_same_as_one_with_them():
    alarm = "ALARM: opt steps w that no gradient reached, after backward 1"
    findings = Findings(
        loss="backward 1, loss",
        call=CallName(CallKind.BACKWARD, 1, "loss"),
        notes=(StepNote(alarm, alarm=True, calls=(1,)), "odd"),
    )
    document = json.loads(render_json(findings))
    (entry,) = document["backwards"]
    del entry["call"], entry["step_notes"]
    old = read_findings(json.dumps(document))
    assert old == read_findings(render_json(findings)) == findings
    assert old.alarms == findings.alarms
    assert old.alarms[0].calls == (1,)
