import gc
import sys
import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from gradviz.recording.reading import alive


@pytest.fixture
def eager_threads():
    """Threads that take their turn as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_the_objects_of_a_kind_and_of_those_below_it_are_found():
    class Own(nn.Linear):
        pass

    own, plain, other = Own(2, 2), nn.Linear(2, 2), nn.ReLU()
    found = {id(thing) for thing in alive.of_kinds(nn.Linear)}
    assert {id(own), id(plain)} <= found
    assert id(other) not in found


def test_objects_of_several_kinds_are_found_at_once():
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = {id(thing) for thing in alive.of_kinds(nn.Module, torch.optim.Optimizer)}
    assert {id(model), id(optimizer)} <= found


def test_an_object_that_lies_about_its_class_is_not_asked():
    class Proxy:
        asked = 0

        @property
        def __class__(self):
            Proxy.asked += 1
            return nn.Linear

    proxy = Proxy()
    assert not any(thing is proxy for thing in alive.of_kinds(nn.Module))
    assert Proxy.asked == 0


def test_nothing_else_is_held_afterwards():
    bystander = tuple(object() for _ in range(3))
    gc.disable()  # so that no cycle that holds it is taken away
    try:
        before = sys.getrefcount(bystander)
        alive.of_kinds(nn.Module)
        assert sys.getrefcount(bystander) == before
    finally:
        gc.enable()


def test_another_thread_may_build_a_tuple_meanwhile(eager_threads):
    failed, built, stop = [], 0, threading.Event()

    def build():
        nonlocal built
        while not stop.is_set():
            try:
                tuple(number for number in range(40))
            except SystemError as error:
                failed.append(error)
            built += 1

    thread = threading.Thread(target=build)
    thread.start()
    for _ in range(12):
        alive.of_kinds(nn.Module)
    stop.set()
    thread.join()
    assert built > 0
    assert failed == []


def test_nobody_else_asks_the_collector_for_everything():
    package = Path(alive.__file__).parents[2]
    asking = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if "get_objects(" in path.read_text() or "gc.get_objects" in path.read_text()
    }
    assert asking == {"recording/reading/alive.py"}
