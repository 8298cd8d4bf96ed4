"""``gradviz compare``."""

STEPS = """\
import torch

def plain():
    model = torch.nn.Linear(2, 1)
    return model(torch.ones(2)).sum(), model
"""


def test_two_steps_are_measured_side_by_side_and_the_columns_are_explained(run, tmp_path):
    (tmp_path / "steps.py").write_text(STEPS + STEPS[STEPS.index("def") :].replace("plain", "same"))
    step = f"{tmp_path}/steps.py:"
    status, out, err = run("compare", f"{step}plain", f"{step}same", "--runs", "2")
    assert (status, err) == (0, "")
    assert "plain" in out.splitlines()[1]
    assert "same" in out
    assert out.splitlines()[0].endswith("time ratio")
    assert out.splitlines()[1].endswith(" 1.00")


def test_a_way_is_timed_twice_at_least(run):
    status, _, err = run("compare", "a.py:step", "--runs", "1")
    assert status == 2
    assert "--runs" in err
