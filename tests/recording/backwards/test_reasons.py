"""Why zeros, NaN or infinity leave a node."""

import math

import pytest
import torch
from tapes import step

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.passage import Passage
from gradviz.recording.arithmetic.sizes import unseen
from gradviz.recording.backwards.reasons import Reasons
from gradviz.recording.tape import Tape

INF = math.inf
reads_saved = pytest.mark.skipif(
    not torch_inside.READS_SAVED, reason="this torch does not tell what hooks have packed"
)


@pytest.fixture
def tape():
    return Tape()


def births(reasons, flows):
    return [(shown, born.node, born.forward) for shown, born in reasons.births(flows)]


def test_what_is_not_finite_is_born_where_finite_gradient_goes_in(tape):
    step(tape, 1, name="SqrtBackward0")
    step(tape, 2, name="MulBackward0")
    flows = {1: Passage((2,), (1.0,), (INF,)), 2: Passage((None,), (INF,), (INF,))}
    ((shown, born),) = Reasons(tape).births(flows)
    assert (shown, born.node, born.forward) == (1, 1, False)
    assert "usually" in born.why


def test_finite_gradient_is_no_birth(tape):
    assert births(Reasons(tape), {1: Passage((2,), (1.0,), (2.0, None))}) == []
    assert births(Reasons(tape), {1: Passage((2,), (None,), (INF,))}) == []


def test_a_node_that_the_tape_does_not_have_is_a_birth_all_the_same(tape):
    assert births(Reasons(tape), {5: Passage((None,), (1.0,), (math.nan,))}) == [(5, 5, False)]


def test_of_a_loss_that_is_not_finite_the_forward_that_made_it_is_told(tape):
    loss = (torch.tensor([-1.0, 4.0], requires_grad=True) * 1).sqrt().sum()
    reasons = Reasons(tape)
    unseen(reasons.look_at_loss, loss)
    ((shown, born),) = reasons.births({})
    assert shown == 0
    assert born.forward
    assert born.why


def test_of_a_finite_loss_nothing_is_told(tape):
    reasons = Reasons(tape)
    unseen(reasons.look_at_loss, torch.ones(2, requires_grad=True).sum())
    assert births(reasons, {}) == []


def looked_into(tape, loss, name, *, came, went):
    """Return the reasons that are read off a node by its name as the backward of a loss runs it."""
    reasons, node = Reasons(tape), loss.grad_fn
    while type(node).__name__ != name:
        node = node.next_functions[0][0]
    number = tape.walk(node)

    def look(passed, arrived):
        reasons.look(number, came, went, passed, arrived)

    node.register_hook(look)
    loss.backward()
    return reasons, number


@reads_saved
def test_a_birth_is_read_off_the_node_while_it_runs(tape):
    loss = torch.tensor([0.0, 4.0], requires_grad=True).sqrt().sum()
    reasons, number = looked_into(tape, loss, "SqrtBackward0", came=[1.0], went=[INF])
    ((shown, born),) = reasons.births({number: Passage((None,), (1.0,), (INF,))})
    assert (shown, born.node) == (number, number)
    assert "usually" not in born.why


@reads_saved
def test_why_zeros_leave_is_read_off_the_node_by_its_edge(tape):
    loss = torch.tensor([-1.0, -2.0], requires_grad=True).relu().sum()
    reasons, number = looked_into(tape, loss, "ReluBackward0", came=[1.0], went=[0.0])
    assert list(reasons.flat) == [number]
    assert list(reasons.flat[number]) == [0]


def test_zeros_that_came_in_are_not_looked_into(tape):
    loss = torch.tensor([-1.0, -2.0], requires_grad=True).relu().sum()
    reasons, _ = looked_into(tape, loss, "ReluBackward0", came=[0.0], went=[0.0])
    assert reasons.flat == {}


def test_a_node_that_does_not_run_is_not_looked_into(tape):
    loss = torch.tensor([-1.0], requires_grad=True).relu().sum()
    reasons = Reasons(tape)
    gradient = torch.zeros(1)
    reasons.look(tape.walk(loss.grad_fn), [1.0], [0.0], [gradient], [gradient])
    assert reasons.flat == {}
