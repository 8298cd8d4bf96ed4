"""Which gradient that is not finite an optimizer's step took in."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import gradviz
from gradviz.recording import torch_inside

read = pytest.mark.skipif(
    not torch_inside.READS_SAVED,
    reason="this torch does not tell what hooks have packed, so nothing that nodes saved is read",
)


def births_of(*, clean=False, skip=(), write=None, restore=False, made=torch.optim.SGD):
    """Return what is born in the last of three steps, of which the first brings NaN."""
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = made([weight], 0.1)
    with gradviz.trace() as trace:
        for number in range(3):
            optimizer.zero_grad()
            scale = (weight - weight).sqrt() if number == 0 else weight * 2
            loss = scale.square().sum()
            loss.backward()
            if clean:
                weight.grad.nan_to_num_()
            if number == 1 and write is not None:
                write(weight)
            if number not in skip:
                optimizer.step()
            if number == 0 and restore:
                weight.data.fill_(math.nan)
    return trace.report(loss, {"weight": weight}, optimizer).births


@read
@pytest.mark.parametrize("made", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
@pytest.mark.parametrize("foreach", [False, True])
def test_a_step_that_took_it_in_is_followed_back_to_its_birth(made, foreach):
    (birth,) = births_of(made=lambda held, lr: made(held, lr, foreach=foreach))
    assert (birth.operation, birth.holder) == ("sqrt", "")


def spoil(weight):
    weight.data[0] = math.inf


def fill(weight):
    with torch.no_grad():
        weight.fill_(math.nan)


@read
@pytest.mark.parametrize("write", [spoil, fill])
@pytest.mark.parametrize("how", [{"skip": (0, 1)}, {"skip": (0,)}, {"clean": True}])
def test_what_a_line_wrote_is_of_that_line_where_no_step_took_the_gradient_in(how, write):
    (birth,) = births_of(write=write, **how)
    assert birth.holder == "weight"
    assert birth.written.code in ("weight.data[0] = math.inf", "weight.fill_(math.nan)")


@read
def test_what_was_written_over_what_a_step_had_spoilt_is_of_that_line():
    (birth,) = births_of(restore=True)
    assert (birth.holder, birth.written.code) == ("weight", "weight.data.fill_(math.nan)")


def births_with_a_mask(step, made):
    mask = nn.Parameter(torch.tensor([0.0, -math.inf]))
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = made([mask, weight], 0.1)
    with gradviz.trace() as trace:
        for number in range(3):
            optimizer.zero_grad()
            loss = step((weight + mask).softmax(-1), weight, number)
            loss.backward()
            optimizer.step()
    return trace.report(loss, {"mask": mask, "weight": weight}, optimizer).births


@read
@pytest.mark.parametrize("made", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize(
    "term",
    [lambda p, w: -(p * p.log()).sum(), lambda p, w: p.sum() + (w * 0).log().sum()],
)
def test_a_mask_that_steps_write_back_as_it_was_spoils_nothing(term, made):
    births = births_with_a_mask(lambda p, w, number: term(p, w) if number == 2 else p[0], made)
    assert [(birth.operation, birth.holder) for birth in births] == [("log", "")]


@read
def test_a_mask_that_a_step_spoilt_is_followed_back():
    births = births_with_a_mask(
        lambda p, w, number: F.mse_loss(p, w) + ((p - p).sqrt().sum() if number == 1 else 0),
        torch.optim.SGD,
    )
    assert [(birth.operation, birth.holder) for birth in births] == [("sqrt", "")]


@read
def test_of_a_mask_and_steps_that_stay_finite_nothing_is_born():
    assert births_with_a_mask(lambda p, w, number: p[0] * w[0], torch.optim.SGD) == ()
