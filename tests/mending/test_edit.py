"""What an edit asks of the syntax around a line."""

import ast

import pytest
from edited import site

from gradviz.mending import edits
from gradviz.mending.edit import (
    calls,
    definitions,
    head,
    in_brackets,
    last_name,
    name_of,
    proposals,
    unused_name,
    with_keyword,
)


def expression(text):
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "name", "last"),
    [
        ("torch.no_grad()", "torch.no_grad", "no_grad"),
        ("f", "f", "f"),
        ("f(x).detach()", "f.detach", "detach"),
        ("rows[0].detach()", "", "detach"),
        ("1", "", ""),
    ],
)
def test_a_name_is_as_written_and_its_last_part_is_the_function_s(text, name, last):
    assert name_of(expression(text)) == name
    assert last_name(expression(text)) == last


def test_of_a_compound_statement_the_head_alone_is_gone_through():
    place = site("with f(a):\n    g(b)\n", 1, "no_grad")
    assert {node.id for node in place.nodes() if isinstance(node, ast.Name)} == {"f", "a"}
    assert [last_name(call) for call in calls(place, "f", "g")] == ["f"]
    assert [*head(place.statement)]


def test_a_line_of_several_lines_of_code_is_the_statement_they_make():
    place = site("y = f(\n    x,\n)\n", 2, "detach")
    assert place.source.code(place.statement) == "y = f(\n    x,\n)"


def test_a_line_without_a_statement_has_none_and_nothing_is_proposed_for_it():
    place = site("# nothing\nx = 1\n", 1, "detach")
    assert place.statement is None
    assert [*place.nodes()] == []
    assert [*proposals(place)] == []


def test_only_what_is_for_a_kind_is_proposed():
    assert hasattr(edits, "values")  # importing them registers them
    titles = {edit.title for edit in proposals(site("y = x.detach()\n", 1, "detach"))}
    assert "drop .detach()" in titles
    assert [*proposals(site("y = x.detach()\n", 1, "hook"))] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(k=1)"),
        ("f(a)", "f(a, k=1)"),
        ("f(a, k=0)", "f(a, k=1)"),
        ("f(a, )", "f(a, k=1 )"),
        ("f(\n    a,\n)", "f(\n    a, k=1\n)"),
    ],
)
def test_a_call_hands_over_a_keyword_once(before, after):
    place = site(f"{before}\n", 1, "detach")
    change = with_keyword(place, next(calls(place, "f")), "k", "1")
    assert place.source.with_changes([change]).text == f"{after}\n"


def test_what_is_no_single_thing_stands_in_brackets():
    place = site("(a + b, c.d, f(x), -e)\n", 1, "detach")
    parts = place.statement.value.elts
    assert [in_brackets(place, part) for part in parts] == ["(a + b)", "c.d", "f(x)", "(-e)"]


def test_what_a_line_reads_is_defined_before_it_in_the_same_function():
    text = "h = 0\ndef f(x):\n    h = x.detach()\n    other = 1\n    y = g(h)\n    h = 2\n"
    place = site(text, 5, "detach")
    assert [place.source.code(node) for node in definitions(place)] == ["h = x.detach()"]


def test_a_module_is_imported_under_the_name_that_it_goes_by():
    place = site("import numpy as np\nfrom torch import nn\nx = 1\n", 3, "detach")
    assert place.is_imported("np")
    assert place.is_imported("nn")
    assert not place.is_imported("numpy")


@pytest.mark.parametrize(
    "text", ["h = f(x).detach(); y = h\n", "if (h := f(x).detach()).ndim: y = h\n"]
)
def test_each_statement_of_a_line_is_looked_at(text):
    place = site(text, 1, "detach")
    made = [place.source.with_changes(edit.changes).text for edit in proposals(place)]
    assert text.replace(".detach()", "") in made


def test_a_name_is_made_that_the_file_does_not_use():
    place = site("def f(kept):\n    near = live_near = kept\n", 2, "item")
    assert [unused_name(place, name) for name in ("kept", "near", "part")] == [
        "live_kept",
        "live_live_near",
        "part",
    ]
