"""A step by hand whose result nothing keeps has a line, and one that writes has none."""

import pytest

from gradviz.graph import Place
from gradviz.training.hand_lines import discarding_line, discarding_lines, line_of_write

LOOP = "for p in net.parameters():\n    {}\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (LOOP.format("p = p - lr * p.grad"), [2]),
        (
            "for n, p in net.named_parameters():\n    if p.requires_grad:\n        p = p - p.grad",
            [3],
        ),
        (LOOP.format("p = p.add(p.grad, alpha=-lr)"), [2]),
        (LOOP.format("p -= lr * p.grad"), []),
        (LOOP.format("p.data = p.data - lr * p.grad"), []),
        (LOOP.format("p = p - lr * p.grad; fast.append(p)"), []),
        (LOOP.format("g = p.grad"), []),
        ("for p in weights:\n    p = p - lr * p.grad\n", []),
        ("for p in net.parameters(:\n    p = p.grad", []),
    ],
)
def test_a_line_whose_result_is_thrown_away_is_found(text, lines, tmp_path):
    file = tmp_path / "own.py"
    file.write_text(text)
    assert [place.line for place in discarding_lines(str(file))] == lines
    assert (discarding_line([str(file)]) is not None) == (len(lines) == 1)


def test_of_two_such_lines_none_is_named(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(LOOP.format("p = p - p.grad") * 2)
    assert discarding_line([str(file)]) is None


STEP = "for p in group['params']:\n    {}\n    if p.grad is not None:\n        p.add_(p.grad)\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("p = p * (1 - lr * decay)", 2),
        ("p = p.mul(1 - lr)", 2),
        ("p = p.data", 4),
        ("p.mul_(1 - lr)", 4),
        ("q = p * 2", 4),
    ],
)
def test_a_write_into_what_was_made_of_a_parameter_is_told_where_that_was_made(
    text, line, tmp_path
):
    file = tmp_path / "own.py"
    file.write_text(STEP.format(text))
    found = line_of_write(Place(str(file), 4))
    assert found is not None
    assert found.line == line
