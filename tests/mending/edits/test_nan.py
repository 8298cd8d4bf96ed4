"""What a ``where`` leaves out is made safe by itself, and then no NaN comes back."""

import torch
from edited import edited

from gradviz.mending.edits.nan import clamped_operand, safe_operand


def gradient(text):
    x = torch.tensor([4.0, 0.0, -1.0], requires_grad=True)
    names = {"torch": torch, "x": x}
    exec(text, names)
    names["y"].sum().backward()
    return x.grad, names["y"].detach()


def test_nan_is_gone_and_the_values_are_the_same():
    text = "y = torch.where(x > 0, x.sqrt(), torch.zeros_like(x))\n"
    before, value = gradient(text)
    after, same = gradient(edited(safe_operand, text, kind="not_finite")[0])
    assert bool(before.isnan().any())
    assert after.tolist() == [0.25, 0.0, 0.0]
    assert torch.equal(value, same)


def test_of_the_other_choice_it_is_what_the_condition_denies():
    text = "y = torch.where(x <= 0, torch.zeros_like(x), 1 / x)\n"
    after, _ = gradient(edited(safe_operand, text, kind="not_finite")[0])
    assert after.tolist() == [-1 / 16, 0.0, 0.0]


def test_a_where_without_an_unsafe_operand_is_left_alone():
    assert edited(safe_operand, "y = torch.where(x > 0, x, -x)\n", kind="not_finite") == []


def test_a_root_of_zero_is_kept_away_from_it_and_another_function_is_not():
    before, value = gradient("y = torch.sqrt(x.clamp(min=0))\n")
    (text,) = edited(clamped_operand, "y = torch.sqrt(x.clamp(min=0))\n", kind="not_finite")
    after, same = gradient(text)
    assert not bool(before.isfinite().all())
    assert after.tolist() == [0.25, 0.0, 0.0]
    assert torch.allclose(value, same)
    assert edited(clamped_operand, "y = x.exp()\n", kind="not_finite") == []
