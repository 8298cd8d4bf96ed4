"""Named tuples, data classes and objects that only keep it hold what they are called with."""

import ast
from textwrap import dedent

import pytest

from gradviz.recording.reading.record_classes import argument_of, fields_in, pieces_given

FILE = dedent(
    """
    Pair = collections.namedtuple("Pair", "left, right")
    Row = NamedTuple("Row", [("loss", float), ("step", int)])
    class Point(typing.NamedTuple):
        x: float
        y: float = 0.0
    @dataclasses.dataclass(frozen=True)
    class Out:
        logits: object
        hidden: object
    @dataclass
    class Checked:
        value: float
        def __post_init__(self):
            self.value = 0.0
    class Plain:
        value: float
    class Kept:
        def __init__(self, loss, weight, rate=0.1):
            self.loss, self.weight = loss, weight
            self.rate = 2 * rate
    class Growing:
        def __init__(self, loss, step):
            self.loss = loss
            self.step = step
        def grow(self):
            self.step += 1
    class Swapped:
        def __init__(self, left, right):
            self.left = right
            self.right = left
    class Indexed:
        def __init__(self, rows):
            self.rows = rows
        def __getitem__(self, index):
            return self.rows[index]
    """
)


def test_the_fields_are_those_that_the_file_gives_in_order():
    assert fields_in(ast.parse(FILE)) == {
        "Pair": ("left", "right"),
        "Row": ("loss", "step"),
        "Point": ("x", "y"),
        "Out": ("logits", "hidden"),
        "Kept": ("loss", "weight", ""),
        "Growing": ("loss", ""),
        "Swapped": ("", ""),
    }


@pytest.mark.parametrize(
    ("call", "part", "given"),
    [
        ("Pair(a, b)", "right", "b"),
        ("Pair(a, b)", "[-1]", "b"),
        ("Pair(right=a, left=b)", "[0]", "b"),
        ("dc.Out(a, hidden=b)", "hidden", "b"),
        ("Point(a)", "y", None),
        ("Pair(*rows)", "left", None),
        ("Plain(a)", "value", None),
        ("Kept(a, b)", "weight", "b"),
        ("Kept(weight=a, loss=b)", "loss", "b"),
        ("Kept(a, b, c)", "rate", None),
        ("Growing(a, b)", "step", None),
        ("Swapped(a, b)", "left", None),
        ("Pair(a, b)", "count", None),
    ],
)
def test_a_field_is_given_the_argument_in_its_place_or_of_its_name(call, part, given):
    node = ast.parse(call, mode="eval").body
    argument = argument_of(node, fields_in(ast.parse(FILE)), part)
    assert (None if argument is None else ast.unparse(argument)) == given


@pytest.mark.parametrize(
    ("call", "part", "given"),
    [
        ("replace(point, y=b)", "y", ["b"]),
        ("dataclasses.replace(point, y=b)", "x", ["point.x"]),
        ("point._replace(y=b)", "y", ["b"]),
        ("point._replace(**more)", "y", ["point._replace(**more).y"]),
        ('text.replace("a", "b")', "y", ["text.replace('a', 'b').y"]),
    ],
)
def test_a_replaced_field_is_the_new_one_and_the_others_are_as_before(call, part, given):
    value = ast.parse(call, mode="eval").body
    pieces = pieces_given(value, (part,), fields_in(ast.parse(FILE)))
    assert [".".join((ast.unparse(node), *way)) for node, way, _ in pieces] == given
