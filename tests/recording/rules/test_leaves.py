"""The line that froze a leaf, or thawed it again, is known; .grad that is read is plain numbers."""

import torch
from traced import X, report_of, verdict

from gradviz.graph import NodeKind, Verdict


def test_frozen_by_a_call_or_by_an_attribute_it_is_the_line_that_did_it():
    def by_call(net):
        net.first.weight.requires_grad_(False)
        return net.last(net.first(X)).sum()

    def by_attribute(net):
        net.first.weight.requires_grad = False
        return net.last(net.first(X)).sum()

    lines = [
        report_of(step).parameters["first.weight"].frozen_at.code
        for step in (by_call, by_attribute)
    ]
    assert lines == [
        "net.first.weight.requires_grad_(False)",
        "net.first.weight.requires_grad = False",
    ]


def test_set_to_what_it_is_already_nothing_froze_it():
    def step(net):
        net.first.weight.requires_grad = False
        net.first.weight.requires_grad = False  # again
        return net.last(net.first(X)).sum()

    place = report_of(step).parameters["first.weight"].frozen_at
    assert "again" not in place.code


def test_thawed_again_before_it_is_used_it_trains():
    def step(net):
        net.first.requires_grad_(False)
        net.first.requires_grad_(True)
        return net.last(net.first(X)).sum()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_a_new_leaf_that_was_put_together_comes_from_all_its_parts():
    def step(net):
        parts = [own.detach().ravel() for own in net.parameters()]
        flat = torch.cat(parts).requires_grad_()
        return (flat * flat).sum()

    graph = report_of(step).graph
    (leaf,) = (node for node in graph.nodes if node.kind is NodeKind.LEAF)
    behind = {graph.nodes[index].name for index in graph.before([leaf.index])}
    assert {"first.weight", "first.bias", "last.weight", "last.bias"} <= behind
