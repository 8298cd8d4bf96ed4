"""What a thread that the step starts computes is part of the step."""

import concurrent.futures
import threading

import pytest
import torch
from tapes import recorder
from traced import X, cut, report_of, verdict

from gradviz.graph import Verdict
from gradviz.recording.seams.threads import ThreadMode, watched


def in_thread(compute):
    kept = []
    thread = threading.Thread(target=lambda: kept.append(compute()))
    thread.start()
    thread.join()
    return kept[0]


def in_pool(compute):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(compute).result()


@pytest.mark.parametrize("run", [in_thread, in_pool])
def test_what_it_computes_with_gradient_is_reached(run):
    report = report_of(lambda net: net.last(run(lambda: net.first(X))).sum())
    assert verdict(report) is Verdict.REACHED


@pytest.mark.parametrize("run", [in_thread, in_pool])
def test_what_it_severs_is_cut_at_its_line(run):
    report = report_of(lambda net: net.last(run(lambda: net.first(X).detach())).sum())
    assert "net.first(X).detach()" in cut(report).code


def test_a_thread_that_raises_raises_as_without_a_trace():
    def fails():
        raise ValueError("no")

    def step(net):
        with pytest.raises(ValueError, match="no"):
            in_pool(fails)
        return net.last(net.first(X)).sum()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_it_has_the_tape_and_what_left_torch_of_its_parent_and_a_grad_mode_of_its_own():
    parent = recorder()
    mode = ThreadMode(parent)
    assert mode.tape is parent.tape
    assert mode.escapes is parent.escapes
    assert mode.switch is None


def test_what_is_severed_meanwhile_is_on_the_tape_and_nothing_after_it():
    parent, live = recorder(), torch.ones(2, requires_grad=True)
    with watched(parent):
        live.detach()
    live.detach()
    assert len(parent.tape.calls) == 1


def test_it_ends_where_the_job_raises():
    parent = recorder()
    with pytest.raises(ValueError, match="no"), watched(parent):
        raise ValueError("no")
    torch.ones(2, requires_grad=True).detach()
    assert not parent.tape.calls


def test_where_it_fails_its_parent_stops_too():
    parent = recorder()
    ThreadMode(parent).failed(ValueError("no"))
    assert parent.failure == "ValueError: no"


def test_a_node_that_went_in_is_not_one_that_the_call_made():
    parent, live = recorder(), torch.ones(2, requires_grad=True) * 2
    with watched(parent):
        out = live * 3
    assert parent.tape.stamp_of(out.grad_fn) is not None
    assert parent.tape.stamp_of(live.grad_fn) is None
