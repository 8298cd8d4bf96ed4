"""What a call made is noted where it has no history, and what went in without an edge where it has."""

import sys

import torch
from tapes import call, recorder

from gradviz.recording.calls.noting import is_another, made, stamp_nodes
from gradviz.recording.calls.rule import Function, TorchCall
from gradviz.recording.torch_inside import sequence_number


def severed(watch, tensor):
    number = watch.tape.call(call(watch.tape, 900 + len(watch.tape.calls)))
    watch.tape.set_origin(tensor, number)
    return number


def test_a_tensor_made_of_a_severed_one_comes_from_the_call():
    watch, tensor, out = recorder(), torch.ones(2), torch.zeros(2)
    number = severed(watch, tensor)
    made(TorchCall(watch, Function("mul"), (tensor, 2.0), {}, None, None, sys._getframe()), (out,))
    origin = watch.tape.origin(out)
    assert watch.tape.calls[origin].inputs == ((number, False),)
    assert watch.tape.calls[origin].kind is None  # it was severed before


def test_one_made_of_nothing_of_interest_has_no_origin():
    watch, out = recorder(), torch.zeros(2)
    made(
        TorchCall(watch, Function("mul"), (torch.ones(2), 2.0), {}, None, None, sys._getframe()),
        (out,),
    )
    assert watch.tape.origin(out) is None
    assert not watch.tape.calls


def test_what_takes_a_shape_alone_has_nothing_of_the_value():
    watch, tensor, out = recorder(), torch.ones(2), torch.zeros(2)
    severed(watch, tensor)
    made(
        TorchCall(watch, Function("zeros_like"), (tensor,), {}, None, None, sys._getframe()), (out,)
    )
    assert watch.tape.origin(out) is None


def test_what_comes_out_as_it_went_in_is_not_made():
    watch, tensor = recorder(), torch.ones(2)
    number = severed(watch, tensor)
    made(
        TorchCall(watch, Function("contiguous"), (tensor,), {}, None, None, sys._getframe()),
        (tensor,),
    )
    assert watch.tape.origin(tensor) == number
    is_another(watch, tensor, (tensor,), {})
    assert watch.tape.origin(tensor) == number
    is_another(watch, tensor, (), {})
    assert watch.tape.origin(tensor) is None


def test_a_node_is_stamped_with_the_severed_values_that_went_in():
    watch, tensor = recorder(), torch.ones(2)
    number, live = severed(watch, tensor), torch.ones(2, requires_grad=True)
    watch.first_node = sequence_number()
    out = live * tensor
    stamp_nodes(
        TorchCall(watch, Function("mul"), (live, tensor), {}, None, None, sys._getframe()), (out,)
    )
    assert watch.tape.stamp_of(out.grad_fn).sources == (number,)
