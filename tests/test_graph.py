"""A graph by hand, and the walks along its edges."""

import re
from pathlib import Path

from gradviz.graph import Edge, Graph, Node, NodeKind, Place, UnusedReason


def graph(*edges: tuple[int, int], severed: tuple[tuple[int, int], ...] = ()) -> Graph:
    """Return a graph with these edges, each from its source to its target."""
    count = 1 + max(max(edge) for edge in (*edges, *severed))
    return Graph(
        tuple(Node(index=index, kind=NodeKind.OPERATION) for index in range(count)),
        tuple(
            sorted(
                Edge(source=source, target=target, gradient=(source, target) not in severed)
                for source, target in (*edges, *severed)
            )
        ),
    )


# 3 goes into 1 and 2, which go into the loss; 4 goes into 2
DIAMOND = graph((1, 0), (2, 0), (3, 1), (3, 2), (4, 2))


def test_a_node_knows_the_edges_that_come_in_and_those_that_go_out() -> None:
    assert [[edge.source for edge in edges] for edges in DIAMOND.into] == [
        [1, 2],
        [3],
        [3, 4],
        [],
        [],
    ]
    assert [[edge.target for edge in edges] for edges in DIAMOND.out] == [[], [0], [0], [1, 2], [2]]


def test_before_goes_against_the_data_and_after_goes_with_it() -> None:
    assert DIAMOND.before([2]) == {2, 3, 4}
    assert DIAMOND.after([3]) == {3, 1, 2, 0}
    assert DIAMOND.before([]) == set()


def test_a_walk_stops_at_edges_that_are_not_allowed() -> None:
    cut = graph((1, 0), (3, 2), severed=((2, 1),))
    assert cut.before([0]) == {0, 1, 2, 3}
    assert cut.before([0], lambda edge: edge.gradient) == {0, 1}
    assert cut.after([3], lambda edge: edge.gradient) == {3, 2}


def test_a_start_that_is_not_in_the_graph_is_left_out() -> None:
    assert DIAMOND.before([4, 5]) == {4}
    assert DIAMOND.after([0, 5]) == {0}


def test_a_walk_ends_in_a_loop() -> None:
    loop = graph((1, 0), (2, 1), (1, 2))
    assert loop.before([0]) == {0, 1, 2}
    assert loop.after([2]) == {2, 1, 0}


def test_every_node_comes_after_all_that_goes_into_it() -> None:
    order = DIAMOND.inputs_first()
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert all(order.index(edge.source) < order.index(edge.target) for edge in DIAMOND.edges)


def test_what_lies_behind_a_loop_has_no_order() -> None:
    assert graph((1, 0), (2, 1), (1, 2), (3, 2)).inputs_first() == [3]


def test_a_place_is_written_as_file_and_line() -> None:
    assert str(Place("train.py", 12, "loss.backward()", "main")) == "train.py:12"


def test_the_words_of_the_json_are_those_of_the_reference() -> None:
    page = (Path(__file__).parents[1] / "docs" / "reference" / "words.md").read_text("utf-8")
    table = page.partition("| reason |")[2].partition("\n\n")[0]
    assert {*re.findall(r"^\| `(\w+)`", table, re.M)} == {*UnusedReason}
