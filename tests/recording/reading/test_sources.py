"""A file is read once, with what its functions are called and which keys are constant."""

import ast

from gradviz.recording.reading.expressions import reads
from gradviz.recording.reading.sources import source_of


def read(tmp_path, text):
    file = tmp_path / "program.py"
    file.write_text(text)
    return source_of(str(file))


def keys(source):
    """Return what every subscript of a file is given."""
    return {
        ast.unparse(node.slice) for node in ast.walk(source.tree) if isinstance(node, ast.Subscript)
    }


def test_a_name_that_is_only_ever_one_constant_is_that_constant_as_a_key(tmp_path):
    source = read(tmp_path, "KEY = 'a'\ndef f(d):\n    return d[KEY]\n")
    assert keys(source) == {"'a'"}


def test_a_name_that_is_given_twice_or_by_a_caller_is_no_constant(tmp_path):
    twice = "KEY = 'a'\nKEY = 'b'\ndef f(d):\n    return d[KEY]\n"
    given = "KEY = 'a'\ndef f(d, KEY):\n    return d[KEY]\n"
    elsewhere = "KEY = 'a'\ndef f(d):\n    return d[KEY]\ndef g():\n    global KEY\n    KEY = 'b'\n"
    for number, text in enumerate((twice, given, elsewhere)):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert keys(read(folder, text)) == {"KEY"}


def test_a_function_of_its_own_sees_the_constants_around_it(tmp_path):
    source = read(tmp_path, "def f(d):\n    key = 'a'\n    return lambda: d[key]\n")
    assert keys(source) == {"'a'"}


def test_a_class_is_called_by_its_name_and_a_method_by_its_own(tmp_path):
    source = read(
        tmp_path, "class Net:\n    def __init__(self, a): ...\n    def run(self, b): ...\n"
    )
    assert {name: len(functions) for name, functions in source.callables.items()} == {
        "Net": 1,
        "run": 1,
    }


def test_a_path_with_a_constant_key_is_one_of_its_own(tmp_path):
    source = read(tmp_path, "KEY = 'a'\ndef f(d):\n    return d[KEY]\n")
    returned = source.tree.body[1].body[0].value
    assert [*reads(returned)] == [("d", "['a']")]


def test_what_is_no_python_is_no_source(tmp_path):
    assert read(tmp_path, "def (") is None


def test_a_member_of_an_enumeration_is_a_key_of_its_own(tmp_path):
    text = "import enum\nclass Part(enum.Enum):\n    LEFT = 1\n    RIGHT = enum.auto()\n"
    read_at = "def f(d):\n    return d[Part.LEFT], d[Part.RIGHT], d[Part.other]\n"
    assert keys(read(tmp_path, text + read_at)) == {"'Part.LEFT'", "'Part.RIGHT'", "Part.other"}


def test_a_member_that_is_equal_to_its_value_is_that_and_one_that_has_two_names_is_none(tmp_path):
    text = "class Part(enum.IntEnum):\n    LEFT = 1\n    RIGHT = 2\n"
    assert keys(read(tmp_path, text + "def f(d):\n    return d[Part.LEFT]\n")) == {"1"}
    twice, folder = text.replace("2", "1"), tmp_path / "twice"
    folder.mkdir()
    assert keys(read(folder, twice + "def f(d):\n    return d[Part.LEFT]\n")) == {"Part.LEFT"}
