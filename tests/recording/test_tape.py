"""What a trace has seen, as plain data."""

import gc
import inspect

import pytest
import torch
from tapes import call as put_call
from torch import nn

from gradviz.graph import CutKind
from gradviz.recording import tape as tape_module
from gradviz.recording import torch_inside
from gradviz.recording.brought import Backward
from gradviz.recording.entries.records import FORGOTTEN, Call, Exit
from gradviz.recording.reading.where import NOWHERE, Spot
from gradviz.recording.tape import Tape, Trampoline, wants_trampoline

SPOT = Spot(module=3)


@pytest.fixture
def tape():
    return Tape()


@pytest.fixture
def weight():
    return torch.ones(2, requires_grad=True)


def new_call(*inputs):
    return Call("detach", CutKind.DETACH, "detach()", inputs, NOWHERE)


def test_a_walk_puts_every_node_and_leaf_behind_a_tensor_on_the_tape(tape, weight):
    loss = (weight * 2).exp().sum()
    number = tape.walk(loss.grad_fn)
    names = []
    while number in tape.steps:
        names.append(tape.steps[number].name)
        (number,) = tape.steps[number].nexts
    assert names == ["SumBackward0", "ExpBackward0", "MulBackward0"]
    assert tape.leaves[number].shape == (2,)
    assert tape.leaves[number].requires_grad
    assert tape.leaf_number(weight) == number


def test_what_was_walked_keeps_its_number_and_is_not_walked_twice(tape, weight):
    product = weight * 2
    first = tape.walk(product.grad_fn)
    before = len(tape)
    assert tape.walk(product.grad_fn) == first
    assert len(tape) == before
    later = tape.walk(product.sum().grad_fn)
    assert tape.steps[later].nexts == (first,)


def test_a_long_chain_is_walked_without_recursion(tape, weight):
    loss = weight
    for _ in range(5000):
        loss = loss + 1
    tape.walk(loss.grad_fn)
    assert len(tape.steps) == 5000


def test_of_a_custom_function_the_step_says_so(tape, weight):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            return gradient * 2

    own = tape.walk(Double.apply(weight).grad_fn)
    torchs = tape.walk((weight * 2).grad_fn)
    assert tape.steps[own].custom
    assert not tape.steps[torchs].custom


def test_a_node_is_stamped_once_and_takes_in_more_sources(tape, weight):
    node = (weight * 2).grad_fn
    assert tape.stamp_of(node) is None
    assert tape.stamp_of(node) is None
    stamp = tape.stamp(node, SPOT, (5,))
    assert tape.stamp(node, NOWHERE, (5, 6)) is stamp
    assert tape.stamp_of(node) is stamp
    assert (stamp.spot, stamp.sources) == (SPOT, (5, 6))


def test_a_tape_reads_nothing_that_another_wrote(tape, weight):
    node = (weight * 2).grad_fn
    Tape().stamp(node, SPOT)
    assert tape.stamp_of(node) is None


def test_a_node_is_known_by_the_line_of_the_call_that_made_it(tape, weight):
    first = torch_inside.sequence_number()
    product = weight * 2
    tape.lines.made(first, torch_inside.sequence_number(), SPOT)
    assert tape.stamp_of(product.grad_fn) is None
    tape.walk(product.grad_fn)
    assert tape.stamp_of(product.grad_fn).spot == SPOT


def test_a_leaf_that_is_only_read_is_not_live(tape, weight):
    number = tape.leaf(weight)
    assert not tape.leaves[number].requires_grad
    assert tape.leaf_of(tape.tensors.find(weight), weight) == number
    assert tape.leaves[number].requires_grad
    assert tape.live(weight) == number


def test_a_leaf_that_was_never_met_has_no_number(tape, weight):
    assert tape.leaf_number(weight) is None
    assert tape.leaf_of(None, weight) == tape.leaf_number(weight)


def test_leaves_before_are_those_that_the_graph_leads_to(tape, weight):
    other, elsewhere = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    shared = weight * other
    leaves = tape.leaves_before([shared + shared, elsewhere])
    assert {id(leaf) for leaf in leaves.values()} == {id(weight), id(other), id(elsewhere)}
    assert all(tape.leaf_number(leaf) == number for number, leaf in leaves.items())


def test_leaves_that_a_checkpoint_reads_are_held_until_the_tape_is_closed(tape, weight):
    tape.hold([weight, weight * 2, torch.ones(2)])
    assert [leaf is weight for leaf in tape.held.values()] == [True]
    tape.close()
    assert not tape.held


def test_the_origin_of_a_tensor_is_the_call_that_made_it(tape, weight):
    cut = weight.detach()
    assert tape.origin(cut) is None
    number = tape.call(new_call())
    tape.set_origin(cut, number)
    assert tape.origin(cut) == number
    tape.drop_origin(cut)
    assert tape.origin(cut) is None


def test_a_leaf_is_made_of_each_call_that_gave_it_its_value(tape, weight):
    first, second = tape.call(new_call()), tape.call(new_call())
    tape.set_origin(weight, first)
    number = tape.leaf(weight)
    assert tape.leaves[number].sources == (first,)
    for _ in range(2):
        tape.set_origin(weight, second)
    assert tape.leaves[number].sources == (first, second)


def test_an_alias_says_by_what_a_tensor_was_taken_out_of_its_graph(tape, weight):
    cut = weight.detach()
    assert tape.alias(cut) is None
    tape.set_alias(cut, CutKind.DETACH)
    assert tape.alias(cut) is CutKind.DETACH


def test_of_a_value_that_left_twice_what_is_worse_for_it_counts(tape):
    for way in (Exit.DATA, Exit.NUMBER, Exit.DATA):
        tape.left(1, way)
    assert tape.exits[1] is Exit.NUMBER


def test_what_is_now_lies_between_the_numbers_before_and_after(tape):
    before = tape.call(new_call())
    moment = tape.now()
    assert before < moment < tape.call(new_call())


def test_a_call_that_is_the_same_as_one_before_is_that_one_and_the_newest(tape):
    source = tape.call(new_call())
    repeated = tape.call(new_call((source, False)))
    tape.may_repeat(repeated, "line 3")
    newer = tape.call(new_call())
    assert tape.repeated("line 4", ((source, False),)) == 0
    assert list(tape.calls)[-1] == newer
    assert tape.repeated("line 3", ((source, False),)) == repeated
    assert list(tape.calls)[-1] == repeated


def test_of_more_calls_than_are_kept_the_older_half_is_forgotten(tape, monkeypatch):
    monkeypatch.setattr(tape_module, "MOST", 4)
    numbers = [tape.call(new_call()) for _ in range(5)]
    assert list(tape.calls) == numbers[2:]
    assert tape.calls[numbers[0]] is FORGOTTEN
    assert tape.spot_of(numbers[0]) is None


def test_the_line_of_a_call_is_known_and_a_leaf_has_none(tape, weight):
    put_call(tape, 90)
    assert tape.spot_of(90) == NOWHERE
    assert tape.spot_of(tape.leaf(weight)) is None


def test_a_module_keeps_its_number_and_is_not_kept_alive(tape):
    first, second = nn.Linear(1, 1), nn.Linear(1, 1)
    assert [tape.module(module) for module in (first, second, first)] == [0, 1, 0]
    del first
    gc.collect()
    assert tape.modules[0]() is None
    assert tape.modules[1]() is second


def test_what_came_in_is_later_than_all_that_left_before(tape):
    left = tape.call(new_call())
    tape.came_in()
    assert left < tape.unexplained < tape.call(new_call())


def test_the_node_that_adds_to_a_leafs_grad_counts_as_the_leaf(tape, weight):
    accumulator = (weight * 2).grad_fn.next_functions[0][0]
    number = tape.walk(accumulator)
    assert number == tape.leaf_number(weight)
    assert tape.leaves[number].requires_grad
    assert not tape.steps


def test_a_backward_that_is_over_parts_the_lines_before_it_from_those_after(tape):
    tape.lines.made(1, 2, SPOT)
    backward = Backward((), None, None)
    tape.ended(backward)
    tape.lines.made(2, 3, SPOT)
    assert tape.backwards == [backward]
    assert [ended for _, ended in tape.lines.spots()] == [0, 1]


@pytest.mark.parametrize("step", [1, 2, 3, 64, 100, 128])
def test_one_node_in_about_128_has_one_however_the_numbers_go_on(step):
    chosen = [wants_trampoline(number) for number in range(0, 30_000 * step, step)]
    assert 150 < sum(chosen) < 330
    gap = longest = 0
    for wanted in chosen:
        gap = 0 if wanted else gap + 1
        longest = max(longest, gap)
    assert longest < 4000


def test_what_is_held_is_let_go_of_as_the_trampoline_goes():
    class Held:
        gone = 0

        def __del__(self):
            Held.gone += 1

    trampoline = Trampoline(Held())
    assert Held.gone == 0
    del trampoline
    assert Held.gone == 1


def test_what_goes_while_others_go_goes_in_the_loop_of_the_first_and_in_no_deeper_call():
    depths = []

    class Held:
        def __init__(self, inner):
            self.inner = inner

        def __del__(self):
            depths.append(len(inspect.stack(0)))

    chain = None
    for _ in range(5):
        chain = Trampoline(Held(chain))
    del chain
    assert len(depths) == 5
    assert len({*depths}) == 1
