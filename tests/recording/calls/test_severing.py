"""Which kind of cut a call is: by its name, by what comes out, by what switched grad mode off."""

import sys

import pytest
import torch
from tapes import recorder

from gradviz.graph import CutKind
from gradviz.recording.calls.severing import block_of, hands_on, kind_of, write_down

LIVE = ((1, True),)
DEAD = ((1, False),)


def kind(name, out, inputs=LIVE, given=None):
    watch = recorder()
    stack = watch.stacks.look_around(sys._getframe())
    return kind_of(watch, name, out, inputs, stack, [torch.ones(2)] if given is None else given)


def test_a_function_that_severs_by_itself_is_its_kind():
    assert kind("detach", torch.ones(2)) is CutKind.DETACH
    assert kind("item", torch.ones(2)) is CutKind.ITEM


@pytest.mark.parametrize(
    ("name", "expected"),
    [("long", CutKind.INTEGER_CAST), ("argmax", CutKind.NON_DIFFERENTIABLE)],
)
def test_what_comes_out_as_whole_numbers_is_a_cast_or_a_choice(name, expected):
    assert kind(name, torch.ones(2, dtype=torch.long)) is expected


def test_whole_numbers_of_whole_numbers_sever_nothing():
    whole = torch.ones(2, dtype=torch.long)
    assert kind("add", whole, given=[whole]) is None


def test_a_live_value_without_a_derivative_is_a_choice_and_a_dead_one_was_severed_before():
    assert kind("mul", torch.ones(2)) is CutKind.NON_DIFFERENTIABLE
    assert kind("mul", torch.ones(2), DEAD) is None


def test_what_switched_grad_mode_off_is_the_kind():
    with torch.no_grad():
        assert kind("mul", torch.ones(2)) is CutKind.NO_GRAD
    with torch.inference_mode():
        assert kind("mul", torch.ones(2)) is CutKind.INFERENCE_MODE


def test_calls_that_lie_in_one_block_have_one():
    watch = recorder()
    assert block_of(watch) is None
    with torch.no_grad():
        assert block_of(watch) == "before the trace"


def test_a_loop_writes_the_same_call_down_once():
    watch = recorder()
    numbers = {
        write_down(
            watch, "mul", None, DEAD, watch.stacks.look_around(sys._getframe()), torch.ones(1)
        )
        for _ in range(3)
    }
    assert len(numbers) == 1
    assert len(watch.tape.calls) == 1


def test_what_was_made_comes_from_the_call():
    watch, out = recorder(), torch.ones(1)
    stack = watch.stacks.look_around(sys._getframe())
    number = write_down(watch, "detach", CutKind.DETACH, LIVE, stack, out)
    assert watch.tape.origin(out) == number
    assert watch.tape.calls[number].operation == "detach()"


def test_torch_hands_on_what_a_forward_returns_as_it_went_in():
    watch, x = recorder(), torch.ones(1)
    with torch.no_grad():
        assert hands_on(watch, "view_as", (x, x))
        assert not hands_on(watch, "view_as", (x, torch.ones(1)))
    assert not hands_on(watch, "view_as", (x, x))
