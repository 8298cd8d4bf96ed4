"""What an expression takes of what it is made of: its numbers, or its form and address alone."""

import ast

import pytest

from gradviz.recording.reading.forms import Followed, followed_from, onward, takes_none


def taken(text, followed):
    """Return whether the smallest expression around x takes none of its numbers."""
    tree = ast.parse(text, mode="eval")
    for parent in ast.walk(tree):
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, ast.Name) and node.id == "x":
                return takes_none(node, parent, followed), onward(node, parent, followed)
    raise AssertionError


@pytest.mark.parametrize(
    "text",
    ["x.shape", "x.nbytes", "len(x)", "np.shape(x)", "torch.ones_like(x)"],
)
def test_of_what_left_as_it_is_the_form_has_none_of_its_numbers(text):
    assert taken(text, Followed.WHOLE)[0]
    assert not taken(text, Followed.VALUE)[0]


@pytest.mark.parametrize("text", ["np.ones_like(d, x)", "d.get(1, x)", "f(x)", "d.add(x)", "id(x)"])
def test_anything_else_may_take_numbers(text):
    assert not any(taken(text, followed)[0] for followed in Followed)


def test_the_type_of_anything_has_none_of_its_numbers():
    assert all(taken("isinstance(x, float)", followed)[0] for followed in Followed)


@pytest.mark.parametrize(
    ("text", "followed"),
    [
        ("x.T", Followed.WHOLE),
        ("x[1:, 0]", Followed.WHOLE),
        ("list(x)", Followed.WHOLE),
        ("set(x)", Followed.VALUE),
        ("bytes(x)", Followed.VALUE),
        ("x[k]", Followed.VALUE),
        ("x * 2", Followed.VALUE),
        ("np.unique(x)", Followed.VALUE),
    ],
)
def test_what_is_known_goes_on_with_what_keeps_the_form(text, followed):
    assert taken(text, Followed.WHOLE)[1] is followed


def test_what_is_known_of_an_exit_is_told_by_its_name():
    followed = [
        followed_from(ast.parse(text, mode="eval").body) for text in ("x.data_ptr()", "x.numpy()")
    ]
    assert followed == [Followed.ADDRESS, Followed.WHOLE]
    assert followed_from(ast.parse("np.unique(x)", mode="eval").body) is Followed.VALUE
