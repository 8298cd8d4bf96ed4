"""A scheduler of torch's is asked for its rates; one of the user's is left alone."""

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, StepLR

from gradviz.recording.torch_inside.schedulers import rates_given


def optimizer():
    return torch.optim.SGD(nn.Linear(1, 1).parameters(), 0.1)


def test_a_formula_gives_what_a_rate_of_0_would_be():
    stepped = optimizer()
    schedule = StepLR(stepped, 10)
    stepped.param_groups[0]["lr"] = 0.0
    assert rates_given(schedule) == [0.1]


def test_without_a_formula_the_last_rates_are_given():
    assert rates_given(LambdaLR(optimizer(), lambda epoch: 0.0)) == [0.0]


def test_a_scheduler_of_the_users_is_not_asked():
    class Own(StepLR):
        def get_last_lr(self):
            raise AssertionError("asked")

        _get_closed_form_lr = get_last_lr

    assert rates_given(Own(optimizer(), 10)) is None
    assert rates_given(None) is None
