"""What an expression is made of, by the source."""

import ast

import pytest
from two_numbers import judged

from gradviz.recording.reading.expressions import range_of
from gradviz.recording.reading.slices import Slicer
from gradviz.recording.reading.sources import source_of
from gradviz.recording.reading.ways import DIRECT

TEXT = """\
class Pair:
    def __init__(self, first, second):
        self.first, self.second = first, second

    def swapped(self):
        return Pair(self.second, self.first)

def step(a, b, c):
    p = Pair(a(), b())
    q = p.swapped()
    run(q)
"""


@pytest.fixture
def taken(tmp_path):
    """Return a function that tells which calls a part of an expression in ``step`` is made of."""
    file = tmp_path / "program.py"
    file.write_text(TEXT)
    source = source_of(str(file))
    scope = source.scope(source.callables["step"][0])
    (_, environment), *_ = scope.calls["run"]
    calls = [node for node in ast.walk(scope.node) if isinstance(node, ast.Call) and not node.args]

    def made_of(text, part):
        slicer = Slicer(source, scope)
        slicer.part(ast.parse(text, mode="eval").body, part, scope, environment, DIRECT)
        sliced = slicer.finished()
        return {
            ast.unparse(call)
            for call in calls
            for way in sliced.expressions
            if way.covers(range_of(call)) and not way.loose
        }

    return made_of


def test_a_part_of_what_a_method_gives_is_made_of_parts_of_its_object(taken):
    assert taken("q", ("first",)) == {"b()", "p.swapped()"}
    assert taken("q", ("second",)) == {"a()", "p.swapped()"}


def test_the_whole_is_made_of_all_of_it(taken):
    assert {"a()", "b()"} <= taken("p.first + p.second", ())


def handed_on(**words):
    return last(**words)


def last(x=0.0, y=0.0):
    return x * x + 0 * len(str(y))


def test_of_words_that_a_function_hands_on_only_what_the_other_uses_goes_in():
    def step(a, b, x):
        return (x * handed_on(x=a.item(), y=b.item())).sum()

    assert judged(step) == [("cut", False), ("unused", True)]
