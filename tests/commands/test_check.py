import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import warm
from gradviz import cli

STEPS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(2, 3)
        self.head = nn.Linear(3, 1)

def tuned():
    net = Net()
    net.backbone.requires_grad_(False)
    return net.head(net.backbone(torch.ones(1, 2))).sum(), net

def severed():
    net = Net()
    h = net.backbone(torch.ones(1, 2))
    h = h.detach()  # 100 %
    return net.head(h).sum(), net

def several():
    net = Net()
    h = net.backbone(torch.ones(1, 2))
    return {"task": net.head(h).sum(), "norm": h.square().mean()}, net

def stepped():
    net = Net()
    optimizer = torch.optim.SGD(net.head.parameters(), lr=0.1)
    loss = net.head(net.backbone(torch.ones(1, 2))).sum()
    loss.backward()
    optimizer.step()
    return loss, net

if __name__ == "__main__":
    raise SystemExit("a step that is loaded is not run as a script")
"""


@pytest.fixture(autouse=True)
def _a_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "check_steps", raising=False)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    Path("check_steps.py").write_text(STEPS)


@pytest.fixture
def run(capsys, warm_processes):
    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        return stopped.value.code, *capsys.readouterr()

    return run


def expect(text):
    Path("pyproject.toml").write_text(f"[tool.gradviz]\n{text}\n")


@pytest.mark.parametrize(
    "step", ["check_steps:tuned", "check_steps.py:tuned", "./check_steps.py:tuned"]
)
def test_a_function_that_is_as_expected_exits_with_0(run, step):
    status, out, err = run(
        "check", step, "--reached", "head.*", "--frozen", "backbone.*", "--cut", "", "--unused", ""
    )
    assert (status, out, err) == (0, "As expected: 4 parameters, 2 frozen and 2 reached.\n", "")


def test_what_is_not_as_expected_exits_with_1_and_is_explained(run):
    status, out, err = run("check", "check_steps:severed", "--reached", "head.*")
    assert (status, err) == (1, "")
    assert out.startswith(
        dedent("""\
        The gradients are not as expected.
          backbone.* (2 tensors, 9 values): expected reached, found cut, by detach() at check_steps.py:19
            if that is meant, say --cut 'backbone.*'

        2 of 4 parameters get gradient.

        Cut by detach() at check_steps.py:19
            h = h.detach()  # 100 %
          cuts off  backbone.* (2 tensors, 9 values)
        """)
    )


def test_a_saved_report_is_checked_without_the_model(run):
    assert run("show", "check_steps:severed", "-o", "report.json")[0] == 0
    Path("check_steps.py").unlink()
    assert run("check", "report.json")[0] == 1
    assert run("check", "report.json", "--cut", "backbone.*")[:2] == (
        0,
        "As expected: 4 parameters, 2 cut and 2 reached.\n",
    )


def test_github_gets_an_annotation_on_the_line_of_the_cut(run):
    status, out, _ = run("check", "check_steps:severed", "--format", "github")
    assert status == 1
    assert (
        out.splitlines()[0]
        == "::error file=check_steps.py,line=19,title=gradviz::backbone.* (2 tensors, 9 values):"
        " expected reached, found cut, by detach() at check_steps.py:19%0Ah = h.detach()  #"
        " 100 %25"
    )
    assert out.splitlines()[1] == "The gradients are not as expected."


def test_pyproject_names_the_step_and_what_is_expected_also_from_a_folder_below(run, monkeypatch):
    expect('step = "check_steps.py:tuned"\nreached = "head.*"\nfrozen = ["backbone.*"]\ncut = []')
    assert run("check")[0] == 0
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert run("check", "../check_steps.py:severed")[0] == 1


def test_an_option_takes_the_place_of_what_pyproject_says(run):
    expect('step = "check_steps:tuned"\nfrozen = ["head.*"]')
    assert run("check")[0] == 1
    assert run("check", "--frozen", "backbone.*")[0] == 0
    assert (
        run("check", "--frozen", "backbone.weight", "--frozen", "*.bias", "--rest", "any")[0] == 1
    )
    expect('rest = "any"')
    assert run("check", "check_steps:severed")[0] == 0
    assert run("check", "check_steps:severed", "--rest", "reached")[0] == 1


def test_what_is_meant_to_train_is_held_to_move_in_the_step(run):
    assert run("check", "check_steps:stepped", "--trains", "head.*")[0] == 0
    status, out, _ = run("check", "check_steps:stepped", "--trains", "*")
    assert status == 1
    assert "backbone.* (2 tensors, 9 values): expected trains (*), found not trained" in out
    assert "no optimizer holds it" in out
    assert run("check", "check_steps:tuned", "--trains", "head.*")[0] == 2  # nothing steps


def test_pyproject_says_what_is_meant_to_train(run):
    expect('step = "check_steps:stepped"\ntrains = ["head.*"]')
    assert run("check")[0] == 0
    expect('step = "check_steps:stepped"\ntrains = ["head.*", "backbone.bias"]')
    status, out, _ = run("check")
    assert (status, "backbone.bias" in out, "backbone.weight" in out) == (1, True, False)
    assert run("check", "--trains", "head.*")[0] == 0


def test_one_of_several_losses_is_held_where_it_is_named(run):
    assert run("check", "check_steps:several")[0] == 0
    assert run("check", "check_steps:several", "--loss", "norm", "--unused", "head.*")[0] == 0
    assert run("check", "check_steps:several", "--loss", "norm")[0] == 1
    assert run("check", "check_steps:several", "--loss", "nrm") == (
        2,
        "",
        "gradviz: unknown loss: 'nrm' (there is task, norm)\n",
    )


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (
            "frozn = 'x'",
            (
                "unknown key in [tool.gradviz] in {file}: 'frozn' (choose from step, backward,"
                " loss, reached, "
            ),
        ),
        (
            "frozen = 3",
            (
                "frozen in [tool.gradviz] in {file} is 3, neither a pattern such as 'head.*' nor a"
                " list of them"
            ),
        ),
        ("rest = 'all'", "rest in [tool.gradviz] in {file} is 'all' (choose from reached, any)"),
        (
            "[tool.gradviz.losses.a]\nrech = '*'",
            "unknown key in [tool.gradviz.losses.a] in {file}: 'rech' (choose from reached, ",
        ),
        (
            "losses = 'a'",
            (
                "losses in [tool.gradviz] in {file} is 'a', not a table for each loss, such as"
                " [tool.gradviz.losses.NAME]"
            ),
        ),
        ("step = 3", "step in [tool.gradviz] in {file} is 3, not a text"),
        (
            "thresholds = 3",
            (
                "thresholds in [tool.gradviz] in {file} is 3, not a table, such as"
                " [tool.gradviz.thresholds]"
            ),
        ),
        (
            "[tool.gradviz.thresholds]\nvanish = 1e-6",
            (
                "unknown key in [tool.gradviz.thresholds] in {file}: 'vanish' (choose from"
                " vanishing, exploding, overshoot; did you mean vanishing?)"
            ),
        ),
        ("step = ", "cannot read {file}: "),
        (
            "",
            (
                "nothing to check: give a function, a script, a saved report, or step in"
                " [tool.gradviz]"
            ),
        ),
        (
            "step = 'check_steps:tuned'\nfrozen = '*'\nreached = '*'",
            "backbone.weight is claimed by reached='*' and by frozen='*'",
        ),
    ],
)
def test_a_pyproject_that_makes_no_sense_exits_with_2(run, tmp_path, toml, message):
    expect(toml)
    status, out, err = run("check")
    assert (status, out) == (2, "")
    assert err.startswith(f"gradviz: {message.format(file=tmp_path / 'pyproject.toml')}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            "missing.json",
            "cannot read 'missing.json': there is no such file; gradviz run -o report.json train.py"
            " writes one",
        ),
        ("missing.py:step", "there is no file 'missing.py'"),
        (
            "check_steps",
            "not a function: 'check_steps' (write package.module:function, or file.py:function; did you"
            " mean check_steps.py?)",
        ),
        ("missing.py", "there is no file 'missing.py'"),
        (
            "check_steps:tund",
            "no function 'tund' in 'check_steps': did you mean tuned? (it has Net, several, severed,"
            " stepped, tuned)",
        ),
    ],
)
def test_a_step_that_is_not_there_exits_with_2(run, step, message):
    assert run("check", step) == (2, "", f"gradviz: {message}\n")


SCRIPT = """
import sys
from check_steps import severed, tuned

print("training", sys.argv[1:])
loss, net = (tuned if "--freeze" in sys.argv else severed)()
loss.backward()
"""


def test_a_script_is_run_up_to_its_first_step(run):
    Path("train.py").write_text(SCRIPT)
    status, out, err = run("check", "train.py")
    assert status == 1
    assert "detach() at" not in err, "the run tells what the check tells"
    assert (
        "net.backbone.* (2 tensors, 9 values): expected reached, found cut, by detach() at"
        " check_steps.py:19" in out
    )
    status, out, _ = run("check", "train.py", "--frozen", "net.backbone.*", "--", "--freeze")
    assert (status, out) == (0, "As expected: 4 parameters, 2 frozen and 2 reached.\n")
    expect('step = "train.py"\nfrozen = "net.backbone.*"')
    assert run("check", "--", "--freeze")[:2] == (status, out)


def test_of_a_script_that_is_as_expected_what_no_verdict_tells_is_told(run):
    Path("train.py").write_text(
        "import check_steps\nimport torch\nnet = check_steps.Net()\n"
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "net.head(net.backbone(torch.ones(1, 2))).sum().backward()\n"
        "optimizer.zero_grad()\noptimizer.step()\n"
    )
    status, out, _ = run("check", "train.py")
    assert status == 0
    assert out.startswith("As expected: 4 parameters, 4 reached.\n")
    assert "zero_grad() at train.py:6" in out
    assert out.endswith(
        "This is not checked: --trains '*' says that all parameters are meant to.\n"
    )
    status, out, _ = run("check", "train.py", "--trains", "*")
    assert status == 1
    assert "This is not checked" not in out


def test_a_script_without_a_backward_call_exits_with_2(run):
    Path("train.py").write_text("raise SystemExit(3)\n")
    said = (
        "gradviz: train.py ended with exit status 3 and without a backward call, so there is"
        " nothing to report\n"
    )
    assert run("check", "train.py") == (2, "", said)
    assert (
        run("check", "check_steps:tuned", "--", "--lr")[2]
        == "gradviz: only a script takes arguments, and 'check_steps:tuned' is none\n"
    )


def test_a_file_that_raises_when_it_is_loaded_shows_where(run):
    Path("broken.py").write_text("1 / 0\n")
    status, _, err = run("check", "broken.py:step")
    assert status == 2
    assert 'broken.py", line 1' in err
    assert err.splitlines()[-1] == "gradviz: broken.py raised ZeroDivisionError while it was loaded"


def test_a_saved_report_needs_no_torch(run):
    run("show", "check_steps:tuned", "-o", "report.json")
    code = (
        "import sys; from gradviz.cli import main\n"
        "try: main(['check', 'report.json', '--frozen', 'backbone.*'])\n"
        "except SystemExit as stopped: assert stopped.code == 0 and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


GAN = """
import torch
from torch import nn

netG, netD = nn.Linear(2, 3), nn.Linear(3, 1)
optimizerG, optimizerD = (torch.optim.SGD(net.parameters(), lr=0.1) for net in (netG, netD))
for _ in range(2):
    fake = netG(torch.ones(1, 2))
    errD = netD(fake.detach()).sum()
    errD.backward()
    optimizerD.step()
    errG = netD(fake).square().sum()
    errG.backward()
    optimizerG.step()
"""


@pytest.fixture
def _gan():
    Path("gan.py").write_text(GAN)


def run_gan():
    command = [sys.executable, "-m", "gradviz", "run", "-o", "run.json", "gan.py"]
    code, _, err = warm.server().run(command, Path.cwd(), os.environ)
    assert code == 0, err


@pytest.mark.usefixtures("_gan")
def test_the_calls_of_a_script_are_held_together_and_each_on_its_own(run):
    assert run("check", "gan.py", "--backward", "1")[0] == 1
    # On to the step of each optimizer
    assert run("check", "gan.py")[:2] == (0, "As expected: 4 parameters, 4 reached.\n")
    assert run("check", "gan.py", "--backward", "1,2")[:2] == (
        0,
        "As expected: 4 parameters, 4 reached.\n",
    )
    expect(
        'step = "gan.py"\nbackward = "1,2"\n[tool.gradviz.losses.errD]\ncut ='
        ' "netG.*"\n[tool.gradviz.losses.errG]'
    )
    said = (
        "errD: As expected: 4 parameters, 2 cut and 2 reached.\nerrG: As expected: 4 parameters, 4"
        " reached.\n"
    )
    assert run("check")[:2] == (0, said)


@pytest.mark.usefixtures("_gan")
def test_of_a_saved_run_a_call_is_held_by_the_name_of_its_loss(run):
    run_gan()
    assert run("check", "run.json", "--loss", "errG")[:2] == (
        0,
        "As expected: 4 parameters, 4 reached.\n",
    )
    assert run("check", "run.json", "--loss", "2", "--cut", "")[0] == 0
    status, out, _ = run("check", "run.json", "--loss", "errD")
    assert status == 1
    assert out.startswith(
        "The gradients are not as expected.\n  netG.* (2 tensors, 9 values): expected reached,"
        " found cut, by detach() at gan.py:9\n"
    )


@pytest.mark.usefixtures("_gan")
def test_what_is_said_of_one_loss_takes_the_place_of_what_is_said_of_all(run):
    expect(
        'rest = "any"\n[tool.gradviz.losses.errG]\nrest ='
        ' "reached"\n[tool.gradviz.losses.errD]\ncut = []'
    )
    run_gan()
    status, out, _ = run("check", "run.json")
    assert status == 1
    assert out.splitlines()[:3] == [
        "errG: As expected: 4 parameters, 4 reached.",
        "",
        "errD: The gradients are not as expected.",
    ]
    assert (
        "  netG.* (2 tensors, 9 values): expected not cut, found cut, by detach() at gan.py:9\n"
        in out
    )
    assert run("check", "run.json", "--loss", "errG")[0] == 0
    assert run("check", "run.json", "--loss", "errD", "--cut", "netG.*")[0] == 0


@pytest.mark.usefixtures("_gan")
def test_a_script_that_makes_fewer_calls_than_are_to_be_held_exits_with_2(run):
    said = (
        "gradviz: gan.py ended with exit status 0 and without backward call 5, so there is nothing"
        " to report\n"
    )
    assert run("check", "gan.py", "--backward", "1,5")[2].endswith(said)
    assert run("check", "gan.py", "--backward", "0")[0] == 2
    assert run("check", "check_steps:tuned", "--backward", "2")[2].startswith(
        "gradviz: only a script has backward calls to choose from"
    )
