import torch
from torch import nn

from gradviz.judging.lodgers import lodgers


def test_parts_of_a_vector_lie_in_its_memory():
    flat = torch.zeros(6)
    parts = {"a": nn.Parameter(flat[:4].view(2, 2)), "b": nn.Parameter(flat[4:])}
    assert lodgers({"flat": flat, **parts}) == {"flat": ("a", "b")}


def test_what_only_begins_in_the_same_memory_lies_in_no_other():
    memory = torch.zeros(6)
    assert lodgers({"low": memory[:4], "high": memory[3:]}) == {}


def test_two_leaves_of_the_same_memory_lie_in_each_other():
    first = nn.Parameter(torch.zeros(3))
    second = nn.Parameter(first.data)
    assert lodgers({"first": first, "second": second}) == {
        "first": ("second",),
        "second": ("first",),
    }


def test_tensors_without_memory_lie_nowhere():
    meta = nn.Parameter(torch.empty(3, device="meta"))
    sparse = torch.eye(2).to_sparse()
    empty = torch.empty(0)
    tensors = {"meta": meta, "again": meta.detach(), "sparse": sparse, "empty": empty}
    assert lodgers(tensors) == {}
