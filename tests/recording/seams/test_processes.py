"""What is handed to another process, or copied into one, may be used there."""

import multiprocessing.pool

from traced import X, report_of, verdict

from gradviz.graph import Verdict
from gradviz.recording.seams.processes import seams


def test_what_starts_a_process_or_hands_it_something_is_watched():
    names = {(seam.owner.__name__, seam.name) for seam in seams()}
    assert ("BaseProcess", "start") in names
    assert ("Queue", "put") in names
    assert ("ProcessPoolExecutor", "submit") in names


def test_a_pool_of_threads_that_the_step_started_is_no_other_process():
    def step(net):
        with multiprocessing.pool.ThreadPool(1) as pool:
            (hidden,) = pool.map(net.first, [X])
        return net.last(hidden).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.REACHED
    assert not report.notes
