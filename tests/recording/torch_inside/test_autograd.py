"""Nodes of autograd: their numbers, what they saved, and the engine that runs them."""

import pytest
import torch

from gradviz.recording import torch_inside


@pytest.fixture
def weight():
    return torch.tensor([4.0], requires_grad=True)


def test_nodes_are_numbered_as_they_are_made(weight):
    before = torch_inside.sequence_number()
    first, second = weight * 2, weight * 3
    assert torch_inside.node_number(first.grad_fn) == before
    assert torch_inside.node_number(second.grad_fn) == before + 1
    assert torch_inside.sequence_number() == before + 2


def test_a_node_runs_only_while_backward_does(weight):
    running = []
    product = weight * 2
    product.register_hook(lambda gradient: running.append(torch_inside.current_node()))
    assert torch_inside.current_node() is None
    product.sum().backward()
    assert running[0] is not None
    assert torch_inside.current_node() is None


@pytest.mark.skipif(
    not torch_inside.READS_SAVED, reason="this torch does not tell what hooks have packed"
)
def test_what_a_node_saved_is_read_unless_a_hook_packed_it_or_it_is_freed(weight):
    root = weight.sqrt()
    assert torch_inside.saved_names(root.grad_fn) == ["result"]
    assert torch_inside.saved_tensor(root.grad_fn, "result").item() == 2.0
    root.sum().backward()
    assert torch_inside.saved_tensor(root.grad_fn, "result") is None
    with torch.autograd.graph.saved_tensors_hooks(lambda saved: saved, lambda packed: packed):
        packed = weight.sqrt()
    assert torch_inside.saved_tensor(packed.grad_fn, "result") is None


def test_a_backward_over_a_graph_that_was_freed_is_known_by_its_error(weight):
    loss = weight.sqrt().sum()
    loss.backward()
    with pytest.raises(RuntimeError) as caught:
        loss.backward()
    assert torch_inside.graph_was_freed(caught.value)
    assert not torch_inside.graph_was_freed(RuntimeError("something else"))


def test_names_of_nodes_are_those_that_torch_gives(weight):
    accumulator = (weight * 2).grad_fn.next_functions[0][0]
    assert type(accumulator).__name__ == torch_inside.ACCUMULATOR
    assert torch_inside.CheckpointFunction.__name__ == torch_inside.CHECKPOINT_NODE


def test_every_backward_enters_the_engine_by_one_function(weight):
    from torch.autograd import graph

    assert callable(getattr(graph, torch_inside.ENGINE))
