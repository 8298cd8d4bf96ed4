"""What torch compiles, transforms and declares."""

import torch

from gradviz.recording.torch_inside import compilers


def test_a_transform_of_torch_func_is_running_only_inside_one():
    running, wrapped = [], []

    def look(x):
        running.append(compilers.is_transforming())
        wrapped.append((compilers.is_wrapped(x), compilers.unwrapped(x).shape))
        return x * 2

    x = torch.ones(3)
    torch.func.vmap(look)(x)
    assert running == [True]
    assert wrapped == [(True, x.shape)]
    assert not compilers.is_transforming()
    assert not compilers.is_wrapped(x)


def test_what_an_operator_writes_is_read_off_its_schema():
    assert compilers.written_by_schema(torch.ops.aten.mul_.Tensor) == [(0, "self")]
    assert compilers.written_by_schema(torch.ops.aten.mul_) == [(0, "self")]
    assert compilers.written_by_schema(torch.ops.aten.mul.Tensor) == []
    assert compilers.written_by_schema(torch.relu) == []
