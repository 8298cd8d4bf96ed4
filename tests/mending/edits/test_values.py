"""What takes a value out of the graph is dropped, by itself, by the chain, and all of it."""

import ast

import pytest
from edited import edited, site

from gradviz.mending.edits.values import drop, keep_history, stack_parameters, taken


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("y = x.detach()\n", "y = x\n"),
        ("y = x.data\n", "y = x\n"),
        ("y = float(x)\n", "y = x\n"),
        ("y = 2 * x.item()\n", "y = 2 * x\n"),
        ("y = (a + b).detach() * c\n", "y = (a + b) * c\n"),
        ("y = x.detach().cpu().numpy()\n", "y = x\n"),
        ("x = x.detach()\nz = 1\n", "z = 1\n"),
        ("x.detach_()\nz = 1\n", "z = 1\n"),
    ],
)
def test_a_taker_is_dropped(before, after):
    assert after in edited(drop, before)


def test_where_two_are_taken_each_is_dropped_and_then_both():
    made = edited(drop, "y = a.detach() + b.detach()\n")
    assert {*made} == {"y = a + b.detach()\n", "y = a.detach() + b\n", "y = a + b\n"}
    assert made[-1] == "y = a + b\n"


def test_what_the_line_reads_may_have_been_taken_out_before():
    made = edited(drop, "def f(x):\n    h = x.detach()\n    return g(h)\n", line=3)
    assert "def f(x):\n    h = x\n    return g(h)\n" in made


def test_a_statement_that_takes_nothing_out_is_left_alone():
    assert edited(drop, "y = f(x)\n") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x.detach()", "x"),
        ("x.data", "x"),
        ("float(x)", "x"),
        ("x.numpy(force=True)", "x"),
        ("np.float32(x)", "x"),
        ("x.numpy(dtype)", None),
        ("x.relu()", None),
        ("int(x)", None),
    ],
)
def test_the_value_that_an_expression_takes_out(text, value):
    node = taken(ast.parse(text, mode="eval").body)
    assert (None if node is None else ast.unparse(node)) == value


def test_a_state_keeps_its_history_where_it_is_asked_to():
    assert edited(keep_history, "s = net.state_dict()\n") == [
        "s = net.state_dict(keep_vars=True)\n"
    ]
    assert edited(keep_history, "v = m._values()\n") == ["v = m.coalesce().values()\n"]


def test_parameters_of_several_modules_are_stacked_behind_what_copies_them():
    made = edited(stack_parameters, "p, b = stack_module_state(nets)\n")
    assert made == [
        "p, b = stack_module_state(nets)\n"
        "p = {name: torch.stack([member.get_parameter(name) for member in nets]) for name in p}\n"
    ]


def test_a_comment_is_no_part_of_what_is_dropped():
    text = "h = (\n    f(x)  # of\n    .detach()  # why\n    .cpu()\n)\n"
    titles = {edit.title for edit in drop(site(text, 1, "detach"))}
    assert titles == {"drop .detach()", "drop .detach() .cpu()"}
