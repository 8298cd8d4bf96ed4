"""Hooks of every step are called before and after it, and can be taken out while one runs."""

import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from gradviz.training.hooks import StepHooks


@pytest.fixture
def optimizer():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)


def put_in(hooks):
    for action in hooks.put_in:
        action()


def test_both_are_called_around_a_step_until_they_are_removed(optimizer):
    calls = []
    hooks = StepHooks(
        lambda stepped, args, kwargs: calls.append("before"),
        lambda stepped, args, kwargs: calls.append("after"),
    )
    put_in(hooks)
    optimizer.step()
    hooks.remove()
    optimizer.step()
    assert calls == ["before", "after"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_one_may_remove_both_while_it_runs_with_others_behind_it(optimizer, when):
    calls = []

    def act(name):
        def hook(stepped, args, kwargs):
            calls.append(name)
            if name == when:
                hooks.remove()

        return hook

    hooks = StepHooks(act("before"), act("after"))
    put_in(hooks)
    other = register_optimizer_step_post_hook(lambda *args: calls.append("other"))
    try:
        for _ in range(3):
            optimizer.step()
    finally:
        other.remove()
    own = ["before"] if when == "before" else ["before", "after"]
    assert calls == [*own, "other", "other", "other"]


def test_what_one_raises_is_raised_and_both_can_be_removed(optimizer):
    def fails(stepped, args, kwargs):
        hooks.remove()
        raise ValueError("no")

    hooks = StepHooks(fails, lambda *args: None)
    put_in(hooks)
    with pytest.raises(ValueError, match="no"):
        optimizer.step()
    optimizer.step()
