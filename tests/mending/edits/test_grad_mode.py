"""What switches grad mode off is dropped or narrowed, and what it holds keeps its place."""

import ast

import pytest
from edited import edited

from gradviz.mending.edits.grad_mode import block, switch, switches_off

BLOCK = """\
with torch.no_grad():
    a = f(x)
    b = g(a)
c = h(b)
"""


def test_a_block_is_dropped_and_its_lines_move_out():
    assert "a = f(x)\nb = g(a)\nc = h(b)\n" in edited(block, BLOCK, 2, "no_grad")


def test_a_block_is_narrowed_around_the_line_that_is_severed():
    made = edited(block, BLOCK, 1, "no_grad", inner=(3,))
    assert made[0] == "with torch.no_grad():\n    a = f(x)\nb = g(a)\nc = h(b)\n"


def test_of_several_contexts_the_others_stay():
    made = edited(block, "with torch.no_grad(), lock:\n    a = f(x)\n", 1, "no_grad")
    assert made == ["with lock:\n    a = f(x)\n"]


def test_a_block_on_one_line_is_dropped():
    assert edited(block, "with torch.no_grad(): a = f(x)\n", 1, "no_grad") == ["a = f(x)\n"]


def test_what_stands_in_a_string_is_not_moved():
    text = 'with torch.no_grad():\n    a = """\n    as it is"""\n'
    assert edited(block, text, 1, "no_grad") == ['a = """\n    as it is"""\n']


def test_a_decorator_is_dropped_and_others_stay():
    text = "@torch.no_grad()\n@other\ndef f(x):\n    return x\n"
    assert edited(block, text, 4, "no_grad") == ["@other\ndef f(x):\n    return x\n"]


def test_a_call_that_switches_off_is_dropped_or_undone_at_the_end():
    text = "def f():\n    torch.set_grad_enabled(False)\n    a()\n"
    assert edited(switch, text, 2, "set_grad_enabled") == [
        "def f():\n    a()\n",
        f"{text}    torch.set_grad_enabled(True)\n",
    ]


def test_before_a_return_it_is_undone():
    text = "def f():\n    torch.set_grad_enabled(False)\n    return a()\n"
    made = edited(switch, text, 2, "set_grad_enabled")
    assert made[1].endswith("    torch.set_grad_enabled(True)\n    return a()\n")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("torch.no_grad()", True),
        ("torch.inference_mode", True),
        ("torch.set_grad_enabled(False)", True),
        ("torch.set_grad_enabled(training)", True),
        ("torch.set_grad_enabled(True)", False),
        ("torch.enable_grad()", False),
    ],
)
def test_what_switches_grad_mode_off_or_may(text, answer):
    assert switches_off(ast.parse(text, mode="eval").body) is answer
