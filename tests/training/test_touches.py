"""Who changed a gradient last, and since when it matters."""

import sys

import torch

from gradviz.training.touches import Touches


def with_grad(*values):
    parameter = torch.zeros(len(values), requires_grad=True)
    parameter.grad = torch.tensor(values)
    return parameter


def test_a_write_into_a_gradient_is_its_parameter_s():
    touches, weight = Touches(), with_grad(1.0)
    touches.arrived([weight])
    touches.wrote(weight.grad, "zero_", sys._getframe())
    touch = touches.take(id(weight))
    assert (touch.operation, touch.scales) == ("zero_", False)


def test_memory_that_a_gradient_has_left_is_nobody_s():
    touches, weight = Touches(), with_grad(1.0)
    touches.arrived([weight])
    gone, weight.grad = weight.grad, None
    touches.replaced(weight, sys._getframe())
    touches.wrote(gone, "mul_", sys._getframe())  # as whatever is made there next
    assert touches.take(id(weight)).operation == "grad"


def test_arithmetic_scales_and_a_filling_replaces():
    touches, weight = Touches(), with_grad(1.0)
    touches.arrived([weight])
    touches.wrote(weight.grad, "mul_", sys._getframe())
    touch = touches.take(id(weight))
    assert touch.scales
    assert touch.place.code == 'touches.wrote(weight.grad, "mul_", sys._getframe())'


def test_a_parameter_whose_data_is_replaced_is_written_into_and_known_where_it_lies_now():
    touches, weight = Touches(), with_grad(1.0)
    touches.hold([weight])
    weight.data = torch.ones(1)
    touches.moved(weight, sys._getframe())
    assert touches.written_at(id(weight)).code == "touches.moved(weight, sys._getframe())"
    weight.data.add_(1)
    touches.wrote(weight, "add_", sys._getframe())
    assert touches.written_at(id(weight)).code == 'touches.wrote(weight, "add_", sys._getframe())'


def test_data_of_what_is_no_parameter_is_not_written_down():
    touches, weight = Touches(), with_grad(1.0)
    touches.hold([weight])
    other = torch.zeros(1)
    touches.moved(other, sys._getframe())
    assert touches.written_at(id(other)) is None


def test_another_tensor_is_nobody_s_gradient():
    touches, weight = Touches(), with_grad(1.0)
    touches.arrived([weight])
    touches.wrote(torch.ones(1), "zero_", sys._getframe())
    assert not touches._last


def test_where_no_gradient_has_arrived_nothing_need_be_looked_at():
    touches = Touches()
    assert not touches
    touches.arrived([torch.zeros(1, requires_grad=True)])
    assert not touches
    touches.arrived([with_grad(1.0)])
    assert touches


def test_what_arrives_anew_ends_what_was_done_before():
    touches, weight = Touches(), with_grad(1.0)
    touches.arrived([weight])
    touches.wrote(weight.grad, "mul_", sys._getframe())
    touches.forget([weight])
    assert not touches._last


def test_a_parameter_that_is_gone_is_forgotten():
    touches, weight = Touches(), with_grad(1.0)
    touches.arrived([weight])
    touches.wrote(weight.grad, "mul_", sys._getframe())
    touches.keep(set())
    assert not touches
    assert not touches._last


def test_the_line_that_drops_a_gradient_is_known_however_often_gradient_arrives_anew():
    touches, weight = Touches(), with_grad(1.0)
    weight.grad = None
    touches.replaced(weight, sys._getframe())
    touches.forget([weight])
    assert touches.dropped_at(id(weight)).code == "touches.replaced(weight, sys._getframe())"
    assert touches.dropped_at(id(with_grad(1.0))) is None


def written_aside(write):
    """Return the lines that a step's write beside a parameter is taken for, by its identity."""
    touches, weight = Touches(), torch.tensor([[0.5, -1.0], [2.0, 0.3]], requires_grad=True)
    touches.hold([weight])
    touches.begin_step()
    touches.wrote(write(weight.detach()), "add_", sys._getframe())
    return touches.end_step([weight], []).keys() == {id(weight)}


def test_a_write_into_a_copy_of_a_parameter_is_the_update_that_went_elsewhere():
    assert written_aside(lambda weight: weight.clone() - 0.01)
    assert written_aside(lambda weight: weight.t().contiguous().double() + 0.01)


def test_a_write_into_the_update_itself_is_none():
    assert not written_aside(lambda weight: torch.ones(2, 2))
    assert not written_aside(lambda weight: 0.1 * weight)
