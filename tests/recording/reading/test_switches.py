"""Who switched grad mode off is told by the stack."""

import contextlib
import functools
import sys

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording.reading.switches import leaves_a_block, look_at_switch


def test_a_switch_by_the_user_s_own_line_is_no_library_s_and_has_that_line():
    switch = look_at_switch(sys._getframe())
    assert switch.set_by_function
    assert not switch.library
    assert not switch.inside_function
    assert switch.spot.code is sys._getframe().f_code


def test_two_blocks_of_a_line_are_two_and_an_ordinary_frame_leaves_none():
    first, second = (look_at_switch(sys._getframe()) for _ in range(2))
    assert first != second
    assert not leaves_a_block(sys._getframe())


def _logged(function):
    @functools.wraps(function)
    def logging(*given):
        return function(*given)

    return logging


@_logged
@torch.no_grad()
@_logged
def _between(layer, x):
    return layer(x)


@_logged
@torch.inference_mode
def _below(layer, x):
    return layer(x)


_quiet = torch.no_grad()


@_logged
@_quiet
@_logged
def _by_a_name(layer, x):
    return layer(x)


@_logged
def _with_items(layer, x):
    with (
        contextlib.nullcontext(),
        torch.no_grad(),
    ):
        return layer(x)


@pytest.mark.parametrize(
    ("encode", "line"),
    [
        (_between, "@torch.no_grad()"),
        (_below, "@torch.inference_mode"),
        (_by_a_name, "@_quiet"),
        (_with_items, "torch.no_grad(),"),
    ],
)
def test_of_several_decorators_or_items_the_one_that_switched_is_named(encode, line):
    model = nn.ModuleDict({"first": nn.Linear(2, 2), "second": nn.Linear(2, 1)})
    with gradviz.trace() as trace:
        loss = model["second"](encode(model["first"], torch.ones(1, 2)).clone()).sum()
        loss.backward()
    assert {cut.block.code for cut in trace.report(loss, model).cuts} == {line}


def _plain(layer, x):
    return layer(x)


_put_in = torch.no_grad()(_plain)


class _Encoder(nn.Module):
    def encode(self, x):
        return self.layer(x)


def _of_an_object(layer, x):
    encoder = _Encoder()
    encoder.layer = layer
    encoder.encode = torch.inference_mode()(encoder.encode)
    return encoder.encode(x)


def _twice_put_in(layer, x):
    def inner(x):
        return layer(x)

    first = torch.no_grad()(inner)
    second = torch.no_grad()(inner)
    return first(x) + second(x)


@pytest.mark.parametrize(
    ("encode", "line"),
    [
        (_put_in, "_put_in = torch.no_grad()(_plain)"),
        (_of_an_object, "encoder.encode = torch.inference_mode()(encoder.encode)"),
        (_twice_put_in, "return first(x) + second(x)"),  # either of them
    ],
)
def test_a_function_that_was_put_into_a_block_by_a_call_has_the_line_of_that(encode, line):
    test_of_several_decorators_or_items_the_one_that_switched_is_named(encode, line)


class _Scaled(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.layer, self.block = nn.Linear(3, 3), block

    def forward(self, x):
        with self.block():
            scale = self.layer(x).abs().mean()
        return self.layer(x) / (1 + scale)


@pytest.mark.parametrize(("block", "partial"), [(torch.no_grad, True), (torch.enable_grad, False)])
def test_a_block_in_an_exported_program_is_the_user_s(block, partial):
    torch.manual_seed(0)
    model, x = _Scaled(block), torch.ones(2, 3)
    with gradviz.trace() as trace:
        loss = torch.export.export(model, (x,)).module()(x).sum()
    assert trace.report(loss, model).parameters["layer.weight"].partial is partial
