"""What a thread that the step starts computes is part of the step."""

import concurrent.futures
import threading

import pytest
from traced import X, cut, report_of, verdict

from gradviz.graph import Verdict


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
