"""Verdicts and cuts from graphs built by hand: no torch in sight."""

import itertools
import random
from dataclasses import replace

import pytest

from gradviz.graph import Cut, CutKind, Edge, Graph, Node, NodeKind, Place, Verdict, Zero
from gradviz.judging.analysis import ParameterSeen, analyse

LOSS, OPERATION, PARAMETER, LEAF = (
    NodeKind.LOSS,
    NodeKind.OPERATION,
    NodeKind.PARAMETER,
    NodeKind.LEAF,
)


def graph(nodes: dict[str, Node], *edges: Edge | tuple[str, str]) -> tuple[Graph, dict[str, int]]:
    """Number the nodes in the order given; a pair of names is an edge that gradient passes."""
    index = {name: number for number, name in enumerate(nodes)}
    made = [
        Edge(source=index[one[0]], target=index[one[1]]) if isinstance(one, tuple) else one
        for one in edges
    ]
    return (
        Graph(
            tuple(
                replace(node, index=index[name], name=node.name or name)
                for name, node in nodes.items()
            ),
            tuple(sorted(made)),
        ),
        index,
    )


def node(kind: NodeKind = OPERATION, line: int = 0, **fields: object) -> Node:
    return Node(
        index=0,
        kind=kind,
        place=Place("train.py", line, f"line {line}") if line else None,
        **fields,
    )


def seen(index: dict[str, int], *names: str, **fields: object) -> list[ParameterSeen]:
    return [
        ParameterSeen(name=name, names=(name,), node=index.get(name), **fields) for name in names
    ]


def detached(again: bool = False, beside: bool = False) -> tuple[Graph, dict[str, int]]:
    """loss <- head(w) <- detach <- encoder(v).

    Optionally severed again, optionally with a live route beside.
    """
    nodes = {
        "loss": node(LOSS),
        "head": node(),
        "w": node(PARAMETER),
        "item": node(line=9, operation="item()", requires_grad=False, severs=CutKind.ITEM),
        "detach": node(line=5, operation="detach()", requires_grad=False, severs=CutKind.DETACH),
        "encoder": node(line=2, scope="encoder"),
        "v": node(PARAMETER),
    }
    order = list(nodes)
    at = {name: number for number, name in enumerate(order)}
    route = ["detach", "item", "head"] if again else ["detach", "head"]
    edges: list[Edge | tuple[str, str]] = [("head", "loss"), ("w", "head"), ("v", "encoder")]
    edges.append(
        Edge(source=at["encoder"], target=at["detach"], gradient=False, severed=CutKind.DETACH)
    )
    edges += [
        Edge(source=at[one], target=at[other], gradient=False)
        for one, other in itertools.pairwise(route)
    ]
    if beside:
        edges.append(("encoder", "head"))
    return graph(nodes, *edges)


def test_a_parameter_that_gradient_passes_to_is_reached():
    made, index = detached()
    (w,) = analyse(made, seen(index, "w")).parameters
    assert (w.verdict, w.partial, w.cuts) == (Verdict.REACHED, False, ())


def test_a_parameter_whose_every_route_is_severed_is_cut_and_the_line_is_named():
    made, index = detached()
    found = analyse(made, seen(index, "w", "v"))
    cut = Cut(
        kind=CutKind.DETACH,
        operation="detach()",
        file="train.py",
        line=5,
        code="line 5",
        parameters=("v",),
    )
    assert found.cuts == (cut,)
    assert found.parameters[1].verdict is Verdict.CUT
    assert found.parameters[1].cuts == (cut,)


def test_a_second_live_route_makes_it_reached_and_partial():
    made, index = detached(beside=True)
    (v,) = analyse(made, seen(index, "v")).parameters
    assert (v.verdict, v.partial) == (Verdict.REACHED, True)


def test_of_cuts_one_behind_the_other_the_first_is_named_and_the_next_stands_beside_it():
    made, index = detached(again=True)
    (cut,) = analyse(made, seen(index, "w", "v")).cuts
    assert cut.line == 5
    assert cut.also == (Place("train.py", 9, "line 9"),)


def test_a_parameter_outside_the_graph_is_unused():
    made, index = detached()
    (x,) = analyse(made, seen(index, "x")).parameters
    assert x.verdict is Verdict.UNUSED


def test_a_frozen_parameter_is_frozen_wherever_it_stands():
    made, index = detached()
    found = analyse(made, seen(index, "w", "v", "x", requires_grad=False))
    assert {parameter.verdict for parameter in found.parameters} == {Verdict.FROZEN}
    assert found.cuts == ()


def test_frozen_while_it_was_used_and_thawed_since_is_cut_by_the_line_that_froze_it():
    made, index = graph(
        {"loss": node(LOSS), "head": node(), "w": node(PARAMETER, requires_grad=False)},
        ("head", "loss"),
        Edge(source=2, target=1, gradient=False),
    )
    thawed = [
        replace(one, froze_at=Place("train.py", 3, "net.requires_grad_(False)"))
        for one in seen(index, "w")
    ]
    (w,) = analyse(made, thawed).parameters
    assert w.verdict is Verdict.CUT
    assert [(str(cut.kind), cut.file, cut.line) for cut in w.cuts] == [("frozen", "train.py", 3)]


@pytest.mark.parametrize(
    ("nonzero", "verdict"), [(True, "reached"), (False, "zero"), (None, "reached")]
)
def test_zero_is_told_from_reached_by_what_arrived(nonzero, verdict):
    made, index = detached()
    (w,) = analyse(made, seen(index, "w", nonzero=nonzero)).parameters
    assert w.verdict == verdict


def test_a_route_along_which_nothing_arrived_is_no_use_of_the_value():
    made, index = detached()
    (w,) = analyse(made, seen(index, "w", arrived=False)).parameters
    assert w.verdict is Verdict.UNUSED


def test_several_operations_at_one_line_are_one_cut():
    nodes = {
        "loss": node(LOSS),
        "head": node(),
        "b": node(
            line=4,
            operation="linear",
            requires_grad=False,
            severs=CutKind.NO_GRAD,
            scope="net.1",
            block=1,
        ),
        "a": node(
            line=4,
            operation="conv2d",
            requires_grad=False,
            severs=CutKind.NO_GRAD,
            scope="net.0",
            block=1,
        ),
        "v": node(PARAMETER),
        "u": node(PARAMETER),
    }
    made, index = graph(
        nodes,
        ("head", "loss"),
        Edge(source=2, target=1, gradient=False),
        Edge(source=3, target=2, gradient=False),
        Edge(source=4, target=2, gradient=False, severed=CutKind.NO_GRAD),
        Edge(source=5, target=3, gradient=False, severed=CutKind.NO_GRAD),
    )
    (cut,) = analyse(made, seen(index, "u", "v")).cuts
    assert (cut.operation, cut.scope, cut.parameters, cut.also) == (
        "torch.no_grad()",
        "net",
        ("u", "v"),
        (),
    )


def test_one_block_around_a_librarys_model_is_one_cut():
    made, index = graph(
        {
            "loss": node(LOSS),
            "b": replace(
                node(line=40, requires_grad=False, severs=CutKind.NO_GRAD),
                caller=Place("train.py", 7),
            ),
            "a": replace(
                node(line=30, requires_grad=False, severs=CutKind.NO_GRAD),
                caller=Place("train.py", 7),
            ),
            "v": node(PARAMETER),
            "u": node(PARAMETER),
        },
        Edge(source=1, target=0, gradient=False),
        Edge(source=2, target=1, gradient=False),
        Edge(source=3, target=1, gradient=False, severed=CutKind.NO_GRAD),
        Edge(source=4, target=2, gradient=False, severed=CutKind.NO_GRAD),
    )
    (cut,) = analyse(made, seen(index, "u", "v")).cuts
    assert cut.caller == Place("train.py", 7)
    assert cut.parameters == ("u", "v")


def test_what_a_library_severs_and_uses_within_one_call_makes_nothing_partial():
    made, index = detached(beside=True)
    nodes = tuple(replace(one, library=one.severs is not None) for one in made.nodes)
    found = analyse(Graph(nodes, made.edges), seen(index, "v"))
    assert found.cuts[0].inside_library
    assert (found.parameters[0].partial, found.parameters[0].cuts) == (False, ())


def test_a_line_that_severs_no_parameter_is_no_cut():
    made, index = detached()
    assert analyse(made, seen(index, "w")).cuts == ()


def test_a_line_that_severs_only_a_copy_of_a_parameter_is_listed_and_stands_behind_the_copy():
    made, index = graph(
        {
            "loss": node(LOSS),
            "item": node(line=9, operation="item()", requires_grad=False, severs=CutKind.ITEM),
            "copy": node(LEAF),
            "deepcopy": node(
                line=3, operation="copy.deepcopy()", requires_grad=False, severs=CutKind.DEEPCOPY
            ),
            "v": node(PARAMETER),
        },
        Edge(source=1, target=0, gradient=False),
        Edge(source=2, target=1, gradient=False, severed=CutKind.ITEM),
        Edge(source=3, target=2, gradient=False),
        Edge(source=4, target=3, gradient=False, severed=CutKind.DEEPCOPY),
    )
    found = analyse(made, seen(index, "v"))
    assert {(cut.line, cut.parameters) for cut in found.cuts} == {(3, ("v",)), (9, ())}
    assert next(cut for cut in found.cuts if cut.line == 3).also == (
        Place("train.py", 9, "line 9"),
    )


def test_what_lies_before_a_cut_is_marked_pruned_and_the_mark_itself_is_not():
    made, index = detached()
    marked = analyse(made, seen(index, "w", "v")).graph
    assert {name for name, number in index.items() if marked.nodes[number].pruned} == {
        "encoder",
        "v",
    }
    assert [edge.cut for edge in marked.edges if edge.severed] == [0]


def test_the_order_of_the_edges_does_not_matter():
    made, index = detached(again=True, beside=True)
    shuffled = list(made.edges)
    random.Random(0).shuffle(shuffled)
    one = analyse(made, seen(index, "w", "v"))
    other = analyse(Graph(made.nodes, tuple(shuffled)), seen(index, "w", "v"))
    assert (one.parameters, one.cuts) == (other.parameters, other.cuts)


def test_two_parameters_frozen_at_different_lines_are_two_cuts_and_two_at_one_line_are_one():
    made, index = graph(
        {
            "loss": node(LOSS),
            "head": node(line=8),
            "u": node(PARAMETER, requires_grad=False),
            "v": node(PARAMETER, requires_grad=False),
            "w": node(PARAMETER, requires_grad=False),
        },
        ("head", "loss"),
        *(Edge(source=number, target=1, gradient=False) for number in (2, 3, 4)),
    )
    lines = {"u": 3, "v": 4, "w": 4}
    thawed = [
        replace(parameter, froze_at=Place("train.py", lines[parameter.name]))
        for parameter in seen(index, "u", "v", "w")
    ]
    found = analyse(made, thawed)
    assert [(cut.line, cut.operation, cut.parameters) for cut in found.cuts] == [
        (3, "requires_grad = False", ("u",)),
        (4, "requires_grad = False", ("v", "w")),
    ]


def test_what_froze_it_is_told_of_the_frozen_alone_and_what_thawed_or_replaced_it_of_the_others():
    made, index = detached()
    switched, caller, replaced = (Place("train.py", line) for line in (11, 12, 13))
    facts = {"switched_at": switched, "switched_from": caller, "replaced_at": replaced}
    (frozen,) = analyse(made, seen(index, "w", requires_grad=False, **facts)).parameters
    assert (frozen.frozen_at, frozen.frozen_from) == (switched, caller)
    assert (frozen.thawed_at, frozen.replaced_at) == (None, None)
    for name in ("w", "v", "x"):
        (other,) = analyse(made, seen(index, name, **facts)).parameters
        assert (other.frozen_at, other.frozen_from) == (None, None)
        assert (other.thawed_at, other.replaced_at) == (switched, replaced)


@pytest.mark.parametrize("nonzero", [True, False, None])
def test_where_a_zero_begins_is_told_of_zeros_alone(nonzero):
    made, index = detached()
    zero = Zero(operation="relu", why="dead")
    (w,) = analyse(made, seen(index, "w", nonzero=nonzero, zero=zero)).parameters
    assert w.zero == (zero if nonzero is False else None)


@pytest.mark.parametrize(
    ("kind", "partial"), [(CutKind.CUSTOM_FUNCTION, True), (CutKind.HOOK, False)]
)
def test_zeros_in_the_place_of_nothing_leave_a_route_alive_and_those_of_a_hook_do_not(
    kind, partial
):
    made, index = graph(
        {"loss": node(LOSS), "own": node(line=5, severs=kind), "v": node(PARAMETER)},
        ("own", "loss"),
        Edge(source=2, target=1, severed=kind),
    )
    (v,) = analyse(made, seen(index, "v", nonzero=False)).parameters
    assert (v.verdict, v.partial, len(v.cuts)) == (Verdict.ZERO, partial, 1)


def test_nothing_behind_a_severed_edge_belongs_to_the_cut_before_it():
    made, index = graph(
        {
            "loss": node(LOSS),
            "item": node(line=9, operation="item()", requires_grad=False, severs=CutKind.ITEM),
            "middle": node(line=7),
            "detach": node(
                line=5, operation="detach()", requires_grad=False, severs=CutKind.DETACH
            ),
            "u": node(PARAMETER),
            "v": node(PARAMETER),
        },
        Edge(source=1, target=0, gradient=False),
        Edge(source=2, target=1, gradient=False, severed=CutKind.ITEM),
        ("u", "middle"),
        Edge(source=3, target=2, gradient=False),
        Edge(source=5, target=3, gradient=False, severed=CutKind.DETACH),
    )
    found = analyse(made, seen(index, "u", "v"))
    assert {(cut.line, cut.parameters) for cut in found.cuts} == {(9, ("u",)), (5, ("v",))}


def test_a_flat_parameter_in_the_graph_is_coloured_by_one_of_the_parameters_in_it():
    made, _ = detached()
    flat = [
        ParameterSeen(name="first", node=2, requires_grad=False),
        ParameterSeen(name="last", node=2),
    ]
    assert analyse(made, flat).graph.nodes[2].verdict is Verdict.REACHED


def test_a_leaf_is_reached_cut_or_frozen_and_an_operation_has_no_verdict():
    made, index = graph(
        {
            "loss": node(LOSS),
            "head": node(),
            "detach": node(
                line=5, operation="detach()", requires_grad=False, severs=CutKind.DETACH
            ),
            "near": node(LEAF),
            "data": node(LEAF, requires_grad=False),
            "far": node(LEAF),
        },
        ("head", "loss"),
        ("near", "head"),
        Edge(source=2, target=1, gradient=False),
        Edge(source=4, target=1, gradient=False),
        Edge(source=5, target=2, gradient=False, severed=CutKind.DETACH),
    )
    marked = analyse(made, []).graph
    verdicts = {name: marked.nodes[number].verdict for name, number in index.items()}
    assert verdicts == {
        "loss": None,
        "head": None,
        "detach": None,
        "near": Verdict.REACHED,
        "data": Verdict.FROZEN,
        "far": Verdict.CUT,
    }


def test_a_checkpoint_keeps_its_own_name_and_a_block_without_grad_has_the_blocks():
    for kind, said in (
        (CutKind.CHECKPOINT, "checkpoint()"),
        (CutKind.NO_GRAD, "torch.no_grad()"),
    ):
        made, index = graph(
            {
                "loss": node(LOSS),
                "run": node(line=4, operation="mul", requires_grad=False, severs=kind),
                "v": node(PARAMETER),
            },
            Edge(source=1, target=0, gradient=False),
            Edge(source=2, target=1, gradient=False, severed=kind),
        )
        (cut,) = analyse(made, seen(index, "v")).cuts
        assert cut.operation == said


@pytest.mark.parametrize(("kind", "listed"), [(CutKind.NO_GRAD, False), (CutKind.DETACH, True)])
def test_of_the_lines_behind_a_cut_those_of_its_own_block_are_not_told_again(kind, listed):
    made, index = graph(
        {
            "loss": node(LOSS),
            "later": node(
                line=6, operation="mul", requires_grad=False, severs=CutKind.NO_GRAD, block=1
            ),
            "first": node(line=5, operation="mul", requires_grad=False, severs=kind, block=1),
            "v": node(PARAMETER),
        },
        Edge(source=1, target=0, gradient=False),
        Edge(source=2, target=1, gradient=False),
        Edge(source=3, target=2, gradient=False, severed=kind),
    )
    (cut,) = analyse(made, seen(index, "v")).cuts
    assert [place.line for place in cut.also] == ([6] if listed else [])


def test_of_what_ran_in_a_block_the_block_is_told_again_and_never_the_one_that_cuts():
    def under(line, block, begins):
        fields = {"block": block, "block_place": Place("train.py", begins)}
        return node(line=line, requires_grad=False, severs=CutKind.NO_GRAD, **fields)

    made, index = graph(
        {
            "loss": node(LOSS),
            "evaluated": under(9, 3, 8),
            "acted_again": under(6, 2, 4),  # another step's run of the block that cuts
            "acted": under(5, 1, 4),
            "v": node(PARAMETER),
        },
        Edge(source=1, target=0, gradient=False),
        Edge(source=2, target=1, gradient=False),
        Edge(source=3, target=2, gradient=False),
        Edge(source=4, target=3, gradient=False, severed=CutKind.NO_GRAD),
    )
    (cut,) = analyse(made, seen(index, "v")).cuts
    assert [place.line for place in cut.also] == [8]


def test_a_line_before_the_cut_in_its_file_is_told_again_too():
    made, index = detached(again=True)
    nodes = tuple(
        replace(one, place=Place("train.py", 1)) if one.operation == "item()" else one
        for one in made.nodes
    )
    (cut,) = analyse(Graph(nodes, made.edges), seen(index, "v")).cuts
    assert cut.also == (Place("train.py", 1),)


def test_a_cut_that_takes_all_from_a_parameter_comes_before_one_that_takes_a_part():
    made, index = graph(
        {
            "loss": node(LOSS),
            "head": node(),
            "part": node(line=3, operation="detach()", requires_grad=False, severs=CutKind.DETACH),
            "all": node(line=9, operation="detach()", requires_grad=False, severs=CutKind.DETACH),
            "u": node(PARAMETER),
            "v": node(PARAMETER),
        },
        ("head", "loss"),
        ("u", "head"),
        Edge(source=2, target=1, gradient=False),
        Edge(source=3, target=1, gradient=False),
        Edge(source=4, target=2, gradient=False, severed=CutKind.DETACH),
        Edge(source=5, target=3, gradient=False, severed=CutKind.DETACH),
    )
    found = analyse(made, seen(index, "u", "v"))
    assert [(cut.line, cut.parameters) for cut in found.cuts] == [(9, ("v",)), (3, ("u",))]


def test_two_blocks_that_share_an_inner_line_are_two_cuts_each_with_its_block():
    def inside(block: int) -> Node:
        return node(
            line=4,
            operation="linear",
            requires_grad=False,
            severs=CutKind.NO_GRAD,
            block=block,
            block_place=Place("train.py", 10 * block),
        )

    made, index = graph(
        {
            "loss": node(LOSS),
            "head": node(),
            "first": inside(1),
            "second": inside(2),
            "u": node(PARAMETER),
            "v": node(PARAMETER),
        },
        ("head", "loss"),
        Edge(source=2, target=1, gradient=False),
        Edge(source=3, target=1, gradient=False),
        Edge(source=4, target=2, gradient=False, severed=CutKind.NO_GRAD),
        Edge(source=5, target=3, gradient=False, severed=CutKind.NO_GRAD),
    )
    found = analyse(made, seen(index, "u", "v"))
    assert [(cut.block, cut.parameters) for cut in found.cuts] == [
        (Place("train.py", 10), ("u",)),
        (Place("train.py", 20), ("v",)),
    ]


def test_a_cut_that_is_no_block_has_no_block():
    made, index = detached()
    nodes = tuple(replace(one, block_place=Place("train.py", 1)) for one in made.nodes)
    (cut,) = analyse(Graph(nodes, made.edges), seen(index, "v")).cuts
    assert cut.block is None


def test_a_parameter_that_only_a_library_cuts_off_is_told_the_librarys_line():
    made, index = detached()
    nodes = tuple(replace(one, library=one.severs is not None) for one in made.nodes)
    (v,) = analyse(Graph(nodes, made.edges), seen(index, "v")).parameters
    assert (v.verdict, [cut.line for cut in v.cuts]) == (Verdict.CUT, [5])


def test_what_a_block_without_grad_computes_of_a_parameter_is_pruned_with_it_and_data_is_not():
    made, index = graph(
        {
            "loss": node(LOSS),
            "head": node(),
            "inside": node(line=4, requires_grad=False, severs=CutKind.NO_GRAD, block=1),
            "v": node(PARAMETER),
            "data": node(LEAF, requires_grad=False),
        },
        ("head", "loss"),
        Edge(source=2, target=1, gradient=False),
        Edge(source=3, target=2, gradient=False, severed=CutKind.NO_GRAD),
        Edge(source=4, target=2, gradient=False),
    )
    marked = analyse(made, seen(index, "v")).graph
    assert {name for name, number in index.items() if marked.nodes[number].pruned} == {
        "inside",
        "v",
    }


def test_a_line_that_severs_a_copy_of_what_is_frozen_is_no_cut():
    made, index = graph(
        {
            "loss": node(LOSS),
            "item": node(line=9, operation="item()", requires_grad=False, severs=CutKind.ITEM),
            "copy": node(LEAF),
            "v": node(PARAMETER, requires_grad=False),
        },
        Edge(source=1, target=0, gradient=False),
        Edge(source=2, target=1, gradient=False, severed=CutKind.ITEM),
        Edge(source=3, target=2, gradient=False),
    )
    assert analyse(made, seen(index, "v", requires_grad=False)).cuts == ()


def test_only_what_uses_the_thawed_parameter_is_severed_by_the_line_that_froze_it():
    made, index = graph(
        {
            "loss": node(LOSS),
            "head": node(),
            "w": node(PARAMETER, requires_grad=False),
            "data": node(LEAF, requires_grad=False),
        },
        ("head", "loss"),
        Edge(source=2, target=1, gradient=False),
        Edge(source=3, target=1, gradient=False),
    )
    marked = analyse(made, seen(index, "w", froze_at=Place("train.py", 3))).graph
    assert [(edge.source, edge.severed) for edge in marked.edges if edge.severed] == [
        (2, CutKind.FROZEN)
    ]


def test_frozen_in_one_use_and_alive_in_another_is_cut_in_part_there():
    made, index = graph(
        {
            "loss": node(LOSS),
            "actor": node(),
            "target": node(severs=CutKind.NO_GRAD),
            "critic": node(),
            "w": node(PARAMETER),
        },
        ("critic", "loss"),
        ("w", "critic"),
        ("actor", "loss"),
        Edge(source=2, target=0, gradient=False),
        Edge(source=4, target=1, gradient=False),
        Edge(source=4, target=2, gradient=False),
    )
    lines = {"froze_at": Place("train.py", 3), "switched_at": Place("train.py", 5)}
    (w,) = analyse(made, seen(index, "w", **lines)).parameters
    assert (w.verdict, w.partial) == (Verdict.REACHED, True)
    assert {cut.kind for cut in w.cuts} == {CutKind.FROZEN, CutKind.NO_GRAD}
    (w,) = analyse(made, seen(index, "w")).parameters
    assert (w.partial, w.cuts) == (False, ())


def test_what_was_seen_of_a_parameter_stands_in_its_result():
    made, index = detached()
    facts = {"shape": (2, 3), "numel": 6, "optimized": True, "norm": 0.5}
    (w,) = analyse(made, [replace(*seen(index, "w", **facts), names=("w", "tied"))]).parameters
    assert (w.name, w.names, w.shape, w.numel) == ("w", ("w", "tied"), (2, 3), 6)
    assert (w.optimized, w.gradient_norm) == (True, 0.5)


def test_the_parameters_behind_a_cut_stand_in_the_order_of_the_model():
    made, index = detached()
    tied = [*seen(index, "v"), ParameterSeen(name="a", node=index["v"])]
    assert analyse(made, tied).cuts[0].parameters == ("v", "a")
    assert analyse(made, tied[::-1]).cuts[0].parameters == ("a", "v")


def test_a_line_that_severs_again_in_a_loop_does_not_stand_beside_itself():
    made, index = detached(again=True)
    at_once = tuple(
        replace(node, place=Place("train.py", 5, "line 5")) if node.name == "item" else node
        for node in made.nodes
    )
    assert [cut.also for cut in analyse(replace(made, nodes=at_once), seen(index, "v")).cuts] == [
        ()
    ]


def test_a_parameter_in_whose_memory_another_is_reached_is_reached():
    made, index = detached()
    flat = ParameterSeen(name="flat", lodgers=(index["w"],))
    cut_too = ParameterSeen(name="flat", node=index["v"], lodgers=(index["w"],))
    alone = ParameterSeen(name="flat", node=index["w"], lodgers=(index["v"],))
    for whole in (flat, cut_too, alone):
        assert analyse(made, [whole]).parameters[0].verdict is Verdict.REACHED
    lodged = ParameterSeen(name="flat", lodgers=(index["v"],))
    assert analyse(made, [lodged]).parameters[0].verdict is Verdict.UNUSED


def test_what_nothing_arrived_at_through_a_live_route_has_no_cuts():
    made, index = detached(beside=True)
    (v,) = analyse(made, seen(index, "v", arrived=False)).parameters
    assert (v.verdict, v.cuts) == (Verdict.UNUSED, ())


@pytest.mark.parametrize(
    ("scopes", "shared"),
    [
        (("a.b.c", "a.b.d"), "a.b"),
        (("a.b", "a.b.c"), "a.b"),
        (("a.b.c", "a.b"), "a.b"),
        (("a", "b"), ""),
    ],
)
def test_a_cut_on_one_line_of_several_modules_lies_in_what_holds_them(scopes, shared):
    nodes = {"loss": node(LOSS), "head": node(), "v": node(PARAMETER)}
    cut = {"line": 5, "operation": "detach()", "requires_grad": False, "severs": CutKind.DETACH}
    nodes |= {f"cut{number}": node(scope=scope, **cut) for number, scope in enumerate(scopes)}
    at = {name: number for number, name in enumerate(nodes)}
    edges = [("head", "loss")]
    for name in ("cut0", "cut1"):
        severed = {"gradient": False, "severed": CutKind.DETACH, "captured": True}
        edges.append(Edge(source=at["v"], target=at[name], **severed))
        edges.append(Edge(source=at[name], target=at["head"], gradient=False))
    made, index = graph(nodes, *edges)
    (found,) = analyse(made, seen(index, "v")).cuts
    assert (found.scope, found.captured) == (shared, True)


def test_a_parameter_that_was_thawed_too_late_is_cut_by_the_line_that_froze_it_alone():
    called, froze = Place("lib.py", 7, "inner()"), Place("train.py", 1, "freeze()")
    nodes = {
        "loss": node(LOSS),
        "head": node(line=3, caller=called),
        "v": node(PARAMETER, requires_grad=False),
        "w": node(PARAMETER),
    }
    at = {name: number for number, name in enumerate(nodes)}
    made, index = graph(
        nodes,
        ("head", "loss"),
        ("w", "head"),
        Edge(source=at["v"], target=at["head"], gradient=False),
    )
    (cut,) = analyse(made, seen(index, "v", froze_at=froze)).cuts
    assert (cut.kind, cut.line, cut.caller) == (CutKind.FROZEN, 1, None)


def severed_on_one_line(*fields: dict[str, object]) -> list[Cut]:
    """Return the cuts of a value that several operations sever, all on line 5."""
    nodes = {"loss": node(LOSS), "head": node(), "v": node(PARAMETER)}
    kinds = [field.pop("kind") for field in fields]
    nodes |= {
        f"cut{number}": node(line=5, requires_grad=False, severs=kind, **field)
        for number, (kind, field) in enumerate(zip(kinds, fields, strict=True))
    }
    at = {name: number for number, name in enumerate(nodes)}
    edges = [("head", "loss")]
    for number, kind in enumerate(kinds):
        target = at[f"cut{number}"]
        edges.append(Edge(source=at["v"], target=target, gradient=False, severed=kind))
        edges.append(Edge(source=target, target=at["head"], gradient=False))
    made, index = graph(nodes, *edges)
    return list(analyse(made, seen(index, "v")).cuts)


def test_two_operations_on_one_line_are_two_cuts_and_the_same_in_two_blocks_is_one():
    choice = {"kind": CutKind.NON_DIFFERENTIABLE}
    two = severed_on_one_line(
        {**choice, "operation": "argmax()"}, {**choice, "operation": "round()"}
    )
    assert [cut.operation for cut in two] == ["argmax()", "round()"]
    first, second = Place("train.py", 1, "with a:"), Place("train.py", 2, "with b:")
    detached = {"kind": CutKind.DETACH, "operation": "detach()"}
    same = severed_on_one_line(
        {**detached, "block_place": first}, {**detached, "block_place": second}
    )
    assert [cut.operation for cut in same] == ["detach()"]
    switched = {"kind": CutKind.NO_GRAD, "operation": "mul()"}
    apart = severed_on_one_line(
        {**switched, "block_place": first}, {**switched, "block_place": second}
    )
    assert [cut.block for cut in apart] == [first, second]


def test_a_route_is_alive_by_whatever_node_it_comes_to_the_loss():
    nodes = {
        "loss": node(LOSS),
        "side": node(),
        "live": node(),
        "detach": node(line=5, operation="detach()", requires_grad=False, severs=CutKind.DETACH),
        "v": node(PARAMETER),
    }
    at = {name: number for number, name in enumerate(nodes)}
    severed = Edge(source=at["v"], target=at["detach"], gradient=False, severed=CutKind.DETACH)
    on = Edge(source=at["detach"], target=at["side"], gradient=False)
    made, index = graph(nodes, ("side", "loss"), ("live", "loss"), ("v", "live"), severed, on)
    (v,) = analyse(made, seen(index, "v")).parameters
    assert (v.verdict, v.partial) == (Verdict.REACHED, True)


def test_what_goes_in_without_gradient_before_a_cut_is_not_behind_it():
    made, index = detached()
    position = Node(index=len(made.nodes), kind=PARAMETER, name="u")
    beside = Edge(source=position.index, target=index["encoder"], gradient=False)
    whole = replace(made, nodes=(*made.nodes, position), edges=(*made.edges, beside))
    (cut,) = analyse(whole, seen({**index, "u": position.index}, "u", "v")).cuts
    assert cut.parameters == ("v",)


def two_detached(second_alive: bool) -> tuple[Graph, dict[str, int]]:
    """Return the loss ``-(log_prob * v.detach()) + v.detach() * 2``, and its parameters.

    The second term is a constant, but where something alive is multiplied into it too.
    """
    nodes = {
        "loss": node(LOSS),
        "sum": node(operation="AddBackward0"),
        "weighted": node(operation="MulBackward0"),
        "baseline": node(line=5, operation="detach()", requires_grad=False, severs=CutKind.DETACH),
        "target": node(line=6, operation="detach()", requires_grad=False, severs=CutKind.DETACH),
        "term": node(operation="MulBackward0") if second_alive else node(operation="alias"),
        "actor": node(PARAMETER),
        "value": node(line=2),
        "critic": node(PARAMETER),
    }
    at = {name: number for number, name in enumerate(nodes)}
    edges = [("actor", "weighted"), ("weighted", "sum"), ("sum", "loss"), ("critic", "value")]
    dead = [("baseline", "weighted")]
    if second_alive:
        edges += [("term", "sum"), ("actor", "term")]
        dead += [("target", "term")]
    else:
        dead += [("target", "term"), ("term", "sum")]
    severed = [("value", "baseline"), ("value", "target")]
    return graph(
        nodes,
        *edges,
        *(Edge(source=at[a], target=at[b], gradient=False) for a, b in dead),
        *(
            Edge(source=at[a], target=at[b], gradient=False, severed=CutKind.DETACH)
            for a, b in severed
        ),
    )


@pytest.mark.parametrize(("second_alive", "lines"), [(False, [6, 5]), (True, [5, 6])])
def test_the_cut_that_makes_a_term_a_constant_comes_first(second_alive, lines):
    found, index = two_detached(second_alive)
    judged = analyse(found, seen(index, "actor", "critic"))
    assert [cut.line for cut in judged.cuts] == lines
    assert [cut.line for cut in judged.parameters[1].cuts] == lines
    severed = [edge for edge in judged.graph.edges if edge.severed is not None]
    assert {judged.cuts[edge.cut].line for edge in severed if edge.cut is not None} == {5, 6}
    for edge in severed:
        place = judged.graph.nodes[edge.target].place
        assert edge.cut is not None
        assert place is not None
        assert place.line == judged.cuts[edge.cut].line
