"""Whenever a signal handler raises, torch is left as it was, and what it raises
reaches the user.
"""

import gc
import random
import signal

import numpy as np
import pytest
import torch
from interrupts import WAYS, Bench, InterruptError
from torch import nn

import gradviz
from gradviz.recording.uninterrupted import is_own

# Moments of each way and error; python tests/recording/interrupts.py 5000 takes as many as there are
SAMPLE = 25


@pytest.fixture(autouse=True)
def _alarm():
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def _nobody_is_told_of_collections():
    # Python loses an interrupt in what it calls then, such as hypothesis's clock
    before = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks[:] = before


@pytest.mark.parametrize("error", [KeyboardInterrupt, InterruptError])
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_at_any_moment_leaves_torch_as_it_was_and_is_not_lost(way, error, tmp_path):
    bench = Bench(way, tmp_path, error)
    moments = bench.moments()
    chosen = random.Random(error.__name__).sample(range(1, moments + 1), SAMPLE)
    wrong = {moment: found for moment in sorted(chosen) if (found := bench.at(moment))[0]}
    assert wrong == {}
    assert bench.raised > SAMPLE * 0.9  # the rest of the moments came after the end


def test_an_interrupt_as_a_trace_begins_or_ends_leaves_nothing_at_every_moment(tmp_path):
    bench = Bench("nothing", tmp_path)
    wrong = {
        moment: found for moment in range(1, bench.moments() + 1) if (found := bench.at(moment))[0]
    }
    assert wrong == {}


def test_after_interrupts_the_next_trace_in_the_process_judges_rightly(tmp_path):
    bench = Bench("backward", tmp_path)
    for moment in random.Random(1).sample(range(1, bench.moments() + 1), 20):
        bench.at(moment)
        model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 1)})
        with gradviz.trace() as trace:
            loss = model["b"](model["a"](torch.ones(1, 2)).detach()).sum()
            loss.backward()
        report = trace.report(loss, model)
        verdicts = {name: str(one.verdict) for name, one in report.parameters.items()}
        assert verdicts == {
            "a.weight": "cut",
            "a.bias": "cut",
            "b.weight": "reached",
            "b.bias": "reached",
        }, moment
        assert report.notes == (), moment


def test_a_tuple_among_a_functions_arguments_is_compared_with_nothing():
    def rest(*arguments):
        raise TimeoutError

    with pytest.raises(TimeoutError) as raised:
        rest(np.ones(3), torch.ones(3))
    assert is_own(raised.value)


def test_what_a_handler_raises_inside_the_bookkeeping_is_no_failure_of_gradviz():
    def handler(number, frame):
        raise TimeoutError("the user's own")

    def rest(*arguments):
        raise TimeoutError("the user's own")

    for own in (handler, rest):
        signal.signal(signal.SIGALRM, own)
        with pytest.raises(TimeoutError) as raised:
            signal.raise_signal(signal.SIGALRM)
        assert not is_own(raised.value)
    with pytest.raises(TimeoutError) as raised:
        handler(1, None)
    assert is_own(raised.value)
    assert not is_own(KeyboardInterrupt())


def test_an_interrupt_that_the_step_catches_is_told_of_where_gradviz_was_at_work_then():
    def interrupted(*arguments):
        raise KeyboardInterrupt

    trace = gradviz.trace()
    weight = torch.ones(2, requires_grad=True)

    def step():
        with trace:
            trace._mode.tape.lines.made = interrupted
            with pytest.raises(KeyboardInterrupt):
                weight * 2
            return weight.sum()

    with pytest.warns(RuntimeWarning, match="KeyboardInterrupt"):
        loss = step()
    assert "KeyboardInterrupt" in trace.report(loss).notes[0]
