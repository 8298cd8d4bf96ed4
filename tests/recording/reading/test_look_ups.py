"""Whether a key is only looked up, in a container of Python's that is never gone through."""

import ast

import pytest

from gradviz.recording.reading.look_ups import is_builtin, looks_up
from gradviz.recording.reading.sources import source_of

LOOKED_UP = [
    "seen = set()\ny = x in seen",
    "seen = set()\nseen.add(x)\ny = len(seen)",
    "made = {}\nmade[x] = 1\ny = made[x]",
    "made = dict()\ny = made.get(x)",
    "from collections import defaultdict\nmade = defaultdict(int)\ny = made[x]",
    "made: dict = {}\ny = made.pop(x, 1)",
    "made = {x: 1}\ny = made[2]",
    "y = x in {1, 2}",
    "n, made = 1, {}\ny = made[x]",
    "y = x == 2",
    "class A:\n    def f(self):\n        self.made = {}\n        return self.made[x]",
]
HANDED_ON = [
    "y = table.add(x, 2)",
    "y = table[x]",
    "y = x in table",
    "from other import table\nmade = {}\ny = table.get(x)",
    "made = {}\ndef f(made):\n    return made[x]",
    "made = {}\nmade = g()\ny = made[x]",
    "made = {}\nmade[x] = 1\ng(made)",
    "seen = set()\nseen.add(x)\ny = seen.pop()",
    "made = {x: 1}\nfor key in made: g(key)",
    "y = g({x: 1})",
    "from other import defaultdict\nmade = defaultdict(int)\ny = made[x]",
    "class set: pass\nseen = set()\ny = x in seen",
    "made = {}\ny = made.get(2, x)",
    "n, made = {}, g()\ny = made[x]",
    "y = g(x)",
]


def looked_up(tmp_path, text):
    """Return whether each expression around x looks it up."""
    file = tmp_path / "code.py"
    file.write_text(text + "\n", encoding="utf-8")
    source = source_of(str(file))
    return all(
        looks_up(source, node, source.parents[id(node)])
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id == "x"
    )


@pytest.mark.parametrize("text", LOOKED_UP)
def test_a_container_of_python_looks_a_key_up(tmp_path, text):
    assert looked_up(tmp_path, text)


@pytest.mark.parametrize("text", HANDED_ON)
def test_anything_else_is_handed_the_key(tmp_path, text):
    assert not looked_up(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "is_python"),
    [
        ("y = len(x)", True),
        ("len = 2", False),
        ("def f(len): pass", False),
        ("from other import g as len", False),
        ("class len: pass", False),
    ],
)
def test_a_name_is_of_python_where_no_code_of_its_file_gives_it_another(tmp_path, text, is_python):
    file = tmp_path / "code.py"
    file.write_text(text + "\n", encoding="utf-8")
    assert is_builtin(source_of(str(file)), "len") is is_python
