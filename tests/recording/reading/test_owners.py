"""Which of a file's classes an object is of, and what gives its attributes their values."""

import ast

import pytest
from two_numbers import judged

from gradviz.recording.reading.called import calls_of, leaves_alone
from gradviz.recording.reading.owners import are_related, classes_of, stores
from gradviz.recording.reading.sources import source_of

TEXT = """\
class Base:
    def __init__(self, scale):
        self.scale = scale

class Net(Base):
    def run(self, x):
        self.last = x
        return self.scale

class Other:
    def __init__(self):
        self.scale = 1

def step(x):
    net = Net(2)
    net.scale = x
    return net.run(x)
"""


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(TEXT)
    return source_of(str(file))


def scope(source, name):
    return source.scope(source.callables[name][0])


def test_self_is_of_the_class_whose_method_it_is(source):
    run = scope(source, "run")
    assert classes_of(source, ("self",), run, {}) == {"Net"}


def test_a_variable_is_of_the_class_that_was_called_for_it(source):
    step = scope(source, "step")
    (_, environment), *_ = step.calls["run"]
    assert classes_of(source, ("net",), step, environment) == {"Net"}
    assert classes_of(source, ("x",), step, environment) == set()


def test_an_attribute_is_stored_by_related_classes_and_by_whoever_has_the_object(source):
    values = {ast.unparse(item.value) for item in stores(source, "scale", {"Net"})}
    assert values == {"scale", "x"}


def test_a_class_is_related_to_its_bases_and_not_to_others(source):
    assert are_related(source, "Base", {"Net"})
    assert are_related(source, "Net", {"Other", "Base"})
    assert not are_related(source, "Other", {"Net"})


def test_the_calls_of_an_object_are_those_of_its_class(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(
        "class Meter:\n    def __call__(self, v):\n        self.v = v\n\n"
        "class Other:\n    def __call__(self, v):\n        pass\n\n"
        "def step(x):\n    meter, other = Meter(), Other()\n    meter(x)\n    other(x)\n"
    )
    source = source_of(str(file))
    scopes = map(source.scope, source.callables["__call__"])
    own = next(scope for scope in scopes if scope.owner == "Meter")
    calls = [ast.unparse(call) for call, _, _ in calls_of(source, own, (), ())]
    assert calls == ["meter(x)"]


@pytest.mark.parametrize(
    ("body", "alone"),
    [
        ("return rows[0] * rows[0]", True),
        ("first = rows[0]\n    return first + 1", True),
        ("rows.append(1)\n    return rows", False),
        ("other = rows\n    other[0] = 1\n    return other", False),
        ("for row in rows:\n        row.clear()\n    return rows", False),
    ],
)
def test_a_function_leaves_alone_what_it_is_given_where_it_changes_nothing(tmp_path, body, alone):
    file = tmp_path / "program.py"
    file.write_text(f"def take(rows):\n    {body}\n\ndef step(rows):\n    return take(rows)\n")
    source = source_of(str(file))
    step = scope(source, "step")
    ((call, environment),) = step.calls["take"]
    assert leaves_alone(source, call, step, environment) is alone


class Total:
    def __init__(self):
        self.held = 0.0

    def add(self, value):
        self.held += value * value


class Totals:
    def __init__(self):
        self.first, self.second = Total(), Total()

    def add(self, first, second):
        self.first.add(first)
        self.second.add(second)


def test_what_an_object_in_an_object_was_given_is_told_from_what_others_were():
    def step(a, b, x):
        totals, others = Totals(), Totals()
        for scale in (1.3, 1.7):
            totals.add((a * scale).item(), (b * scale).item())
            others.add((b * scale).item(), (b * scale).item())
        return (x * totals.first.held).sum()

    assert judged(step) == [("cut", False), ("unused", True)]


def test_what_is_live_in_an_object_in_an_object_stays_live():
    def step(a, b, x):
        totals = Totals()
        totals.add(a, b.item())
        return (x * totals.first.held).sum()

    assert judged(step) == [("reached", False), ("unused", True)]
