"""A hook of gradviz's own stands first among those of the user's, and changes nothing of these."""

import torch

from gradviz.recording.backwards.node_hooks import hooks_before, put_first


def test_what_is_put_first_runs_before_the_others_whose_order_stays():
    order = []
    weight = torch.ones(2, requires_grad=True)
    value = weight * 2
    for name in ("one", "two"):
        handle = value.register_hook(lambda gradient, name=name: order.append(name))
    put_first(handle.hooks_dict_ref(), lambda gradient: order.append("first"))
    value.sum().backward()
    assert order == ["first", "one", "two"]


def test_the_hooks_before_a_node_are_found_and_none_is_left_there():
    node = torch.ones(2, requires_grad=True).exp().grad_fn
    assert not hooks_before(node)
    handle = node.register_prehook(print)
    assert list(hooks_before(node)) == [handle.id]
