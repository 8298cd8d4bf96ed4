"""A thread that the step started writes on the tape of the one that started it."""

import pytest
import torch
from tapes import recorder

from gradviz.recording.threads import ThreadMode, watched


def test_it_has_the_tape_and_what_left_torch_of_its_parent_and_a_grad_mode_of_its_own():
    parent = recorder()
    mode = ThreadMode(parent)
    assert mode.tape is parent.tape
    assert mode.escapes is parent.escapes
    assert mode.switch is None


def test_what_is_severed_meanwhile_is_on_the_tape_and_nothing_after_it():
    parent, live = recorder(), torch.ones(2, requires_grad=True)
    with watched(parent):
        live.detach()
    live.detach()
    assert len(parent.tape.calls) == 1


def test_it_ends_where_the_job_raises():
    parent = recorder()
    with pytest.raises(ValueError, match="no"), watched(parent):
        raise ValueError("no")
    torch.ones(2, requires_grad=True).detach()
    assert not parent.tape.calls


def test_where_it_fails_its_parent_stops_too():
    parent = recorder()
    ThreadMode(parent).failed(ValueError("no"))
    assert parent.failure == "ValueError: no"


def test_a_node_that_went_in_is_not_one_that_the_call_made():
    parent, live = recorder(), torch.ones(2, requires_grad=True) * 2
    with watched(parent):
        out = live * 3
    assert parent.tape.stamp_of(out.grad_fn) is not None
    assert parent.tape.stamp_of(live.grad_fn) is None
