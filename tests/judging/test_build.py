"""From a tape written by hand to a graph."""

from dataclasses import replace

import pytest
import torch
from tapes import call, step
from torch import nn

from gradviz.graph import CutKind, Node, NodeKind
from gradviz.judging.build import Built, build
from gradviz.judging.model_names import names_of
from gradviz.recording.calls.memory import pin, written
from gradviz.recording.reading.where import Spot
from gradviz.recording.tape import Tape


@pytest.fixture
def tape():
    return Tape()


def built(tape, *roots, model=None, **more):
    """Return the graph behind some numbers of the tape, through which gradient passes."""
    pairs = [(root, True) for root in roots]
    return build(tape, pairs, names_of(model), "loss", (), **more)


def edges(result):
    """Return the edges by what their ends are called."""
    names = [node.operation or node.name for node in result.nodes]
    return [
        (names[edge.source], names[edge.target], edge.gradient, edge.severed)
        for edge in result.graph.edges
    ]


def test_the_loss_comes_first_and_what_is_nearest_to_it_next(tape):
    step(tape, 11, 12, 13, name="AddBackward0")
    step(tape, 12, 14, name="MulBackward0")
    step(tape, 13, name="ExpBackward0")
    step(tape, 14, name="SumBackward0")
    result = built(tape, 11)
    assert [node.operation for node in result.nodes] == [
        "",
        "AddBackward0",
        "MulBackward0",
        "ExpBackward0",
        "SumBackward0",
    ]
    assert result.nodes[0].kind is NodeKind.LOSS
    assert result.nodes[0].name == "loss"
    assert result.numbers == [0, 11, 12, 13, 14]
    assert [node.index for node in result.nodes] == [0, 1, 2, 3, 4]
    assert result.reached() == {0, 1, 2, 3, 4}


def test_what_went_into_a_call_that_severs_is_severed_where_it_required_grad(tape):
    step(tape, 11, name="MulBackward0")
    made = call(tape, 12, 13, kind=CutKind.DETACH)
    made.inputs = ((11, True), (13, False))
    call(tape, 13)
    result = build(tape, [(12, False)], names_of(None), "loss", ())
    assert edges(result) == [
        ("detach()", "loss", False, None),
        ("MulBackward0", "detach()", False, CutKind.DETACH),
        ("detach", "detach()", False, None),
    ]
    node = result.nodes[1]
    assert (node.severs, node.requires_grad) == (CutKind.DETACH, False)
    assert result.reached() == {0}


def test_a_call_that_severs_nothing_itself_takes_live_values_out_of_the_graph(tape):
    step(tape, 11, name="MulBackward0")
    call(tape, 12).inputs = ((11, True),)
    result = build(tape, [(12, False)], names_of(None), "loss", ())
    assert edges(result)[-1] == ("MulBackward0", "detach", False, CutKind.NON_DIFFERENTIABLE)


def test_a_leaf_of_the_model_is_a_parameter_by_its_name(tape):
    model, stray = nn.Linear(2, 3), torch.ones(4, requires_grad=True)
    numbers = [tape.leaf(tensor, live=True) for tensor in (model.weight, stray)]
    step(tape, 11, *numbers)
    result = built(tape, 11, model=nn.Sequential(model))
    parameter, leaf = result.nodes[2:]
    assert (parameter.kind, parameter.name) == (NodeKind.PARAMETER, "0.weight")
    assert (parameter.shape, parameter.scope) == ((3, 2), "0")
    assert (leaf.kind, leaf.name, leaf.scope) == (NodeKind.LEAF, "leaf (4)", "")
    assert result.classes == {"": "Sequential", "0": "Linear"}


def test_a_leaf_without_sizes_is_a_scalar(tape):
    step(tape, 11, tape.leaf(torch.tensor(1.0, requires_grad=True), live=True))
    assert built(tape, 11).nodes[-1].name == "leaf (scalar)"


def test_a_leaf_that_only_what_required_no_grad_read_requires_none(tape):
    step(tape, 11, tape.leaf(torch.ones(1)))
    assert not built(tape, 11).nodes[-1].requires_grad


def test_a_leaf_is_made_of_its_sources_without_gradient(tape):
    leaf = tape.leaf(torch.ones(1, requires_grad=True), live=True)
    tape.leaves[leaf].sources = (21,)
    call(tape, 21, kind=CutKind.DETACH)
    step(tape, 11, leaf)
    assert edges(built(tape, 11))[-1] == ("detach()", "leaf (1)", False, None)


def test_a_node_inside_a_composite_call_has_the_line_of_what_it_goes_into(tape):
    code = built.__code__
    step(tape, 11, 12).stamp.spot = Spot(code, 0)
    step(tape, 12)
    places = [node.place for node in built(tape, 11).nodes]
    assert places[0] is None
    assert places[1] is not None
    assert places[2] == places[1]


def test_what_runs_where_grad_mode_is_off_goes_by_its_own_name(tape):
    call(tape, 11, kind=CutKind.NO_GRAD)
    call(tape, 12, kind=CutKind.CHECKPOINT)
    result = build(tape, [(11, False), (12, False)], names_of(None), "loss", ())
    assert [node.operation for node in result.nodes[1:]] == ["detach", "detach()"]


def test_calls_of_one_block_have_its_number(tape):
    first, second = object(), object()
    for number, switch in ((11, first), (12, second), (13, first), (14, None)):
        call(tape, number, switch=switch)
    roots = [(number, False) for number in (11, 12, 13, 14)]
    result = build(tape, roots, names_of(None), "loss", ())
    assert [node.block for node in result.nodes[1:]] == [1, 2, 1, 0]


def test_a_value_read_by_a_custom_function_without_being_passed_is_captured(tape):
    forward = object()
    own = step(tape, 11, 12, name="OwnBackward")
    own.custom = True
    own.stamp.sources = (21,)
    step(tape, 12)
    read = call(tape, 21, inside=forward)
    read.inputs = ((12, True), (13, True), (14, False))
    step(tape, 13, name="ExpBackward0")
    call(tape, 14)
    result = built(tape, 11)
    captured = [edge for edge in result.graph.edges if edge.captured]
    assert [result.numbers[edge.source] for edge in captured] == [13]
    assert captured[0].severed is CutKind.CUSTOM_FUNCTION
    live = result.edges[result.index_of[12], result.index_of[11]]
    assert live.gradient
    assert not result.edges[result.index_of[14], result.index_of[11]].captured


def test_gradient_passes_to_what_a_reentrant_checkpoint_reads(tape):
    own = step(tape, 11, name="CheckpointFunctionBackward")
    own.custom = True
    own.stamp.sources = (21,)
    call(tape, 21, inside=object()).inputs = ((13, True),)
    step(tape, 13, name="ExpBackward0")
    assert edges(built(tape, 11))[-1] == ("ExpBackward0", own.name, True, None)


def test_what_torch_itself_severs_and_uses_in_one_call_is_its_own_business(tape):
    code = built.__code__
    inside, outside = Spot(code, 2), Spot(code, 40)
    step(tape, 11, name="AddBackward0").stamp.spot = outside
    tape.steps[11].stamp.sources = (12,)
    used = step(tape, 12, name="DivBackward0")
    used.stamp.spot = inside
    used.stamp.sources = (21,)
    made = call(tape, 21, kind=CutKind.NO_GRAD, library=True)
    made.spot = inside
    assert [node.library for node in built(tape, 11).nodes] == [False, False, False, True]
    made.spot = outside
    assert not any(node.library for node in built(tape, 11).nodes)


def test_what_writes_into_a_parameters_memory_names_the_parameter(tape):
    model = nn.Linear(2, 2)
    pin(tape, model.weight)
    call(tape, 21, kind=CutKind.COPY_UNDER_NO_GRAD)
    written(tape, model.weight, 21, None, over=True)
    step(tape, 11).stamp.sources = (21,)
    assert [node.into for node in built(tape, 11, model=model).nodes] == ["", "", "weight"]


def test_of_two_edges_between_the_same_nodes_the_one_that_gradient_passes_stays():
    result = Built()
    ends = 1, 0
    result.connect(*ends, gradient=False)
    result.connect(*ends, gradient=False, severed=CutKind.DETACH)
    assert result.edges[ends].severed is CutKind.DETACH
    result.connect(*ends, gradient=False)
    assert result.edges[ends].severed is CutKind.DETACH
    result.connect(*ends, gradient=True)
    assert result.edges[ends].gradient
    result.connect(*ends, gradient=False, severed=CutKind.DATA)
    assert result.edges[ends].gradient


def chain():
    """Four values: 2 and 3 go into 1, which goes into the loss; gradient does not come to 2."""
    nodes = [Node(index=index, kind=NodeKind.OPERATION) for index in range(4)]
    result = Built(nodes)
    result.connect(1, 0, gradient=True)
    result.connect(2, 1, gradient=False)
    result.connect(3, 1, gradient=True)
    return result


def test_before_follows_only_edges_that_gradient_passes():
    result = chain()
    assert result.before([1]) == {1, 3}
    assert result.before([2]) == {2}


def test_a_walk_follows_the_edges_as_they_are_now():
    result = chain()
    assert result.reached() == {0, 1, 3}
    result.put(replace(result.edges[3, 1], gradient=False, severed=CutKind.HOOK))
    assert result.reached() == {0, 1}
    added = result.add(Node(index=4, kind=NodeKind.LEAF))
    result.connect(added, 1, gradient=True)
    assert result.reached() == {0, 1, 4}
    result.drop(result.edges[1, 0])
    assert result.reached() == {0}
