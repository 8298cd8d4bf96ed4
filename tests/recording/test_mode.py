"""A mode sees each torch call, and the user's call is what it was whatever becomes of the mode."""

import pytest
import torch
from tapes import NoTouches

from gradviz.recording.mode import RecordingMode
from gradviz.recording.rule import Rule
from gradviz.recording.tape import Tape


@pytest.fixture
def mode():
    return RecordingMode(Tape(), NoTouches())


def test_what_severs_is_on_the_tape_and_what_passes_is_not(mode):
    x = torch.ones(2, requires_grad=True)
    with mode:
        y = x * 2
        z = y.detach()
    assert [call.name for call in mode.tape.calls.values()] == ["detach"]
    assert mode.tape.origin(z) is not None
    assert mode.tape.origin(y) is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rule_that_fails_ends_the_watching_and_not_the_call(mode, when):
    def fails(*args):
        raise ValueError("no")

    rule = Rule("relu", fails if when == "after" else lambda *args: args[4], None)
    rule.before = fails if when == "before" else None
    mode._rules[torch.Tensor.relu] = rule
    with mode:
        assert torch.tensor([-1.0, 2.0]).relu().tolist() == [0.0, 2.0]
    assert mode.failure == "ValueError: no"


def test_what_the_user_s_call_raises_is_the_user_s(mode):
    with mode, pytest.raises(RuntimeError, match="size"):
        torch.ones(2) + torch.ones(3)
    assert mode.failure == ""


def test_a_mode_that_has_ended_lets_every_call_pass(mode):
    mode.end()
    x = torch.ones(2, requires_grad=True)
    with mode:
        x.detach()
    assert not mode.tape.calls


def test_a_block_that_an_interrupt_left_open_is_closed(mode):
    with mode:
        torch.no_grad().__enter__()
        mode.leave_blocks()
    assert torch.is_grad_enabled()
