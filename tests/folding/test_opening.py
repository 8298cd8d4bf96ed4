"""The shallowest modules are opened, as long as the boxes stay within a budget."""

from dataclasses import replace
from types import MappingProxyType

import graphs
import pytest

from gradviz.folding.flow import Flow
from gradviz.folding.modules import Modules, Rooms
from gradviz.folding.opening import node_keys, open_rooms
from gradviz.graph import Cut, CutKind, Edge, NodeKind, Place, Verdict


def nested(width=3, depth=2):
    """Return a report of modules within modules, each with an operation of its own."""
    net = graphs.Builder()
    into, paths = net.loss, [""]
    for _ in range(depth):
        paths = [f"{path}.{letter}".lstrip(".") for path in paths for letter in "abcdefgh"[:width]]
        for path in paths:
            into = net.operation("MulBackward0", into, scope=path)
            net.parameter(f"{path}.weight", into, Verdict.REACHED)
    return net.report()


def opened(report, budget, depth=None, patterns=(), marks=MappingProxyType({})):
    flow = Flow(report.graph, report.parameters)
    modules = Modules(flow, report.parameters, patterns, marks)
    rooms = Rooms(modules)
    further = open_rooms(rooms, node_keys(flow, modules), flow, modules, budget, depth)
    return {room.path for room in rooms.all if room.is_open}, further


@pytest.mark.parametrize("budget", [1, 5, 20, 200])
def test_a_larger_budget_opens_at_least_as_much(budget):
    less, _ = opened(nested(), budget)
    more, _ = opened(nested(), budget * 2)
    assert less <= more
    assert "" in less


def test_with_room_for_all_nothing_can_be_opened_further():
    everything, further = opened(nested(), 1000)
    assert {"a", "b", "c", "a.a", "c.c"} <= everything
    assert further == ()


def test_a_depth_is_opened_whatever_the_budget():
    shallow, further = opened(nested(), 1, depth=1)
    assert "a" in shallow
    assert "a.a" not in shallow
    assert "a.a" in further


def test_what_was_asked_for_is_open_first():
    chosen, _ = opened(nested(), 1, patterns=["b.*"])
    assert {"b", "b.a"} <= chosen
    assert "a" not in chosen


def beside(verdict, copies=()):
    """Return a report of two modules, of which the second has a parameter with a verdict."""
    net = graphs.Builder()
    into = net.loss
    for name in ("able", "broken"):
        for part in "abcdef":
            path = f"{name}.{part}.inner"
            into = net.operation("MulBackward0", into, scope=path)
            fate = verdict if (name, part) == ("broken", "d") else Verdict.REACHED
            net.parameter(f"{path}.weight", into, fate)
    for name in copies:
        net.parameter(name, None, Verdict.UNUSED)
    return net.report()


@pytest.mark.parametrize("verdict", [Verdict.CUT, Verdict.ZERO])
def test_where_no_gradient_arrives_is_opened_before_what_is_well(verdict):
    chosen, _ = opened(beside(verdict), 9)
    assert "broken" in chosen
    assert "able" not in chosen


def test_what_is_marked_is_opened_before_what_is_well():
    chosen, _ = opened(beside(Verdict.REACHED), 9, marks={"broken.d.inner.weight": "new"})
    assert "broken" in chosen
    assert "able" not in chosen


def test_where_all_is_well_the_first_is_opened():
    chosen, _ = opened(beside(Verdict.REACHED), 9)
    assert "able" in chosen


def test_what_is_no_part_of_the_loss_stays_closed_unless_a_depth_is_asked_for():
    report = beside(Verdict.REACHED, [f"copy.{part}.inner.weight" for part in "abcdef"])
    assert not any(path.startswith("copy") for path in opened(report, 100)[0])
    assert "copy" in opened(report, 1, depth=1)[0]


def two_busy():
    """Return a report of a module with much of its own, and another such module in it."""
    net = graphs.Builder()
    into = net.loss
    for scope in ("a", "a.b"):
        for line in range(30):
            into = net.operation(f"Op{line}", into, scope=scope, place=Place("net.py", line))
    return net.report()


@pytest.mark.parametrize(("budget", "coarse"), [(100, []), (45, ["a.b"]), (20, ["a", "a.b"])])
def test_what_is_left_of_the_budget_is_spent_on_what_does_much_itself(budget, coarse):
    report = two_busy()
    flow = Flow(report.graph, {})
    modules = Modules(flow, {}, (), {})
    rooms = Rooms(modules)
    open_rooms(rooms, node_keys(flow, modules), flow, modules, budget, None)
    assert [room.path for room in rooms.all if room.spread] == coarse


def test_leaves_are_told_apart_by_the_side_of_a_cut_they_are_on_however_coarsely():
    net = graphs.Builder()
    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.DETACH, operation="detach()"))
    cut = net.operation("detach", near, gradient=False, severs=CutKind.DETACH)
    far = net.operation("MulBackward0", cut, pruned=True, gradient=False)
    net.edges[-1] = Edge(source=far, target=cut, gradient=False, severed=CutKind.DETACH, cut=0)
    for number, at in enumerate((near, near, far)):
        leaf = net.node(kind=NodeKind.LEAF, name=f"leaf {number}", pruned=at is far)
        net.edge(leaf, at)
    report = net.report()
    flow = Flow(report.graph, {})
    *_, one, other, behind = node_keys(flow, Modules(flow, {}, (), {}))
    assert one.exact != other.exact
    assert one.by_function == other.by_function != behind.by_function
    assert one.own == other.own != behind.own


def stack(severed=None, *, parts="abcd"):
    """Return a report of six layers with parts, in one of which a value may be detached."""
    net = graphs.Builder()
    into, pruned = net.loss, False
    for number in reversed(range(6)):
        for part in parts:
            path, severs = f"layers.{number}.{part}", (number, part) == severed
            if severs:
                net.cuts.append(
                    Cut(kind=CutKind.DETACH, operation="detach()", file="net.py", line=7)
                )
                into = net.operation("detach", into, scope=path, severs=CutKind.DETACH)
            into = net.operation("MulBackward0", into, scope=path, gradient=not severs)
            if severs:
                net.edges[-1] = replace(net.edges[-1], severed=CutKind.DETACH, cut=0)
                pruned = True
            net.parameter(f"{path}.weight", into, Verdict.CUT if pruned else Verdict.REACHED)
    return net.report()


def test_the_way_to_what_severs_is_opened_though_its_siblings_stay_closed():
    chosen, _ = opened(stack((2, "b")), 12)
    assert {"layers", "layers.2", "layers.2.b"} <= chosen
    assert not {"layers.1", "layers.3", "layers.3..5"} & chosen


def test_where_nothing_severs_no_sibling_is_opened_by_itself():
    chosen, _ = opened(stack(), 12)
    assert not any(path.startswith("layers.2") for path in chosen)


def test_the_way_to_what_severs_takes_half_as_many_boxes_more_at_most():
    chosen, _ = opened(stack((2, "b"), parts="abcdefghijklmnopqrst"), 12)
    assert "layers.2" not in chosen
