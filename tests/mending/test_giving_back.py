"""What modules keep for a backward, and what a freeze gives back, held against counts by hand."""

import json
import sys
import textwrap

import pytest
import torch
from torch import nn

import warm
from gradviz.costing.saved import SavedBytes
from gradviz.errors import GradvizError
from gradviz.mending.giving_back import costs
from gradviz.mending.giving_back_text import as_json, text

FLOAT = 4
SCRIPT = """
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    for step in range(2):
        net(torch.randn(16 * (step + 1), 4)).sum().backward()
    print("the script goes on")
"""


@pytest.fixture
def measured(tmp_path, monkeypatch, nursery):
    monkeypatch.chdir(tmp_path)

    def measure(source, **options):
        (tmp_path / "train.py").write_text(textwrap.dedent(source))
        return costs("train.py", (), nursery=nursery, **options)

    measure.nursery = nursery
    return measure


def test_a_linear_layer_keeps_its_input_and_a_relu_its_result_which_the_next_layer_shares(measured):
    found = measured(SCRIPT)
    x, hidden = 16 * 4 * FLOAT, 16 * 8 * FLOAT
    assert found.kept.bytes == x + hidden
    assert [(row.path, row.bytes) for row in found.rows] == [("net.1", hidden), ("net.0", x)]
    relu, first = (row.changes for row in found.rows)
    # Frozen it does the same; in no_grad nothing before it is recorded, and its result is kept
    # by the layer behind it
    assert [given.bytes for given in relu] == [0, x]
    assert [given.stopped for given in relu] == [0, 2]
    # Either way its input is not kept, and nobody else trains less
    assert [given.bytes for given in first] == [x, x]
    assert [given.stopped for given in first] == [0, 0]
    assert found.runs == 2 + 2 * 2


def test_the_backward_call_is_the_one_asked_for(measured):
    assert measured(SCRIPT, backward=2).kept.bytes == 2 * measured(SCRIPT).kept.bytes
    with pytest.raises(GradvizError, match="ended before backward 3"):
        measured(SCRIPT, backward=3)


def test_a_module_is_measured_as_python_runs_it_with_its_arguments(measured, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "sizes.py").write_text("HIDDEN = 8\n")
    (tmp_path / "package" / "train.py").write_text(
        textwrap.dedent("""
            import sys

            import torch
            from torch import nn

            from .sizes import HIDDEN

            assert __name__ == "__main__"
            net = nn.Sequential(nn.Linear(4, HIDDEN), nn.Linear(HIDDEN, 2))
            net(torch.ones(int(sys.argv[1]), 4)).sum().backward()
        """)
    )
    found = costs("package.train", ("3",), module=True, nursery=measured.nursery)
    assert [(row.path, row.bytes) for row in found.rows] == [
        ("net.1", 3 * 8 * FLOAT),
        ("net.0", 3 * 4 * FLOAT),
    ]
    assert text(found).startswith("Backward 1 at package/train.py:11: autograd keeps 144 B")


def test_what_is_read_agrees_with_a_count_of_a_step_that_the_test_runs_itself(measured):
    found = measured("""
        import torch
        from torch import nn

        net = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.GELU(), nn.Flatten(), nn.Linear(16, 5)
        )
        criterion = nn.CrossEntropyLoss()
        criterion(net(torch.ones(2, 3, 4, 4)), torch.tensor([1, 2])).backward()
    """)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.GELU(), nn.Flatten(), nn.Linear(16, 5)
    )
    with SavedBytes([*net.parameters(), *net.buffers()]) as saving:
        loss = nn.CrossEntropyLoss()(net(torch.ones(2, 3, 4, 4)), torch.tensor([1, 2]))
    assert loss.requires_grad
    assert found.kept.bytes == saving.held
    assert sum(row.bytes for row in found.rows) == saving.held


def test_what_a_checkpoint_computes_again_is_not_kept(measured):
    blocks = """
        import torch
        from torch import nn
        from torch.utils.checkpoint import checkpoint

        blocks = nn.ModuleList(nn.Linear(8, 8) for _ in range(2))
        h = blocks[0](torch.ones(3, 8))
        h = {}
        h.sum().backward()
    """
    plain = measured(blocks.format("blocks[1](h).tanh()"))
    again = measured(blocks.format("checkpoint(lambda h: blocks[1](h).tanh(), h)"))
    assert plain.kept.bytes == 3 * 3 * 8 * FLOAT
    assert again.kept.bytes < plain.kept.bytes


def test_a_model_is_opened_until_there_are_modules_to_choose_from(measured):
    found = measured("""
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.blocks = nn.ModuleList(
                    nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(9)
                )
                self.scale = nn.Parameter(torch.ones(4))

            def forward(self, x):
                for block in self.blocks:
                    x = block(x)
                return x * self.scale

        net = Net()
        nn.MSELoss()(net(torch.ones(2, 4)), torch.zeros(2, 4)).backward()
    """)
    paths = {row.path for row in found.rows}
    assert {f"net.blocks.{number}" for number in range(9)} <= paths
    assert sum(bool(row.changes) for row in found.rows) == 3
    lines = text(found).splitlines()
    assert len(lines) <= 12
    assert all(len(line) <= 100 for line in lines)
    assert any(line.startswith("4 more ") for line in lines)


def test_a_script_whose_runs_differ_is_measured_no_further_and_that_is_said(measured):
    found = measured("""
        import os

        import torch
        from torch import nn

        net = nn.Linear(4, 2)
        name = f"run{len(os.listdir('.'))}"
        open(name, "w").close()
        net(torch.ones(len(os.listdir(".")), 4)).sum().backward()
    """)
    assert not found.repeatable
    assert found.runs == 2
    assert not any(row.changes for row in found.rows)
    assert "Two runs of the script do not keep the same" in text(found)


def test_a_change_that_the_script_does_not_survive_is_told_as_such(measured):
    found = measured("""
        import torch
        from torch import nn

        first, second = nn.Linear(4, 4), nn.Linear(4, 4)
        h = first(torch.ones(2, 4))
        h.register_hook(lambda gradient: gradient)
        second(h).sum().backward()
    """)
    (row,) = (row for row in found.rows if row.path == "first")
    assert [given.failure.kind for given in row.changes] == ["RuntimeError", "RuntimeError"]
    assert "raised RuntimeError" in text(found)
    (row,) = (row for row in found.rows if row.path == "second")
    # The script still holds h, and with it what the first layer keeps
    assert [(given.bytes, given.stopped) for given in row.changes] == [(32, 0), (32, 2)]


def test_a_script_that_fails_or_takes_too_long_is_an_error_that_says_so(measured):
    with pytest.raises(GradvizError, match=r"train\.py raised ValueError at .*:2: no data"):
        measured("\nraise ValueError('no data')\n")
    with pytest.raises(GradvizError, match="more than 1 seconds; --timeout gives it more"):
        measured("import time\ntime.sleep(60)\n", timeout=1.0)


def test_the_json_holds_every_module(measured):
    data = json.loads(as_json(measured(SCRIPT)))["cost"]
    assert (data["backward"], data["line"], data["repeatable"]) == (1, 7, True)
    assert [module["module"] for module in data["modules"]] == ["net.1", "net.0"]
    assert data["modules"][1]["freeze"] == {"gives_back": 256, "stopped": 0, "failure": None}


def test_it_is_printed_and_written_by_the_command(tmp_path):
    (tmp_path / "train.py").write_text(textwrap.dedent(SCRIPT))

    def gradviz(*arguments):
        return warm.completed([sys.executable, "-m", "gradviz", "run", *arguments], tmp_path)

    done = gradviz("--cost", "-o", "cost.json", "train.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Backward 1 at train.py:7: autograd keeps 768 B as it begins.\n")
    assert "the script goes on" not in done.stdout
    assert json.loads((tmp_path / "cost.json").read_text())["cost"]["bytes"] == 768
    for options, words in (
        (["-o", "cost.svg"], "with --cost, -o writes a .json file"),
        (["--every", "2"], "--cost takes -m, --backward, --timeout and -o alone"),
    ):
        done = gradviz("--cost", *options, "train.py")
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
