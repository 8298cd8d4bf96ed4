"""Hooks on nodes of the graph are told by the line that registers them."""

import torch

from gradviz.recording.backwards.node_hooks import note_before, spots_of
from gradviz.recording.tape import Tape


def halve(gradients):
    return gradients


def register(node, hook):
    return node.register_prehook(hook)


def test_a_function_that_no_line_registers_by_its_name_is_told_by_its_own():
    (spot,) = spots_of({1: halve})
    assert spot.place.code == "def halve(gradients):"


def test_a_function_is_told_by_the_one_line_that_registers_it():
    def quarter(gradients):
        return gradients

    node = torch.ones(2, requires_grad=True).exp().grad_fn
    handle = node.register_prehook(quarter)
    (spot,) = spots_of(handle.hooks_dict_ref())
    assert spot.place.code == "handle = node.register_prehook(quarter)"


def test_what_is_no_code_of_the_users_is_left_out():
    assert spots_of({1: len, 2: torch.zeros_like}) == []


def test_outside_a_backward_nothing_is_noted():
    tape = Tape()
    note_before(tape, 1, 1.0, 0.0)
    assert not tape.hooks
