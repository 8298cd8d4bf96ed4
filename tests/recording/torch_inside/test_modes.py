"""Modes: taking them off torch's stack, and calling torch unseen by them."""

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from gradviz.recording import torch_inside
from gradviz.recording.torch_inside.modes import has_own_dispatch


class Calls(TorchFunctionMode):
    """Lists the calls that it sees."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.seen.append(function.__name__)
        return function(*args, **(kwargs or {}))


class Dispatched(TorchDispatchMode):
    """Counts the operations that it sees."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += 1
        return function(*args, **(kwargs or {}))


@pytest.fixture
def ones():
    return torch.ones(2)


def test_calls_are_unseen_by_modes_of_both_kinds(ones):
    calls, dispatched = Calls(), Dispatched()
    with calls, dispatched:
        with torch_inside.without_torch_function():
            ones.add(1)
        assert (calls.seen, dispatched.count) == ([], 0)
        ones.add(1)
    assert (calls.seen, dispatched.count) == (["add"], 1)


def test_modes_are_counted(ones):
    base = torch_inside.other_modes(), torch_inside.dispatch_modes()
    with Calls(), Dispatched():
        assert (torch_inside.other_modes(), torch_inside.dispatch_modes()) == (
            base[0] + 1,
            base[1] + 1,
        )


def test_a_mode_is_taken_off_from_below_others_and_put_back_there(ones):
    lower, upper = Calls(), Calls()
    with lower, upper:
        with torch_inside.taken_out(lower):
            ones.add(1)
        assert (lower.seen, upper.seen) == ([], ["add"])
        ones.sub(1)
    assert (lower.seen, upper.seen) == (["sub"], ["add", "sub"])


def test_a_mode_that_is_not_there_is_not_taken_off(ones):
    upper = Calls()
    with upper, torch_inside.taken_out(Calls()):
        ones.add(1)
    assert upper.seen == ["add"]


def test_the_steps_take_a_mode_off_for_good_and_leave_the_others(ones):
    lower, middle, upper = Calls(), Calls(), Calls()
    lower.__enter__()
    torch_inside.push(middle)
    upper.__enter__()
    for step in torch_inside.taking_out(middle):
        step()
    ones.add(1)
    upper.__exit__(None, None, None)
    ones.sub(1)
    lower.__exit__(None, None, None)
    assert (lower.seen, middle.seen, upper.seen) == (["add", "sub"], [], ["add"])


def test_the_steps_for_a_mode_that_is_not_there_change_nothing(ones):
    lower = Calls()
    with lower:
        for step in torch_inside.taking_out(Calls()):
            step()
        ones.add(1)
    assert lower.seen == ["add"]


def test_grad_mode_is_switched():
    torch_inside.set_grad_enabled(False)
    try:
        assert not torch.is_grad_enabled()
    finally:
        torch_inside.set_grad_enabled(True)
    assert torch.is_grad_enabled()


def test_a_tensor_class_with_operations_of_its_own_is_known():
    class Own(torch.Tensor):
        @classmethod
        def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
            raise NotImplementedError

    assert has_own_dispatch(Own)
    assert not has_own_dispatch(torch.Tensor)
    assert not has_own_dispatch(torch.nn.Parameter)
