"""Which function a call is of, and which calls are of a function."""

import ast

import pytest
from tests.recording.two_numbers import judged

from gradviz.recording.reading.called import calls_of, is_as_written
from gradviz.recording.reading.sources import source_of

TEXT = """\
def kept(name):
    def keep(function):
        TABLE[name] = function
        return function
    return keep

def doubled(function):
    def run(number):
        return 2 * function(number)
    return run

TABLE = {}

@kept("square")
def square(number):
    return number * number

@doubled
def half(number):
    return number / 2

def plain(number):
    return number

def step():
    return TABLE["square"](1), plain(2), [plain][0](3)
"""


@pytest.fixture
def source(tmp_path):
    (tmp_path / "s.py").write_text(TEXT)
    return source_of(str(tmp_path / "s.py"))


@pytest.mark.parametrize(("name", "lines"), [("square", ["TABLE['square'](1)"]), ("half", [])])
def test_a_call_by_a_table_is_one_of_the_function_that_this_holds(source, name, lines):
    scope = source.scope(source.callables[name][0])
    assert [ast.unparse(call) for call, *_ in calls_of(source, scope, (), ())] == lines


def test_a_function_is_called_by_its_name_and_out_of_a_list(source):
    scope = source.scope(source.callables["plain"][0])
    calls = [ast.unparse(call) for call, *_ in calls_of(source, scope, (), ())]
    assert calls == ["plain(2)", "[plain][0](3)"]


def test_what_gives_back_the_function_that_it_decorates_changes_nothing(source):
    assert is_as_written(source, source.callables["square"][0])
    assert not is_as_written(source, source.callables["half"][0])


def named(function):
    return function


@named
def squared(one, other):
    return one * one


def _decorated(a, b, x):
    return (x * squared(a.item(), b.item())).sum()


def test_what_a_decorated_function_does_not_take_is_unused():
    assert [verdict for verdict, _ in judged(_decorated)] == ["cut", "unused"]
