"""What a long report says in a line each."""

from dataclasses import replace

import graphs
import pytest

from gradviz.graph import Cut, CutKind, Leaf, Parameter, Place, Verdict
from gradviz.render.text import MOST_LINES, render_text
from gradviz.render.text_calm import Calm


def frozen(name, line):
    return Parameter(
        name=name, shape=(2,), numel=2, verdict=Verdict.FROZEN, frozen_at=Place("src/net.py", line)
    )


def test_each_kind_has_a_line_with_its_names_and_where():
    parameters = {one.name: one for one in (frozen("stem.weight", 3), frozen("head.bias", 9))}
    cut = Cut(
        kind=CutKind.DETACH,
        operation="detach()",
        file="src/net.py",
        line=5,
        code="h.detach()",
        parameters=("stem.weight",),
    )
    leaf = Leaf(name="leaf (2)", shape=(2,), place=Place("src/net.py", 7))
    calm = Calm((cut,), tuple(parameters.values()), (leaf, leaf))
    aside, frozen_line, leaves = calm.lines(parameters)
    assert aside.endswith("often on purpose: stem.weight (2 values) by detach() at net.py:5.")
    assert frozen_line == (
        "Frozen: stem.weight (2 values) and head.bias (2 values), at net.py:3 and net.py:9."
    )
    assert leaves.endswith("2 tensors that are no parameters of the model, at net.py:7.")


def test_what_several_lines_cut_is_named_once():
    parameters = {name: frozen(name, 3) for name in ("a", "b", "c")}

    def cut(line, *names):
        return Cut(
            kind=CutKind.DETACH, operation="detach()", file="net.py", line=line, parameters=names
        )

    calm = Calm((cut(1, "a"), cut(2, "c"), cut(3, "b"), cut(4, "a", "b")))
    (aside,) = calm.lines(parameters)
    assert aside.endswith(
        "often on purpose: c (2 values) by detach() at net.py:2; a (2 values) and b (2 values) by"
        " detach() at net.py:1, detach() at net.py:3 and detach() at net.py:4."
    )


def test_what_is_alarming_is_not_calm():
    unused = Parameter(name="w", shape=(2,), verdict=Verdict.UNUSED)
    meant = Leaf(name="leaf (2)", shape=(2,), is_parameter=True)
    state = Cut(kind=CutKind.DETACH, operation="state_dict()", file="a.py", line=1, code="s()")
    report = graphs.none()
    calm = Calm.of(report, [state], [unused])
    assert (calm.cuts, calm.parameters) == ((), ())
    assert not Calm.of(replace(report, unregistered=(meant,)), [], []).leaves


@pytest.mark.parametrize("report", [graphs.frozen, graphs.detached])
def test_a_report_that_is_short_explains_all_of_it(report):
    text = render_text(report())
    assert len(text.splitlines()) <= MOST_LINES
    assert "Frozen:" not in text or "requires_grad is False" in text
