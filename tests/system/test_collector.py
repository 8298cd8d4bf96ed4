import gc

import pytest

import gradviz
from gradviz.system import collector
from gradviz.system.collector import holding
from gradviz.system.undo import Undo


@pytest.fixture(autouse=True)
def _collects():
    yield
    gc.enable()


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_as_it_was_when_all_have_let_go(was_on):
    if not was_on:
        gc.disable()
    with Undo(collector.letting_go("one")):
        collector.hold("one")
        assert not gc.isenabled()
    assert gc.isenabled() is was_on


def test_the_last_of_several_lets_it_go():
    first, second = (Undo(collector.letting_go(name)) for name in ("first", "second"))
    collector.hold("first")
    collector.hold("second")
    first.close()
    assert not gc.isenabled()
    second.close()
    assert gc.isenabled()


def test_the_collector_is_held_while_a_function_runs_and_let_go_when_it_raises():
    @holding
    def divided(by):
        return gc.isenabled(), 1 / by

    assert divided(2) == (False, 0.5)
    with pytest.raises(ZeroDivisionError):
        divided(0)
    assert gc.isenabled()


def test_nothing_is_collected_while_a_report_is_drawn_or_written(tmp_path):
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(2, 1)
    report = gradviz.report(layer(torch.ones(1, 2)).sum(), layer)
    collected = []
    gc.callbacks.append(lambda phase, info: collected.append(phase))
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for write in (report.to_svg, report.to_html, report.to_json):
            collected.clear()
            write()
            assert len(collected) < 100, write  # what comes before and after; else thousands
    finally:
        gc.set_threshold(*before)
        gc.callbacks.pop()
    assert gc.isenabled()
