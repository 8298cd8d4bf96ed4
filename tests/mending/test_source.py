"""A change leaves every other byte of a file as it is."""

import ast

import pytest

from gradviz.mending.source import Replacement, SourceFile


def source(text, encoding="utf-8"):
    return SourceFile("train.py", text.encode(encoding))


def first(found, kind):
    return next(node for node in ast.walk(found.tree) if isinstance(node, kind))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_node_is_found_behind_tabs_and_other_alphabets(ending):
    found = source(ending.join(["if größe:", "\t'∇∇'; y = f(größe, 'é')", ""]))
    call = first(found, ast.Call)
    assert found.code(call) == "f(größe, 'é')"
    changed = found.with_changes([found.replacing(call, "g()")])
    assert changed.data == ending.join(["if größe:", "\t'∇∇'; y = g()", ""]).encode()


def test_an_encoding_and_a_mark_at_the_beginning_stay():
    text = "# coding: latin-1\nx = 'é'\ny = x\n"
    found = source(text, "latin-1")
    changed = found.with_changes([found.replacing(found.tree.body[1], "y = 1")])
    assert changed.data == b"# coding: latin-1\nx = '\xe9'\ny = 1\n"
    marked = SourceFile("train.py", b"\xef\xbb\xbfx = 1\n")
    assert (
        marked.with_changes([marked.replacing(marked.tree.body[0], "x = 2")]).data
        == b"\xef\xbb\xbfx = 2\n"
    )


def test_what_overlaps_or_is_no_python_is_refused():
    found = source("x = f(1)\n")
    with pytest.raises(ValueError, match="overlap"):
        found.with_changes([Replacement(0, 5, "a"), Replacement(4, 6, "b")])
    with pytest.raises(SyntaxError):
        found.with_changes([Replacement(0, 1, "(")])


def test_a_statement_is_found_by_any_of_its_lines_and_a_block_by_its_head():
    found = source(
        "with a(\n    b,\n):\n    x = f(\n        1,\n    )\n@d\ndef g():\n    return 1\n"
    )
    assert [type(found.statement_at(line)).__name__ for line in range(1, 10)] == [
        "With", "With", "With", "Assign", "Assign", "Assign", "FunctionDef", "FunctionDef", "Return",
    ]  # fmt: skip


def test_a_statement_goes_with_its_line_and_leaves_pass_where_it_was_alone():
    two = source("def f(h):\n    h.detach_()  # why\n    return h\n")
    assert (
        two.with_changes([two.deleting(two.tree.body[0].body[0])]).text
        == "def f(h):\n    return h\n"
    )
    lone = source("if x:\n    h.detach_()\n")
    assert lone.with_changes([lone.deleting(lone.tree.body[0].body[0])]).text == "if x:\n    pass\n"
    beside = source("a = 1; h.detach_(); b = 2\n")
    assert (
        beside.with_changes([beside.deleting(beside.tree.body[1])]).text == "a = 1; pass; b = 2\n"
    )


def test_a_line_is_put_in_as_far_in_as_its_neighbour_and_with_its_line_end():
    found = source("if x:\r\n\ty = 1\r\n\tz = 2")
    y, z = found.tree.body[0].body
    assert (
        found.with_changes([found.inserting_after(y, "a")]).text
        == "if x:\r\n\ty = 1\r\n\ta\r\n\tz = 2"
    )
    assert (
        found.with_changes([found.inserting_after(z, "a")]).text
        == "if x:\r\n\ty = 1\r\n\tz = 2\r\n\ta"
    )
    assert (
        found.with_changes([found.inserting_before(z, "a")]).text
        == "if x:\r\n\ty = 1\r\n\ta\r\n\tz = 2"
    )


def test_a_line_may_hold_several_statements_and_the_last_is_the_one_at_it():
    text = source("a = 1; b = 2\nif a: c = 3; d = 4\n")
    assert [text.code(statement) for statement in text.statements_at(1)] == ["a = 1", "b = 2"]
    assert [text.code(statement)[:5] for statement in text.statements_at(2)] == [
        "if a:",
        "c = 3",
        "d = 4",
    ]
    last = text.statement_at(2)
    assert last is not None
    assert text.code(last) == "d = 4"
    assert text.statements_at(9) == []
