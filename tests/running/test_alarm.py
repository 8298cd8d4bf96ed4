"""What an optimizer is about to step is held against what the calls before it reached."""

import pytest
import torch
from calls_by_hand import call
from torch import nn

from gradviz.running.alarm import judge_step


@pytest.fixture
def tensors():
    """Three parameters: a, b and c."""
    return {name: nn.Parameter(torch.zeros(2)) for name in "abc"}


def judged(tensors, held, *calls, others=None, **more):
    """Return what became of the parameters that an optimizer holds, by field of the step."""
    optimizer = torch.optim.SGD([tensors[name] for name in held], lr=0.1)
    optimizers = {"optimizer": optimizer, **(others or {})}
    named = []
    for made in calls:
        names = {id(tensors[name]): name for name in made.report.parameters}
        object.__setattr__(made, "names", names)
        named.append(made)
    numbers = more.pop("numbers", [made.number for made in named])
    return judge_step(optimizer, optimizers, named, numbers, **more)


def test_what_got_no_gradient_is_starved_and_what_got_some_is_not(tensors):
    tensors["a"].grad = torch.ones(2)
    step = judged(tensors, "ab", call(a="reached", b="cut"))
    assert (step.optimizer, step.held, step.starved) == ("optimizer", ("a", "b"), ("b",))


def test_frozen_and_zero_are_told_apart(tensors):
    tensors["a"].requires_grad_(False)
    tensors["b"].grad = torch.zeros(2)
    step = judged(tensors, "ab", call(a="frozen", b="zero"))
    assert (step.frozen, step.zero, step.starved) == (("a",), ("b",), ())


def test_a_gradient_that_is_left_from_before_is_older(tensors):
    tensors["b"].grad = torch.ones(2)
    step = judged(tensors, "ab", call(a="reached", b="unused"))
    assert step.older == ("b",)


def test_what_another_optimizer_holds_too_or_an_earlier_call_reached_is_idle(tensors):
    other = torch.optim.SGD([tensors["b"]], lr=0.1)
    unused = call(a="reached", b="unused")
    assert judged(tensors, "ab", unused, others={"other": other}).idle == ("b",)
    earlier = call(b="reached", line=3)
    assert judged(tensors, "ab", unused, earlier=[earlier]).idle == ("b",)


def test_what_no_loss_has_used_waits_where_it_is_early_to_say(tensors):
    unused = call(a="reached", b="unused")
    assert judged(tensors, "ab", unused, waits=True).waiting == ("b",)
    assert judged(tensors, "ab", unused).starved == ("b",)
    tensors["b"].grad = torch.zeros(2)  # as zero_grad(set_to_none=False) leaves it
    assert judged(tensors, "ab", unused, waits=True).waiting == ("b",)
    assert judged(tensors, "ab", unused).starved == ("b",)


def test_after_calls_that_were_not_reported_on_a_gradient_may_be_theirs(tensors):
    tensors["b"].grad = torch.ones(2)
    step = judged(tensors, "ab", call(a="reached", b="unused"), numbers=[1, 2])
    assert (step.older, step.starved) == ((), ())


def test_what_got_gradient_and_is_not_held_is_extra_by_who_holds_it(tensors):
    other = torch.optim.SGD([tensors["b"]], lr=0.1)
    step = judged(
        tensors, "a", call(a="reached", b="reached", c="reached"), others={"other": other}
    )
    assert step.extra == {"other": ("b",), "": ("c",)}


def test_an_optimizer_nothing_of_which_is_reached_holds_others(tensors):
    step = judged(tensors, "a", call(a="unused", b="reached"))
    assert step.holds_others
    assert not judged(tensors, "ab", call(a="unused", b="reached")).holds_others
