"""What a name stands for in a file, and whose own it is."""

import ast

import pytest

from gradviz.recording.reading.own_names import (
    ends_with_errors,
    function_around,
    function_of,
    is_only_filled,
    is_own,
    where_it_stands,
)
from gradviz.recording.reading.sources import source_of

TEXT = """
shared = []

def outer(given):
    rows, count = [], 0
    alias = given
    def inner():
        rows.append(1)
        shared.append(2)
        alias[0] = 3
        given.append(count)
    count += 1
    return rows

def writer():
    global shared
    shared = 3

def careful():
    try:
        first()
    except ValueError:
        pass
    try:
        second()
    except KeyboardInterrupt:
        pass
"""


@pytest.fixture
def source(program):
    return source_of(program(TEXT).function("outer").co_filename)


def name(source, word, place=-1):
    return [node for node in source.names if node.id == word][place]


@pytest.mark.parametrize(
    ("word", "own"),
    [("rows", True), ("count", True), ("alias", False), ("given", False), ("shared", False)],
)
def test_a_name_is_its_own_where_all_that_it_gets_was_made_for_it(source, word, own):
    assert is_own(source, name(source, word)) is own


def test_a_name_belongs_to_the_function_around_that_assigns_it(source):
    at_append = next(node for node in source.names if node.id == "rows" and node.lineno == 8)
    assert function_of(source, at_append).name == "outer"
    assert function_around(source, at_append).name == "inner"


def test_what_a_function_declares_global_may_be_read_anywhere(source):
    (outer,) = source.callables["outer"]
    assert where_it_stands(source, "shared", outer) is None
    assert where_it_stands(source, "rows", outer) is outer


def test_a_container_is_only_filled_where_something_is_put_in(source):
    reads = {node.lineno: node for node in source.names if node.id == "rows"}
    assert is_only_filled(source, reads[8])
    assert not is_only_filled(source, reads[13])


def test_an_error_that_is_caught_lets_another_part_go_on(source):
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    answers = {ast.unparse(call): ends_with_errors(source, call) for call in calls}
    assert (answers["first()"], answers["second()"]) == (False, True)
