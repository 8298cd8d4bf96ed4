"""Folding, on graphs built by hand: what goes in, what comes out."""

import random
import time
from collections import Counter
from dataclasses import replace

import pytest
from graphs import Builder, chain, detached, every_verdict, none, recurrent

from gradviz.errors import GradvizError
from gradviz.folding.boxes import SHARED_USES, Box, BoxKind, Folded, View
from gradviz.folding.flow import Passing
from gradviz.folding.fold import fold
from gradviz.graph import Cut, CutKind, Edge, Graph, Node, NodeKind, Parameter, Place, Verdict


class Blocks(Builder):
    """A stack of equal blocks ``layers.0``, ``layers.1`` ...

    Of two Linear layers each, the last the nearest to the loss.
    """

    def __init__(
        self,
        count: int,
        *,
        odd: int | None = None,
        verdict: Verdict = Verdict.FROZEN,
        detach: int | None = None,
    ) -> None:
        super().__init__()
        into, pruned = self.operation("SumBackward0", self.loss), False
        for number in reversed(range(count)):
            if number == detach:
                self.cuts.append(
                    Cut(kind=CutKind.DETACH, operation="detach()", file="net.py", line=7)
                )
                into = self.operation(
                    "detach", into, gradient=False, severs=CutKind.DETACH, place=Place("net.py", 7)
                )
                pruned = True
            for part in ("up", "down"):
                scope, severed = f"layers.{number}.{part}", number == detach and part == "up"
                into = self.operation(
                    "AddmmBackward0", into, scope=scope, pruned=pruned, gradient=not severed
                )
                if severed:
                    self.edges[-1] = replace(self.edges[-1], severed=CutKind.DETACH, cut=0)
                for last in ("weight", "bias"):
                    name = f"{scope}.{last}"
                    mine = Verdict.CUT if pruned else verdict if number == odd else Verdict.REACHED
                    self.parameter(name, into, mine, shape=(2, 2) if last == "weight" else (2,))

    def folded(self, **view: object) -> Folded:
        report = self.report()
        return fold(report.graph, report.parameters, **view)  # type: ignore[arg-type]


def paths(folded: Folded, kind: BoxKind = BoxKind.MODULE) -> list[str]:
    return sorted(box.path for box in folded.boxes if box.kind is kind)


def box(folded: Folded, path: str) -> Box:
    return next(each for each in folded.boxes if each.path == path)


def ways(folded: Folded) -> Counter[tuple[str, str, str]]:
    """Every link by the names of its ends."""
    names = [each.operation or each.path for each in folded.boxes]
    return Counter((names[link.source], str(link.way), names[link.target]) for link in folded.links)


# modules


def test_a_closed_module_is_one_box_with_its_parameters_and_elements_by_verdict() -> None:
    report = every_verdict()
    folded = fold(
        report.graph,
        {**report.parameters, "f1.weight": replace(report.parameters["f1.weight"], numel=6)},
        depth=0,
    )
    assert box(folded, "f1").verdicts == ((Verdict.REACHED, 2),)
    assert (box(folded, "f1").parameters, box(folded, "f1").numel, box(folded, "f1").nodes) == (
        2,
        7,
        4,
    )


def test_parameters_that_the_loss_does_not_use_stand_in_the_box_of_their_module() -> None:
    report = every_verdict()
    aux = box(fold(report.graph, report.parameters, depth=0), "aux")
    assert (aux.verdicts, aux.nodes) == (((Verdict.UNUSED, 2),), 0)


def test_a_parameter_of_an_inner_module_that_is_open_is_called_by_its_whole_name_once() -> None:
    net = Builder()
    net.operation("SumBackward0", net.loss, scope="outer.inner")
    net.parameter("outer.inner.weight", None, Verdict.UNUSED)
    report = net.report()
    folded = fold(report.graph, report.parameters, open=["*"])
    (absent,) = (each for each in folded.boxes if each.verdicts == ((Verdict.UNUSED, 1),))
    assert absent.path == "outer.inner.weight"


def test_they_have_boxes_with_name_and_shape_where_their_module_is_open() -> None:
    report = every_verdict()
    folded = fold(report.graph, report.parameters, open=["*"])
    absent = {
        each.path: each
        for each in folded.boxes
        if each.kind is BoxKind.PARAMETER and each.verdicts == ((Verdict.UNUSED, 1),)
    }
    shapes = {name: report.parameters[name].shape for name in ("aux.bias", "aux.weight")}
    assert {path: each.shape for path, each in absent.items()} == shapes
    assert {folded.frames[each.frame or 0].path for each in absent.values()} == {"aux"}


@pytest.mark.parametrize("path", ["", "f1"])
def test_a_parameter_of_an_open_module_has_a_box_with_its_name_and_shape(path: str) -> None:
    net = Builder()
    into = net.operation("MulBackward0", net.loss, scope=path)
    name = f"{path}.weight".lstrip(".")
    net.parameter(name, into, shape=(2, 3))
    report = net.report()
    (own,) = (
        each
        for each in fold(report.graph, report.parameters, open=[path] if path else []).boxes
        if each.kind is BoxKind.PARAMETER
    )
    assert (own.path, own.shape, own.verdicts) == (name, (2, 3), ((Verdict.REACHED, 1),))


def test_they_join_the_box_of_their_closed_module_though_all_of_it_is_cut_off() -> None:
    stack = Blocks(2, detach=1)
    name = "layers.0.up.extra"
    stack.parameters[name] = Parameter(name=name, verdict=Verdict.UNUSED, shape=(3,), numel=3)
    boxes = [each for each in stack.folded(depth=1).boxes if each.path == "layers.0"]
    assert [dict(each.verdicts) for each in boxes] == [{Verdict.CUT: 4, Verdict.UNUSED: 1}]


def test_an_opened_module_stands_in_the_frame_of_the_one_around_it() -> None:
    frames = Blocks(1).folded(open=["*"]).frames
    around = {frame.path: frame.parent for frame in frames}
    parents = {path: None if at is None else frames[at].path for path, at in around.items()}
    assert parents["layers.0.up"] == "layers.0"
    assert parents["layers.0"] in (None, "layers")


def test_a_closed_module_stands_in_the_frame_of_the_one_around_it() -> None:
    folded = Blocks(1).folded(depth=1)
    around = box(folded, "layers.0").frame
    assert around is not None
    assert folded.frames[around].path == "layers"
    assert Blocks(1).folded(depth=0).boxes[-1].frame is None


def test_every_parameter_is_counted_exactly_once_whatever_is_open() -> None:
    for report in (every_verdict(), detached(), recurrent(50), Blocks(9, odd=4).report()):
        for view in ({"budget": 1}, {"budget": 12}, {"depth": 1}, {"open": ["*"]}):
            boxes = fold(report.graph, report.parameters, **view).boxes  # type: ignore[arg-type]
            counts = Counter(
                verdict
                for each in boxes
                if not each.stub
                for verdict, count in each.verdicts
                for _ in range(count)
            )
            leaves = Counter(
                verdict
                for each in boxes
                if each.kind is BoxKind.LEAF
                for verdict, _ in each.verdicts
            )
            assert counts - leaves == Counter(
                parameter.verdict for parameter in report.parameters.values()
            )


def test_every_node_stands_in_exactly_one_box() -> None:
    for report in (every_verdict(), detached(), Blocks(9, odd=4).report(), chain(300)):
        for budget in (1, 10, 1000):
            folded = fold(report.graph, report.parameters, budget=budget)
            told = sum(
                each.nodes
                for each in folded.boxes
                if not each.stub and each.kind is not BoxKind.CUT
            )
            cuts = sum(node.severs is not None for node in report.graph.nodes)
            assert told + cuts == len(report.graph.nodes) == folded.nodes


@pytest.mark.parametrize("budget", [3, 10, 30, 60, 100])
def test_modules_are_opened_while_the_boxes_stay_within_the_budget(budget: int) -> None:
    net = Builder()
    into = net.loss
    for index in range(7 * 6 * 5):
        path = f"{'abcdefg'[index % 7]}.{'hijklm'[index % 6]}.{'nopqr'[index % 5]}"
        into = net.operation("MmBackward0", into, scope=path)
        net.parameter(f"{path}.weight", into)
    folded = fold(net.report().graph, net.report().parameters, budget=budget)
    assert len(folded.boxes) <= max(budget, 8)
    assert budget < 60 or len(folded.boxes) > budget / 2


def test_what_has_the_same_place_in_numbered_siblings_is_opened_together_or_not_at_all() -> None:
    net = Builder()
    into = net.loss
    for number in range(6):
        for operation in range(5):
            into = net.operation(
                f"Op{number}Backward0",
                into,
                scope=f"h.{number}.attn.inner",
                place=Place("net.py", operation),
            )
        for operation in range(5):
            into = net.operation(
                f"Op{number}Backward0",
                into,
                scope=f"h.{number}.mlp.inner",
                place=Place("net.py", operation),
            )
    for budget in range(10, 80):
        told = {each.path for each in fold(net.report().graph, {}, budget=budget).boxes[1:]}
        depths = {path.count(".") for path in told}
        assert len(depths) == 1, (budget, told)


def test_a_depth_opens_so_many_levels_whatever_the_budget() -> None:
    net = Blocks(3, odd=1)
    assert paths(net.folded(depth=0, budget=1)) == ["layers"]
    assert paths(net.folded(depth=1, budget=1)) == ["layers.0", "layers.1", "layers.2"]
    assert [frame.path for frame in net.folded(depth=2, budget=1).frames] == [
        "layers",
        "layers.0",
        "layers.1",
        "layers.2",
    ]


def test_a_pattern_opens_the_module_it_names_and_no_other_of_its_kind() -> None:
    folded = Blocks(32).folded(budget=8, open=["layers.3.*"])
    opened = [frame.path for frame in folded.frames]
    assert opened == ["layers", "layers.3", "layers.3.down", "layers.3.up"]
    assert paths(folded) == ["layers.0..2", "layers.4..31"]


@pytest.mark.parametrize(
    ("pattern", "way"),
    [
        ("layer.3", r"did you mean 'layers\.3'\?"),
        ("encoder", r"there are layers, layers\.31, layers\.30, layers\.29, .*, \.\.\.$"),
    ],
)
def test_a_pattern_that_matches_no_module_is_refused_with_what_there_is(
    pattern: str, way: str
) -> None:
    with pytest.raises(GradvizError, match=f"no module of the graph matches '{pattern}'; {way}"):
        Blocks(32).folded(budget=8, open=["layers.3", pattern])


def test_a_graph_without_modules_says_that_it_has_none() -> None:
    report = Builder().report()
    with pytest.raises(GradvizError, match="matches 'encoder'; it has none"):
        fold(report.graph, report.parameters, open=["encoder"])


def test_the_modules_that_are_closed_are_named() -> None:
    assert Blocks(32).folded(budget=8, open=["layers.3.*"]).closed == (
        "layers.0..2",
        "layers.4..31",
    )
    assert Blocks(32).folded(budget=1000).closed == ()


# runs


def test_equal_siblings_are_one_box() -> None:
    folded = Blocks(32).folded(depth=1)
    assert paths(folded) == ["layers.0..31"]
    run = box(folded, "layers.0..31")
    assert (run.times, run.nodes, run.parameters, run.verdicts) == (
        32,
        32 * 6,
        128,
        ((Verdict.REACHED, 128),),
    )


@pytest.mark.parametrize("verdict", [Verdict.FROZEN, Verdict.ZERO])
def test_the_one_block_with_another_verdict_stands_out(verdict: Verdict) -> None:
    assert paths(Blocks(32, odd=17, verdict=verdict).folded(depth=1)) == [
        "layers.0..16",
        "layers.17",
        "layers.18..31",
    ]


def test_a_block_of_another_structure_stands_out() -> None:
    net = Blocks(6)
    net.operation("DropoutBackward0", 1, scope="layers.2.up")
    assert paths(net.folded(depth=1)) == ["layers.0..1", "layers.2", "layers.3..5"]


def test_a_block_with_an_unused_parameter_stands_out() -> None:
    net = Blocks(6)
    net.parameter("layers.2.gate", None, Verdict.UNUSED)
    assert paths(net.folded(depth=1)) == ["layers.0..1", "layers.2", "layers.3..5"]


def test_a_block_whose_parts_are_wired_differently_stands_out() -> None:
    net = Blocks(6)
    ops = [
        node.index
        for node in net.nodes
        if node.scope.startswith("layers.2.") and node.kind is NodeKind.OPERATION
    ]
    bias = next(node.index for node in net.nodes if node.name == "layers.2.up.bias")
    net.edge(bias, ops[1])
    assert paths(net.folded(depth=1)) == ["layers.0..1", "layers.2", "layers.3..5"]


def test_siblings_that_take_turns_are_a_run_of_each() -> None:
    net = Builder()
    into = net.loss
    for number in reversed(range(20)):
        into = net.operation(
            "MmBackward0" if number % 2 else "ReluBackward0", into, scope=f"net.{number}"
        )
        if number % 2:
            net.parameter(f"net.{number}.weight", into)
    folded = fold(net.report().graph, net.report().parameters, budget=3, depth=1)
    assert {frame.path for frame in folded.frames} | set(paths(folded)) >= {
        "net.0,2..18",
        "net.1,3..19",
    }


@pytest.mark.parametrize("budget", [1, 100])
def test_thousands_of_different_siblings_are_bundled(budget: int) -> None:
    net = Builder()
    for number in range(3000):
        net.operation(f"Kind{number}Backward0", net.loss, scope=f"adapters.x{number}")
    folded = fold(net.report().graph, {}, budget=budget)
    assert len(folded.boxes) <= 130
    assert sum(each.nodes for each in folded.boxes) == 3001


def test_numbers_at_the_end_of_a_name_make_a_run_of_four_but_not_of_two() -> None:
    net = Builder()
    into = net.loss
    for name in ("layer_0", "layer_1", "layer_2", "layer_3", "conv1", "conv2"):
        into = net.operation("MmBackward0", into, scope=name)
        net.parameter(f"{name}.weight", into)
    assert paths(fold(net.report().graph, net.report().parameters, depth=0)) == [
        "conv1",
        "conv2",
        "layer_0..3",
    ]


def test_an_opened_run_shows_one_of_its_modules_and_no_line_from_one_to_the_next() -> None:
    folded = Blocks(32).folded(budget=1000)
    assert [(frame.path, frame.times) for frame in folded.frames if frame.modules > 1] == [
        ("layers.0..31", 32)
    ]
    inside = [each for each in folded.boxes if each.path.startswith("layers.0..31")]
    assert len(inside) == 6
    assert {each.nodes for each in inside} == {32}
    assert all(link.source > link.target for link in folded.links)


# loops


def test_a_module_that_ran_many_times_says_how_often() -> None:
    report = recurrent(500)
    assert box(fold(report.graph, report.parameters, depth=0), "cell").calls == 500
    opened = fold(report.graph, report.parameters)
    assert [(frame.path, frame.calls) for frame in opened.frames] == [("cell", 500)]
    assert [each.times for each in opened.boxes if each.operation == "TanhBackward0"] == [500]


def test_a_chain_of_one_operation_is_one_box() -> None:
    report = chain(2000)
    folded = fold(report.graph, report.parameters)
    assert [(each.operation, each.times) for each in folded.boxes if each.operation] == [
        ("AddBackward0", 2000)
    ]


def test_operations_of_different_lines_are_not_a_loop() -> None:
    net = Builder()
    into = net.loss
    for line in range(40):
        into = net.operation("AddBackward0", into, place=Place("net.py", line))
    folded = fold(net.report().graph, {})
    told = [each for whole in folded.boxes for each in whole.stretch]
    assert (
        len([each for each in told if each.operation == "AddBackward0" and each.times == 1]) == 40
    )


def test_operations_that_follow_each_other_without_a_branch_are_told_in_one_box() -> None:
    net = Builder()
    product = net.operation("MulBackward0", net.operation("SumBackward0", net.loss))
    for name in ("a", "b"):
        net.parameter(name, net.operation("ExpBackward0", net.operation("TanhBackward0", product)))
    folded = fold(net.report().graph, net.report().parameters, depth=9)
    told = [
        tuple(each.operation for each in whole.stretch) for whole in folded.boxes if whole.stretch
    ]
    assert sorted(told) == [("ExpBackward0", "TanhBackward0")] * 2 + [
        ("MulBackward0", "SumBackward0")
    ]
    assert sum(whole.nodes for whole in folded.boxes) == folded.nodes
    assert {(link.source, link.target) for link in folded.links} == {
        (1, 0),
        (2, 1),
        (3, 1),
        (4, 2),
        (5, 3),
    }


def test_where_gradient_begins_to_pass_a_stretch_ends() -> None:
    net = Builder()
    into = net.operation("AddBackward0", net.operation("SumBackward0", net.loss))
    net.operation(
        "exp",
        net.operation("tanh", into, gradient=False, requires_grad=False),
        gradient=False,
        requires_grad=False,
    )
    folded = fold(net.report().graph, {}, depth=9)
    assert [tuple(each.operation for each in whole.stretch) for whole in folded.boxes[1:]] == [
        ("AddBackward0", "SumBackward0"),
        ("exp", "tanh"),
    ]


def test_a_long_stretch_is_parted_evenly() -> None:
    net = Builder()
    into = net.loss
    for line in range(30):
        into = net.operation("AddBackward0", into, place=Place("net.py", line))
    assert [len(whole.stretch) for whole in fold(net.report().graph, {}).boxes[1:]] == [10, 10, 10]


def test_modules_of_another_class_stand_out_though_they_hold_the_same() -> None:
    net = Blocks(6)
    classes = {
        "layers": "ModuleList",
        **{f"layers.{number}": "Odd" if number == 3 else "Block" for number in range(6)},
    }
    folded = fold(replace(net.report().graph, classes=classes), net.report().parameters, depth=1)
    assert [
        (each.path, each.class_name) for each in folded.boxes if each.kind is BoxKind.MODULE
    ] == [
        ("layers.4..5", "Block"),
        ("layers.3", "Odd"),
        ("layers.0..2", "Block"),
    ]


def test_more_lines_of_code_than_the_budget_are_told_by_function() -> None:
    net = Builder()
    into = net.loss
    for line in range(400):
        into = net.operation(
            "AddBackward0",
            into,
            place=Place("net.py", line, function="encode" if line < 300 else "decode"),
        )
    folded = fold(net.report().graph, {})
    assert sorted((each.operation, each.nodes, each.times) for each in folded.boxes[1:]) == [
        ("decode", 100, 1),
        ("encode", 300, 1),
    ]


# parameters used in many places


def test_a_parameter_with_many_uses_is_drawn_once_and_as_a_stub_at_each_other_use() -> None:
    net = Builder()
    into = net.loss
    for number in range(10):
        into = net.operation("MulBackward0", into, place=Place("net.py", number))
        net.parameter("scale", into)
    folded = fold(net.report().graph, net.report().parameters, budget=60)
    drawn = [each for each in folded.boxes if each.kind is BoxKind.PARAMETER]
    assert Counter(each.stub for each in drawn) == {False: 1, True: 9}
    users = Counter(
        link.source for link in folded.links if folded.boxes[link.source].kind is BoxKind.PARAMETER
    )
    assert set(users.values()) == {1}


@pytest.mark.parametrize(("uses", "stubs"), [(SHARED_USES, 0), (SHARED_USES + 1, SHARED_USES)])
def test_a_parameter_with_few_uses_has_a_line_to_each(uses: int, stubs: int) -> None:
    net = Builder()
    into = net.loss
    for number in range(uses):
        into = net.operation("MulBackward0", into, place=Place("net.py", number))
        net.parameter("scale", into)
    folded = fold(net.report().graph, net.report().parameters, budget=60)
    assert sum(each.stub for each in folded.boxes) == stubs


def test_a_tied_parameter_of_a_closed_module_is_a_stub_where_another_module_uses_it() -> None:
    net = Builder()
    head = net.operation("MmBackward0", net.loss, scope="head")
    embed = net.operation("EmbeddingBackward0", head, scope="embed")
    net.parameter("embed.weight", embed)
    net.parameter("embed.weight", head)
    folded = fold(net.report().graph, net.report().parameters, depth=0)
    assert box(folded, "embed").parameters == 1
    stub = box(folded, "embed.weight")
    assert stub.stub
    assert (
        folded.boxes[
            next(link.target for link in folded.links if folded.boxes[link.source] is stub)
        ].path
        == "head"
    )


def test_a_tied_parameter_stands_in_its_module_though_a_cut_prunes_that_one_use() -> None:
    net = Builder()
    head = net.operation("MmBackward0", net.loss, scope="head")
    cut = net.operation("detach", head, gradient=False, severs=CutKind.DETACH, requires_grad=False)
    embed = net.operation("EmbeddingBackward0", cut, scope="embed", pruned=True, gradient=False)
    net.parameter("embed.weight", embed)
    net.parameter("embed.weight", head)
    folded = fold(net.report().graph, net.report().parameters, depth=0)
    assert paths(folded) == ["embed"]
    assert box(folded, "embed").parameters == 1
    ends = {end for link in folded.links for end in (link.source, link.target)}
    assert ends == {*range(len(folded.boxes))}


@pytest.mark.parametrize("own", [[], ["head.own"]])
def test_a_closed_module_that_holds_only_tied_parameters_has_their_verdicts(own) -> None:
    net = Builder()
    last = net.operation("TanhBackward0", net.loss, scope="head")
    head = net.operation("MmBackward0", last, scope="head")
    embed = net.operation("EmbeddingBackward0", head, scope="embed")
    for name in own:
        net.parameter(name, head, Verdict.FROZEN)
    net.parameter("embed.weight", embed)
    report = net.report()
    parameters = {
        name: replace(parameter, names=(name, "head.weight") if name not in own else (name,))
        for name, parameter in report.parameters.items()
    }
    verdicts = dict(box(fold(report.graph, parameters, depth=0), "head").verdicts)
    assert verdicts == {Verdict.FROZEN if own else Verdict.REACHED: 1}


# cuts


def test_a_cut_is_a_box_of_its_own_with_what_it_prunes_behind_it() -> None:
    folded = Blocks(32, detach=19).folded(budget=8, depth=1)
    assert paths(folded) == ["layers.0..19", "layers.20..31"]
    assert box(folded, "layers.0..19").pruned
    assert not box(folded, "layers.20..31").pruned
    assert ways(folded) == {
        ("SumBackward0", "gradient", "loss"): 1,
        ("layers.20..31", "gradient", "SumBackward0"): 1,
        ("detach", "severed", "layers.20..31"): 1,
        ("layers.0..19", "pruned", "detach"): 1,
    }


@pytest.mark.parametrize("budget", [1, 5, 100])
def test_no_cut_is_folded_away(budget: int) -> None:
    for report in (detached(), every_verdict(), Blocks(32, detach=19).report()):
        folded = fold(report.graph, report.parameters, budget=budget)
        assert {cut for each in folded.boxes for cut in each.cuts} == set(range(len(report.cuts)))


def test_a_module_with_a_cut_inside_is_two_boxes_before_and_behind_it() -> None:
    net = Builder()
    out = net.operation("MulBackward0", net.loss, scope="block")
    mark = net.operation(
        "detach", out, scope="block", gradient=False, severs=CutKind.DETACH, requires_grad=False
    )
    inner = net.operation("MmBackward0", mark, scope="block", pruned=True, gradient=False)
    net.edges[-1] = Edge(source=inner, target=mark, gradient=False, severed=CutKind.DETACH, cut=0)
    net.parameter("block.weight", inner, Verdict.CUT)
    folded = fold(net.report().graph, net.report().parameters, depth=0)
    assert [(each.kind, each.pruned, each.parameters) for each in folded.boxes[1:]] == [
        (BoxKind.MODULE, False, 0),
        (BoxKind.CUT, False, 0),
        (BoxKind.MODULE, True, 1),
    ]


def test_what_a_no_grad_block_severs_is_marked_where_its_value_leaves_it() -> None:
    net = Builder()
    out = net.operation("MmBackward0", net.loss, scope="head")
    place = Place("net.py", 3)
    into = out
    for number in range(3):
        scope = f"body.{number}"
        into = net.operation(
            "linear",
            into,
            scope=scope,
            pruned=True,
            gradient=False,
            requires_grad=False,
            severs=CutKind.NO_GRAD,
            place=place,
        )
        net.parameter(f"{scope}.weight", into, Verdict.CUT, severed=CutKind.NO_GRAD)
    net.edges = [replace(edge, cut=0) if edge.severed else edge for edge in net.edges]
    folded = fold(net.report().graph, net.report().parameters, depth=1)
    assert [each.cuts for each in folded.boxes if each.kind is BoxKind.CUT] == [(0,)]
    mark = next(number for number, each in enumerate(folded.boxes) if each.kind is BoxKind.CUT)
    assert [link.way for link in folded.links if link.source == mark] == [Passing.SEVERED]
    assert [link.way for link in folded.links if link.target == mark] == [Passing.PRUNED]


# between boxes


def test_a_link_keeps_whether_gradient_passes() -> None:
    report = none()
    frozen = replace(report.parameters["f2.weight"], verdict=Verdict.FROZEN)
    net = Builder()
    head = net.operation("MmBackward0", net.loss, scope="head")
    body = net.operation("linear", head, scope="body", gradient=False, requires_grad=False)
    net.parameter("head.weight", head)
    net.parameter("body.weight", body, frozen.verdict)
    folded = fold(net.report().graph, net.report().parameters, depth=0)
    assert ways(folded) == {("head", "gradient", "loss"): 1, ("body", "value", "head"): 1}


# in general


def shuffled(graph: Graph, seed: int) -> Graph:
    """The same graph with its nodes numbered in another order, the loss still first."""
    order = list(range(1, len(graph.nodes)))
    random.Random(seed).shuffle(order)
    number = {old: new for new, old in enumerate([0, *order])}
    nodes = sorted(
        (replace(node, index=number[node.index]) for node in graph.nodes),
        key=lambda node: node.index,
    )
    edges = [
        replace(edge, source=number[edge.source], target=number[edge.target])
        for edge in graph.edges
    ]
    return Graph(tuple(nodes), tuple(sorted(edges, key=lambda edge: (edge.source, edge.target))))


@pytest.mark.parametrize("view", [{}, {"depth": 1}, {"budget": 5}, {"open": ["*"]}], ids=str)
def test_the_order_in_which_nodes_were_met_does_not_matter(view: dict[str, object]) -> None:
    for report in (
        every_verdict(),
        detached(),
        Blocks(9, odd=4).report(),
        Blocks(9, detach=4).report(),
        recurrent(30),
    ):
        expected = fold(report.graph, report.parameters, **view)  # type: ignore[arg-type]
        for seed in range(3):
            assert fold(shuffled(report.graph, seed), report.parameters, **view) == expected  # type: ignore[arg-type]


def test_nothing_folds_to_nothing() -> None:
    assert fold(Graph((), ()), {}) == Folded(boxes=(), links=(), frames=(), nodes=0)


def test_modules_may_be_nested_deeper_than_the_stack() -> None:
    scope = ".".join(["deep"] * 1500)
    graph = Graph(
        (
            Node(index=0, kind=NodeKind.LOSS),
            Node(index=1, kind=NodeKind.OPERATION, operation="MulBackward0", scope=scope),
            Node(index=2, kind=NodeKind.PARAMETER, name=f"{scope}.weight"),
        ),
        (Edge(source=1, target=0), Edge(source=2, target=1)),
    )
    name = f"{scope}.weight"
    assert (
        len(fold(graph, {name: Parameter(name=name, names=(name,), verdict=Verdict.REACHED)}).boxes)
        == 3
    )


def test_the_time_grows_with_the_number_of_nodes_and_no_faster() -> None:
    def unrolled(steps: int) -> Graph:
        nodes = [
            Node(index=0, kind=NodeKind.LOSS),
            Node(index=1, kind=NodeKind.PARAMETER, name="cell.weight"),
        ]
        nodes += [
            Node(index=index, kind=NodeKind.OPERATION, operation="TanhBackward0", scope="cell")
            for index in range(2, steps)
        ]
        uses = [Edge(source=1, target=index) for index in range(2, steps)]
        steps_on = [
            Edge(source=index, target=index - 1 if index > 2 else 0) for index in range(2, steps)
        ]
        return Graph(
            tuple(nodes),
            tuple(sorted(uses + steps_on, key=lambda edge: (edge.source, edge.target))),
        )

    def each(steps: int) -> float:
        graph = unrolled(steps)
        start = time.process_time()
        fold(graph, {})
        return (time.process_time() - start) / steps

    each(100)
    assert each(30_000) < 4 * min(each(3000) for _ in range(3))


def test_a_small_graph_needs_no_folding_unless_it_is_asked_for() -> None:
    graph = none().graph
    assert View().shows_all_of(graph)
    assert not View(depth=1).shows_all_of(graph)
    assert not View(open=("f1",)).shows_all_of(graph)
    assert not View(budget=5).shows_all_of(graph)
    assert not View().shows_all_of(chain(150).graph)


def test_a_real_network_folds_around_its_frozen_layer() -> None:
    import torch
    from torch import nn

    import gradviz

    torch.manual_seed(0)
    model = nn.Sequential(
        *(layer for _ in range(40) for layer in (nn.Linear(8, 8), nn.Tanh())), nn.Linear(8, 1)
    )
    model[20].requires_grad_(False)
    with gradviz.trace() as trace:
        loss = model(torch.randn(2, 8)).sum()
    report = trace.report(loss, model)
    modules = {
        each.path: (each.times, each.verdicts)
        for each in fold(report.graph, report.parameters, depth=0).boxes
        if each.parameters
    }
    assert modules == {
        "0,2..18": (10, ((Verdict.REACHED, 20),)),
        "20": (1, ((Verdict.FROZEN, 2),)),
        "22,24..78": (29, ((Verdict.REACHED, 58),)),
        "80": (1, ((Verdict.REACHED, 2),)),
    }


SCOPES = (
    "",
    "a",
    "b",
    "a.1",
    "a.2.c.3",
    "h0",
    "h1",
    "h2",
    "h3",
    *(f"layers.{number}" for number in range(4)),
    "layers.1.x",
    "layers.2.x",
)


def at_random(seed: int) -> tuple[Graph, dict[str, Parameter]]:
    """A graph of anything that may occur, and its parameters."""
    some = random.Random(seed)
    nodes, edges, parameters = [Node(index=0, kind=NodeKind.LOSS)], {}, {}
    for index in range(1, some.randint(2, 60)):
        targets = [node.index for node in nodes if node.kind in (NodeKind.LOSS, NodeKind.OPERATION)]
        kind = some.choice(
            [NodeKind.OPERATION] * 5 + [NodeKind.PARAMETER, NodeKind.PARAMETER, NodeKind.LEAF]
        )
        verdict = some.choice(list(Verdict))
        name = f"{some.choice(SCOPES)}.w{index}".lstrip(".")
        if kind is NodeKind.PARAMETER:
            parameters[name] = Parameter(
                name=name, names=(name,), numel=3, verdict=verdict, partial=some.random() < 0.2
            )
            nodes.append(
                Node(
                    index=index,
                    kind=kind,
                    name=name,
                    verdict=verdict,
                    pruned=verdict is Verdict.CUT,
                )
            )
        elif kind is NodeKind.LEAF:
            nodes.append(Node(index=index, kind=kind, name="leaf", verdict=Verdict.REACHED))
        else:
            nodes.append(
                Node(
                    index=index,
                    kind=kind,
                    operation=some.choice(["AddBackward0", "MulBackward0", "detach"]),
                    scope=some.choice(SCOPES),
                    pruned=some.random() < 0.3,
                    requires_grad=some.random() < 0.8,
                    severs=some.choice([None, None, None, CutKind.NO_GRAD, CutKind.DETACH]),
                    place=some.choice([None, Place("net.py", some.randint(1, 4), function="step")]),
                )
            )
        for target in some.sample(targets, min(len(targets), some.randint(1, 3))):
            severed = some.choice(
                [None, None, None, CutKind.DETACH, CutKind.NO_GRAD, CutKind.CUSTOM_FUNCTION]
            )
            edges[index, target] = Edge(
                source=index,
                target=target,
                gradient=severed is None,
                severed=severed,
                cut=some.randint(0, 2) if severed else None,
            )
    for number in range(some.randint(0, 5)):
        name = f"{some.choice(SCOPES)}.unused{number}".lstrip(".")
        parameters[name] = Parameter(name=name, names=(name,), verdict=Verdict.UNUSED)
    return Graph(tuple(nodes), tuple(edges[key] for key in sorted(edges))), parameters


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_graph_every_parameter_and_every_cut_is_told(seed: int) -> None:
    graph, parameters = at_random(seed)
    views: list[dict[str, object]] = [
        {},
        {"budget": 1},
        {"budget": 10},
        {"depth": seed % 4},
        {"open": [next((node.scope for node in graph.nodes if node.scope), "*")]},
    ]
    for view in views:
        folded = fold(graph, parameters, **view)  # type: ignore[arg-type]
        assert folded.boxes[0].kind is BoxKind.LOSS
        assert sum(each.parameters for each in folded.boxes if not each.stub) == len(parameters)
        assert {cut for each in folded.boxes for cut in each.cuts} == {
            edge.cut for edge in graph.edges if edge.cut is not None
        }
        assert all(link.source != link.target for link in folded.links)
