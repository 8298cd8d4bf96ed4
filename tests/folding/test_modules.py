"""Modules that are alike share a room, and those that take turns are a run."""

import graphs
import pytest

from gradviz.folding.flow import Flow
from gradviz.folding.modules import Modules, Rooms, _by_number, _joined
from gradviz.graph import Verdict


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("12", ("", 12)),
        ("layer_3", ("layer_", 3)),
        ("head", ("head", -1)),
        ("0" * 12, ("0" * 12, -1)),
    ],
)
def test_a_name_is_told_from_the_number_that_it_ends_in(name, parts):
    assert _by_number(name) == parts


@pytest.mark.parametrize(
    ("names", "joined"),
    [
        (["3"], "3"),
        (["h0", "h1", "h2"], "h0..2"),
        (["0", "2", "4", "6"], "0,2..6"),
        (["0", "4"], "0,4"),
    ],
)
def test_numbered_siblings_have_one_name(names, joined):
    assert _joined(names) == joined


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
