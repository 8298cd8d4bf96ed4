"""Which operations are one box, being the steps of one loss function."""

from gradviz.folding.losses import loss_functions, scopes_of
from gradviz.graph import Node, NodeKind, Place


def nodes(*steps):
    return [
        Node(
            index=index,
            kind=NodeKind.OPERATION,
            loss_function=name,
            place=Place("a.py", line),
            scope=scope,
        )
        for index, (name, line, scope) in enumerate(steps)
    ]


def test_the_steps_of_a_loss_function_share_its_name():
    steps = ("cross_entropy", 3, ""), ("cross_entropy", 3, ""), ("", 3, "")
    assert loss_functions(nodes(*steps)) == {0: "cross_entropy", 1: "cross_entropy"}


def test_calls_on_several_lines_are_told_apart_by_line():
    names = loss_functions(nodes(*[("kl_div", 3, "")] * 2, *[("kl_div", 7, "")] * 2))
    assert names == {
        0: "kl_div, line 3",
        1: "kl_div, line 3",
        2: "kl_div, line 7",
        3: "kl_div, line 7",
    }


def test_one_line_of_several_modules_has_the_name_alone():
    names = loss_functions(nodes(*[("kl_div", 3, "a")] * 2, *[("kl_div", 7, "b")] * 2))
    assert set(names.values()) == {"kl_div"}


def test_a_single_step_keeps_the_name_of_its_operation():
    assert loss_functions(nodes(("mse_loss", 3, ""))) == {}


def test_a_step_stands_in_its_module_and_in_the_loss_function():
    assert scopes_of(nodes(*[("kl_div", 3, "a")] * 2)) == ["a.kl_div", "a.kl_div"]
    assert scopes_of(nodes(*[("kl_div", 3, "")] * 2)) == ["kl_div", "kl_div"]
    assert scopes_of(nodes(("mse_loss", 3, "a"))) == ["a"]
