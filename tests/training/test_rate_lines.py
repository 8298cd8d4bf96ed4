"""The line that gives a rate is named where it is the only one and surely ran."""

import ast

import pytest

from gradviz.training.rate_lines import line_of_rate, rates_assigned


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('for g in optimizer.param_groups:\n    g["lr"] = rate(step)', [2]),
        ('optimizer.param_groups[0]["lr"] *= decay', [1]),
        ('optimizer.param_groups[0]["lr"] = 0.0', [1]),
        ('config["lr"] = 0.1 * scale', []),
        ('for row in rows:\n    row["lr"] = 0', []),
        ('for g in optimizer.param_groups:\n    g["lr"] = 0.1', []),
    ],
)
def test_what_sets_a_rate_to_0_is_an_assignment_to_an_optimizers_group(source, lines):
    assert [node.lineno for node in rates_assigned(ast.parse(source))] == lines


def test_groups_go_by_what_a_function_is_given_or_a_variable_is_assigned():
    source = """
def decay(g, n):
    g["lr"] = 0.1 * n
decay(opt.param_groups[0], 3)
first = opt.param_groups[0]
first["lr"] = rate
config["lr"] = rate
"""
    assert sorted(node.lineno for node in rates_assigned(ast.parse(source))) == [3, 6]


LOOP = "for step in range(9):\n    train(step)\n"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (LOOP + '    for g in opt.param_groups:\n        g["lr"] = rate(step)\n', 4),
        (LOOP + '    if step == 5:\n        opt.param_groups[0]["lr"] = 0.0\n', 4),
        (
            'def decay(step):\n    for g in opt.param_groups:\n        g["lr"] = rate(step)\n'
            + LOOP
            + "    decay(step)\n",
            3,
        ),
        (
            "def main():\n"
            '    opt.param_groups[0]["lr"] = rate()\n'
            'if __name__ == "__main__":\n    main()\n',
            2,
        ),
    ],
    ids=["at each step", "zero on a branch", "in a function", "of a main function"],
)
def test_the_only_line_that_says_0_or_always_runs_is_named(tmp_path, source, line):
    path = tmp_path / "train.py"
    path.write_text(source)
    place = line_of_rate(str(path))
    assert place is not None
    assert place.line == line


@pytest.mark.parametrize(
    "source",
    [
        LOOP + '    if loss > 100:\n        opt.param_groups[0]["lr"] *= 0.5\n',
        'def drop(f):\n    for g in opt.param_groups:\n        g["lr"] = g["lr"] * f\n' + LOOP,
        'def drop(f):\n    for g in opt.param_groups:\n        g["lr"] = g["lr"] * f\n'
        + LOOP
        + "    if loss > 100:\n        drop(0.5)\n",
        LOOP + '    opt.param_groups[0]["lr"] = a\n    opt.param_groups[1]["lr"] = b\n',
    ],
    ids=["on a branch", "in a function that nobody calls", "called on a branch", "two"],
)
def test_what_may_not_have_run_is_not_named(tmp_path, source):
    path = tmp_path / "train.py"
    path.write_text(source)
    assert line_of_rate(str(path)) is None
