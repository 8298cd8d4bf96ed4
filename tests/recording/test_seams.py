"""Seams watch while a trace runs and leave nothing behind."""

import threading

import numpy as np
import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording import seams


def state():
    owners = [
        nn.Parameter,
        torch.autograd.Variable,
        torch.optim.Optimizer,
        nn.Module,
        torch,
        torch.autograd,
        torch.distributed,
    ]
    return [dict(vars(owner)) for owner in owners]


def test_everything_is_as_it_was_when_the_trace_ends():
    before = state()
    with gradviz.trace():
        assert state() != before
    assert state() == before


def test_everything_is_as_it_was_when_the_step_raises():
    before = state()
    with pytest.raises(ValueError, match="the step's own"), gradviz.trace():
        raise ValueError("the step's own")
    assert state() == before


def test_two_threads_trace_at_once_and_each_sees_its_own():
    before = state()
    found = {}
    together = threading.Barrier(2)

    def work(name, kept):
        model = nn.Linear(2, 2)
        with gradviz.trace() as trace:
            together.wait()
            value = model(torch.ones(1, 2))
            loss = (nn.Parameter(value) if not kept else value).sum()
            together.wait()
        found[name] = {str(one.verdict) for one in trace.report(loss, model).parameters.values()}

    threads = [
        threading.Thread(target=work, args=(name, kept))
        for name, kept in (("kept", True), ("wrapped", False))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"kept": {"reached"}, "wrapped": {"cut"}}
    assert state() == before
    assert seams._installed == []


def test_another_threads_calls_are_let_through_unseen():
    model = nn.Linear(2, 2)
    with gradviz.trace() as trace:
        other = threading.Thread(target=lambda: nn.Parameter(model.weight * 2))
        other.start()
        other.join()
        loss = model(torch.ones(1, 2)).sum()
    assert trace.report(loss, model).cuts == ()


def test_an_array_that_comes_back_keeps_its_memory():
    array = np.ones(3, dtype=np.float32)
    with gradviz.trace():
        tensor = torch.from_numpy(array)
    array[0] = 5.0
    assert tensor[0] == 5.0


def test_what_compiled_code_computes_is_traced_as_it_is_written():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))

    def forward(x):
        return model[1](model[0](x).detach())

    with gradviz.trace() as trace:
        loss = torch.compile(forward)(torch.ones(1, 2)).sum()
        loss.backward()
    report = trace.report(loss, model)
    assert {name: str(one.verdict) for name, one in report.parameters.items()} == {
        "0.weight": "cut",
        "0.bias": "cut",
        "1.weight": "reached",
        "1.bias": "reached",
    }
    assert "detach()" in report.cuts[0].code
    assert report.notes == (
        (
            "torch.compile was called; what it compiles was traced eagerly, through"
            " torch.compiler.set_stance('force_eager')."
        ),
    )
