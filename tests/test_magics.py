import pytest

pytest.importorskip("IPython")
from IPython.core.interactiveshell import InteractiveShell

from gradviz.errors import GradvizError


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """IPython with the extension loaded, as a notebook has it."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "gradviz")
    yield shell
    InteractiveShell.clear_instance()


SETUP = "import torch\nmodel = torch.nn.Linear(2, 1)\nx = torch.ones(1, 2)"


def test_a_cell_is_traced_and_its_report_is_what_the_cell_shows(shell):
    shell.run_cell(SETUP)
    result = shell.run_cell("%%gradviz\nh = model(x)\nloss = h.detach().sum()")
    report = result.result
    assert [str(parameter.verdict) for parameter in report.parameters.values()] == ["cut", "cut"]
    assert (report.cuts[0].line, report.cuts[0].code) == (2, "loss = h.detach().sum()")
    assert shell.user_ns["h"].shape == (1, 1)
    shown, _ = shell.display_formatter.format(report)
    assert "by        detach()" in shown["text/plain"]


def test_the_names_of_loss_and_model_can_be_given(shell):
    shell.run_cell(SETUP.replace("model", "net"))
    report = shell.run_cell("%%gradviz total net\ntotal = net(x).sum()").result
    assert [str(parameter.verdict) for parameter in report.parameters.values()] == [
        "reached",
        "reached",
    ]
    with pytest.warns(RuntimeWarning, match="there is no variable 'model'"):
        assert not shell.run_cell("%%gradviz total\ntotal = net(x).sum()").result.parameters


def test_where_no_model_is_named_the_modules_there_are_named(shell):
    shell.run_cell("import torch")
    with pytest.warns(RuntimeWarning, match=r"no variable holds a module: .* %%gradviz \[LOSS"):
        shell.run_cell("%%gradviz\nloss = torch.ones(1, requires_grad=True).sum()")
    shell.run_cell(SETUP.replace("model", "net"))
    with pytest.warns(RuntimeWarning, match="net is a module, so write %%gradviz loss net"):
        shell.run_cell("%%gradviz\nloss = net(x).sum()")


def test_what_ipython_adds_to_python_works_in_the_cell(shell):
    shell.run_cell(SETUP)
    assert shell.run_cell("%%gradviz\nwhere = %pwd\nloss = model(x).sum()").result.parameters
    assert shell.user_ns["where"]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%gradviz\nx", "the cell leaves no 'loss'"),
        ("%%gradviz x net\nx", "there is no 'net'"),
        (
            "%%gradviz a b c\nx",
            r"3 names after %%gradviz: 'a b c' \(write %%gradviz \[LOSS \[MODEL\]\]\)",
        ),
    ],
)
def test_what_is_not_there_is_said(shell, cell, message):
    shell.run_cell(SETUP)
    shell.user_ns.pop("loss", None)
    with pytest.raises(GradvizError, match=message):
        shell.run_cell(cell).raise_error()


def test_an_error_in_the_cell_is_the_users_and_no_trace_stays(shell):
    with pytest.raises(ZeroDivisionError):
        shell.run_cell("%%gradviz\n1 / 0").raise_error()
    shell.run_cell(SETUP)
    assert shell.run_cell("%%gradviz\nloss = model(x).sum()").result.parameters
