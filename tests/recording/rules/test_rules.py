"""Every torch function has one rule, by its name or by more than that."""

import pytest
import torch

from gradviz.recording.rules import RULES, rule_of


def test_a_rule_has_the_name_that_it_is_listed_under():
    for name, rule in RULES.items():
        assert name.partition(".")[0] == rule.name or rule.name in name, name


@pytest.mark.parametrize(
    ("function", "writes"),
    [
        (torch.Tensor.add_, True),
        (torch.Tensor.__setitem__, True),
        (torch.Tensor.add, False),
        (torch.nn.functional.batch_norm, True),
        (torch.nn.functional.layer_norm, False),
    ],
)
def test_what_writes_has_a_rule_of_its_own(function, writes):
    plain = rule_of(torch.Tensor.mul)
    assert (rule_of(function).after is not plain.after) is writes


def test_a_function_without_a_name_is_ordinary():
    class Callable:
        def __call__(self):
            return None

    assert rule_of(Callable()).name == ""
