"""Which variables a piece of source binds is read from the source."""

import importlib.util

import pytest

from gradviz.recording.reading.bindings import assigned_variable, loop_variables

SOURCE = """
def made(kind, *others):
    return kind()


def build(self):
    for place, opt in enumerate([1, 2]):
        pass
    first = made(dict)
    self.second = made(list)
    third = [made(set)]
    self.parts["a"] = made(tuple)
    return first, third
"""


@pytest.fixture
def program(tmp_path):
    """Return the module that the source above makes."""
    file = tmp_path / "program.py"
    file.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("program", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_variables_of_a_loop_are_those_of_its_target(program):
    assert loop_variables(program.build.__code__) == {"place", "opt"}
    assert loop_variables(program.made.__code__) == frozenset()


def test_a_value_is_given_to_the_variable_or_attribute_of_its_assignment(program):
    code = program.build.__code__
    given = {assigned_variable(code, number * 2) for number, _ in enumerate(code.co_positions())}
    assert given == {"", "first", "second", "third"}
