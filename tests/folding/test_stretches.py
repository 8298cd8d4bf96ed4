"""Operations that follow each other without a branch, put into one box."""

from dataclasses import replace

import pytest

from gradviz.folding.boxes import Box, BoxKind, Folded, Link
from gradviz.folding.flow import Passing
from gradviz.folding.stretches import STRETCH, stretched


def chain(count, *, extra=(), **fields):
    """Return a fold of a loss (0) and operations in a row, the last of them the farthest."""
    boxes = [
        Box(kind=BoxKind.LOSS),
        *(
            Box(kind=BoxKind.OPERATION, operation=f"op{number}", **fields)
            for number in range(1, count + 1)
        ),
    ]
    links = [
        Link(source=number, target=number - 1, way=Passing.GRADIENT)
        for number in range(1, count + 1)
    ]
    return Folded(boxes=tuple(boxes), links=(*links, *extra), frames=(), nodes=len(boxes))


def merged(folded):
    """Return the operations in each box, the first to run first."""
    return [
        [box.operation for box in part.stretch] or [part.operation]
        for part in stretched(folded).boxes[1:]
    ]


def test_operations_in_a_row_are_one_box_in_running_order():
    assert merged(chain(3)) == [["op3", "op2", "op1"]]
    (link,) = stretched(chain(3)).links
    assert (link.source, link.target) == (1, 0)


def test_the_box_counts_the_nodes_of_all_of_them():
    whole = stretched(chain(3)).boxes[1]
    assert whole.nodes == 3
    assert (whole.operation, whole.times, whole.node) == ("", 1, None)


def test_the_box_is_what_its_last_operation_was_and_its_links_lead_on_from_it():
    named = chain(STRETCH + 1, path="body")
    boxes = [replace(box, key=f"k{number}", times=2) for number, box in enumerate(named.boxes)]
    whole = stretched(replace(named, boxes=tuple(boxes)))
    assert [(box.key, box.times) for box in whole.boxes] == [("k0", 2), ("k1", 1), ("k8", 1)]
    assert [(link.source, link.target) for link in whole.links] == [(1, 0), (2, 1)]


def test_a_long_row_is_parted_evenly():
    assert [len(part) for part in merged(chain(STRETCH + 1))] == [7, 6]
    assert [len(part) for part in merged(chain(STRETCH))] == [STRETCH]


def test_a_branch_ends_a_stretch():
    branch = Link(source=3, target=1, way=Passing.GRADIENT)
    assert merged(chain(4, extra=[branch])) == [["op1"], ["op2"], ["op4", "op3"]]


def test_what_passes_another_way_is_not_joined():
    folded = chain(3)
    first, second, third = folded.links
    other = Link(source=3, target=2, way=Passing.VALUE)
    assert third != other
    changed = Folded(boxes=folded.boxes, links=(first, second, other), frames=(), nodes=4)
    assert merged(changed) == [["op2", "op1"], ["op3"]]


@pytest.mark.parametrize("fields", [{"path": "body"}, {"frame": 0}, {"pruned": True}])
def test_what_stands_elsewhere_is_not_joined(fields):
    folded = chain(2)
    apart = Box(kind=BoxKind.OPERATION, operation="op2", **fields)
    changed = Folded(boxes=(*folded.boxes[:2], apart), links=folded.links, frames=(), nodes=3)
    assert merged(changed) == [["op1"], ["op2"]]


def test_a_tensor_is_no_part_of_a_stretch():
    folded = chain(2)
    tensor = Box(kind=BoxKind.PARAMETER, path="w")
    changed = Folded(boxes=(*folded.boxes[:2], tensor), links=folded.links, frames=(), nodes=3)
    assert stretched(changed) == changed


def test_a_loop_stays_as_it_is():
    folded = chain(2)
    links = (
        Link(source=1, target=2, way=Passing.GRADIENT),
        Link(source=2, target=1, way=Passing.GRADIENT),
    )
    loop = Folded(boxes=folded.boxes, links=links, frames=(), nodes=3)
    assert stretched(loop) == loop
