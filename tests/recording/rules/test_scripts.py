"""What a script does is told by its graph: what passes, what severs, what is not used."""

import linecache

import pytest
import torch
from traced import cut, through, verdict

from gradviz.facts.blocks import cuts_by_block
from gradviz.graph import CutKind, Verdict

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def passes():
    @torch.jit.script
    def scaled(x):
        return torch.tanh(x) * 2

    return scaled


@pytest.fixture(scope="module")
def severs():
    @torch.jit.script
    def held(x):
        return x.detach() * 2

    return held


def test_what_passes_gradient_is_reached(passes):
    assert verdict(through(passes)) is Verdict.REACHED


def test_what_severs_is_named_and_said_to_be_in_a_script(severs):
    found = cut(through(severs))
    assert (found.kind, found.operation) == (CutKind.DETACH, "detach() in TorchScript")


def test_text_that_is_compiled_is_named_by_the_line_that_calls_it():
    unit = torch.jit.CompilationUnit("""
def mix(h):
    with torch.no_grad():
        context = h.mean(0) * 2
    return context
""")
    (found,) = cuts_by_block([cut(through(lambda hidden: unit.mix(hidden)))])
    assert found.kind is CutKind.NO_GRAD
    assert "unit.mix(hidden)" in found.code


SEVERING = """
class Severing(torch.nn.Module):
    def forward(self, x):
        y = x * 2
        return y.detach()
"""


@pytest.mark.parametrize("edited", [True, False])
def test_a_line_of_a_loaded_script_is_named_only_where_its_file_has_it_still(tmp_path, edited):
    source, saved = tmp_path / "severing.py", str(tmp_path / "severing.pt")
    source.write_text("import torch" + SEVERING)
    made = {"__name__": "severing"}
    exec(compile(source.read_text(), str(source), "exec"), made)
    torch.jit.script(made["Severing"]()).save(saved)
    if edited:
        source.write_text("import torch\n" + SEVERING)
    linecache.clearcache()
    loaded = torch.jit.load(saved)
    found = cut(through(lambda hidden: loaded(hidden)))
    assert ("loaded(hidden)" if edited else "return y.detach()") in found.code
