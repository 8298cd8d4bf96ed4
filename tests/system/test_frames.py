"""What the user catches inside a watched call shows none of gradviz's lines."""

import dataclasses
import traceback

import pytest
import torch
from torch import nn
from torch.nn import functional

import gradviz
from gradviz.system.frames import FOLDER, is_own, leave_out_caller, uncounted

WEIGHT = torch.ones(2, requires_grad=True)


@dataclasses.dataclass(frozen=True)
class FrozenError(Exception):
    code: int


class Broken(torch.optim.SGD):
    def step(self, closure=None):
        raise FrozenError(3)


def refuse(gradient):
    raise ValueError("refused")


def a_method():
    (WEIGHT * 2).view(3)


def a_module():
    nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(3, 1))(WEIGHT)


def a_backward():
    loss = WEIGHT.exp().sum()
    loss.backward()
    loss.backward()


def a_gradient_asked_for():
    torch.autograd.grad(WEIGHT.detach().sum(), [WEIGHT])


def a_hook():
    value = WEIGHT * 2
    value.register_hook(refuse)
    value.sum().backward()


def a_frozen_error_of_a_tensor_s_own_function():
    class Own(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            raise FrozenError(5)

    WEIGHT.as_subclass(Own).add(1)


def an_optimizer():
    Broken([WEIGHT], lr=0.1).step()


def a_jit_trace():
    torch.jit.trace(lambda value: value.view(3), WEIGHT)


def a_function_of_python():
    functional.cross_entropy(WEIGHT, torch.ones(3))


def shown_by(fails):
    WEIGHT.grad = None
    try:
        fails()
    except Exception:
        return traceback.format_exc()
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    "fails",
    [
        a_method,
        a_module,
        a_frozen_error_of_a_tensor_s_own_function,
        an_optimizer,
        a_jit_trace,
    ],
)
def test_what_the_user_catches_is_printed_as_without_a_trace(fails):
    plainly = shown_by(fails)
    with gradviz.trace():
        watched = shown_by(fails)
    assert watched == plainly


@pytest.mark.parametrize("fails", [a_backward, a_gradient_asked_for, a_hook, a_function_of_python])
def test_a_function_of_torch_that_comes_through_a_mode_shows_the_lines_of_torch_alone(fails):
    plainly = shown_by(fails)
    with gradviz.trace():
        watched = shown_by(fails)
    assert FOLDER not in watched
    assert watched.count(f"in {fails.__name__}\n") == 1
    # The function of torch and what is below it are the same; one call stands in between
    head, _, rest = plainly.partition("torch/")
    assert watched.startswith(head)
    assert watched.endswith(rest.partition("\n  File")[2])


def test_only_the_head_is_taken_off_and_an_error_may_have_no_traceback():
    names = {"leave_out_caller": leave_out_caller}
    code = """
def through(function):
    try:
        function()
    except ValueError as error:
        leave_out_caller(error)
        raise
"""
    exec(compile(code, FOLDER + "somewhere.py", "exec"), names)
    assert is_own(names["through"].__code__)
    assert not is_own(shown_by.__code__)

    def fails():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as raised:
        names["through"](lambda: names["through"](fails))
    shown = [frame.f_code.co_name for frame, _ in traceback.walk_tb(raised.tb)]
    assert shown[1:] == ["<lambda>", "fails"]

    never_raised = ValueError("no")
    leave_out_caller(never_raised)
    assert never_raised.__traceback__ is None


def test_an_uncounted_function_is_still_gradvizs_own():
    def called():
        return "what it returns"

    called.__code__ = called.__code__.replace(co_filename=FOLDER + "recording/mode.py")
    assert uncounted(called)() == "what it returns"
    assert is_own(called.__code__)
    assert called.__code__.co_filename.endswith("recording/mode.py")
