"""The line that left autograd switched off is read where no other could have done it."""

import sys
import types

from gradviz.recording.reading.left_off import left_off, lines_in


def test_calls_that_no_block_ends_leave_it_off():
    source = """
import torch
torch.set_grad_enabled(False)
before = torch.set_grad_enabled(mode=flag)
torch.no_grad().__enter__()
"""
    assert lines_in(source) == [3, 4, 5]


def test_what_puts_it_back_or_switches_it_on_does_not():
    source = """
import torch
torch.set_grad_enabled(True)
with torch.set_grad_enabled(False):
    torch.optim.SGD([], 0.1).zero_grad()
with torch.no_grad():
    pass
torch.set_grad_enabled
@torch.set_grad_enabled(False)
def evaluate(): ...
"""
    assert lines_in(source) == []
    assert lines_in("not a program") == []


def test_a_line_is_told_only_where_it_is_the_only_one(tmp_path):
    def module(name, text):
        file = tmp_path / f"{name}.py"
        file.write_text(text)
        loaded = types.ModuleType(name)
        loaded.__file__ = str(file)
        return loaded

    modules = {"a": module("a", "import torch\ntorch.set_grad_enabled(False)\n"), "sys": sys}
    switch = left_off(modules)
    assert switch.set_by_function
    assert switch.spot.place.code == "torch.set_grad_enabled(False)"
    modules["b"] = module("b", "torch.set_grad_enabled(flag)\n")
    assert left_off(modules).spot.place is None
