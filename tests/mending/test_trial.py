"""What a trial notes of a step: its bits, and where it failed."""

import torch

from gradviz.mending.trial import _failure, _measured


def test_bits_tell_two_losses_and_gradients_apart_and_equal_ones_not():
    weight = torch.ones(2, requires_grad=True)
    weight.grad = torch.tensor([0.5, 0.25])
    first = _measured(torch.tensor(1.5), {"w": weight})
    weight.grad = torch.tensor([0.5, 0.25])
    assert _measured(torch.tensor(1.5), {"w": weight}) == first
    weight.grad = torch.tensor([0.5, 0.2500001])
    other = _measured(torch.tensor(1.5), {"w": weight})
    assert other.loss == first.loss
    assert other.gradients != first.gradients


def test_a_parameter_without_gradient_has_no_digest_and_nan_is_not_finite():
    weight = torch.ones(2, requires_grad=True)
    assert _measured(torch.tensor(1.0), {"w": weight}).gradients == {"w": None}
    weight.grad = torch.tensor([float("nan"), 1.0])
    assert not _measured(torch.tensor(1.0), {"w": weight}).finite


def test_layouts_and_conjugates_are_read_as_what_they_stand_for():
    plain, sparse = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    plain.grad = torch.tensor([0.0, 2.0])
    sparse.grad = torch.tensor([0.0, 2.0]).to_sparse()
    found = _measured(torch.tensor(1.0), {"a": plain, "b": sparse}).gradients
    assert found["a"] == found["b"]


def test_several_losses_and_no_tensor_at_all():
    both = _measured({"a": torch.tensor(1.0), "b": torch.tensor(2.0)}, {})
    assert both.value == "1, 2"
    assert _measured(1.5, {}).loss == ""


def test_a_failure_is_told_by_its_class_its_first_line_and_the_user_s_own_line():
    def step():
        raise ValueError("no\nmore")

    try:
        step()
    except ValueError as error:
        failure = _failure(error)
    assert (failure.kind, failure.message, failure.file) == ("ValueError", "no", __file__)
    assert failure.line == step.__code__.co_firstlineno + 1
    assert _failure(KeyboardInterrupt()).message == ""
