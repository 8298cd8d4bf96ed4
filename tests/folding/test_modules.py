"""Modules that are alike share a room, and those that take turns are a run."""

import graphs

from gradviz.folding.flow import Flow
from gradviz.folding.modules import Modules, Rooms
from gradviz.graph import Verdict


def rooms_of(report, patterns=()):
    modules = Modules(Flow(report.graph, report.parameters), report.parameters, patterns, {})
    return modules, Rooms(modules)


def layered(verdicts):
    net = graphs.Builder()
    into = net.loss
    for number, verdict in enumerate(verdicts):
        into = net.operation("MulBackward0", into, scope=f"layers.{number}")
        net.parameter(f"layers.{number}.weight", into, Verdict(verdict))
    return net.report()


def test_equal_siblings_share_a_room_and_one_that_is_frozen_has_its_own():
    equal = {room.path for room in rooms_of(layered(["reached"] * 4))[1].all}
    assert "layers.0..3" in equal
    frozen = {room.path for room in rooms_of(layered(["reached", "reached", "frozen"]))[1].all}
    assert "layers.2" in frozen


def test_what_a_pattern_names_is_wanted_with_all_around_it():
    modules, _ = rooms_of(layered(["reached"] * 3), ["layers.1"])
    assert {module.path for module in modules.all if module.wanted} == {"", "layers", "layers.1"}
