"""What a page draws: every box in its module, and a tensor again wherever it is used."""

import pytest
import torch
from graphs import ARTICLE_MODES, every_verdict, recurrent

import gradviz
from gradviz.render.page_things import SORTS, page_graph
from gradviz.render.style import STROKES


@pytest.mark.parametrize("report", [*ARTICLE_MODES.values(), every_verdict])
def test_every_parameter_is_among_the_things_and_lines_lead_from_thing_to_thing(report):
    made = report()
    graph = page_graph(made)
    drawn = {thing.parameter.name for thing in graph.things if thing.parameter is not None}
    assert drawn == {*made.parameters}
    assert {thing.sort for thing in graph.things} <= {*SORTS}
    for source, target, stroke in graph.lines:
        assert 0 <= source < len(graph.things)
        assert 0 <= target < len(graph.things)
        assert stroke < len(STROKES)


def test_lines_are_sorted_and_the_same_each_time():
    graph = page_graph(every_verdict())
    assert list(graph.lines) == sorted(graph.lines)
    assert page_graph(every_verdict()) == graph


def test_what_is_used_again_and_again_is_drawn_where_it_is():
    names = [thing.name for thing in page_graph(recurrent(3)).things if thing.is_tensor]
    assert {*names} == {"cell.weight_ih", "cell.weight_hh"}


@pytest.mark.parametrize("steps", [30, 60])
def test_what_looks_alike_is_one_kind_however_often_it_is_drawn(steps):
    graph = page_graph(recurrent(steps))
    assert len(graph.numbers) > 3 * steps
    assert len(graph.kinds) < 12
    assert len({*map(id, graph.things)}) == len(graph.kinds)


def test_what_differs_by_its_line_alone_is_of_two_kinds():
    x = torch.ones(1, requires_grad=True)
    with gradviz.trace() as trace:
        loss = x * 2
        loss = loss * 2
    kinds = page_graph(trace.report(loss.sum())).kinds
    assert [kind.name for kind in kinds].count("MulBackward0") == 2


def test_a_mark_has_its_cuts_and_a_tensor_its_sizes():
    things = page_graph(ARTICLE_MODES["detach"]()).things
    (mark,) = [thing for thing in things if thing.sort == "mark"]
    assert mark.cuts == (0,)
    assert mark.shape is None
    assert {thing.shape for thing in things if thing.name == "f2.weight"} == {(3, 2)}


def test_a_leaf_made_of_what_was_detached_is_drawn_where_two_modules_use_it():
    layers = torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(3))
    with gradviz.trace() as trace:
        hidden = layers[0](torch.ones(1, 2)).detach().requires_grad_()
        loss = (layers[1](hidden) + layers[2](hidden)).sum()
    things = page_graph(trace.report(loss, layers)).things
    assert [thing.sort for thing in things if thing.shape == (1, 2)].count("stub") == 2
