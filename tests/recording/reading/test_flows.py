"""Which definitions reach a statement of a function, by the source."""

import ast
from textwrap import dedent

import pytest

from gradviz.recording.reading.definitions import BEFORE, Scope, reaching
from gradviz.recording.reading.flows import Reader


def scope_of(text):
    node = ast.parse(dedent(text)).body[0]
    scope = Scope(node, parameters=tuple(item.arg for item in node.args.args))
    Reader(scope, ()).read()
    return scope


def reach(text, path=("x",)):
    """Return what a path can stand for at ``use(...)``, as code, and whether as before."""
    scope = scope_of(text)
    _, environment = scope.calls["use"][-1]
    definitions, older = reaching(path, environment)
    values = {
        "nothing" if item.value is None else ast.unparse(item.value)
        for item in definitions
        if not item.call
    }
    return values, older


@pytest.mark.parametrize(
    ("body", "values", "older"),
    [
        ("x = a\n    use(x)", {"a"}, False),
        ("x = a\n    x = b\n    use(x)", {"b"}, False),
        ("use(x)", set(), True),
        ("if c: x = a\n    use(x)", {"a"}, True),
        ("if c: x = a\n    else: x = b\n    use(x)", {"a", "b"}, False),
        ("x = a\n    for i in r: x = b\n    use(x)", {"a", "b"}, False),
        ("x = a\n    for i in r:\n        use(x)\n        x = b", {"a", "b"}, False),
        ("x = a\n    x += b\n    use(x)", {"a", "b"}, False),
        ("x = []\n    x.append(b)\n    use(x)", {"[]", "b"}, False),
        ("x = []\n    x.append(b)\n    x.clear()\n    use(x)", {"nothing"}, False),
        ("with m as x: use(x)", {"m"}, False),
        ("try: x = a\n    except E: x = b\n    use(x)", {"a", "b"}, False),
        ("x = a\n    return 1\n    use(x)", None, False),
        (
            "while c:\n        x = a\n        if d: break\n        x = b\n    use(x)",
            {"a", "b"},
            True,
        ),
        ("if (x := a): use(x)", {"a"}, False),
        ("import x\n    use(x)", {"nothing"}, False),
    ],
)
def test_a_name_stands_for_what_was_given_to_it_on_some_way(body, values, older):
    if values is None:
        assert "use" not in scope_of(f"def f():\n    {body}\n").calls
        return
    assert reach(f"def f():\n    {body}\n") == (values, older)


def test_an_attribute_and_a_key_are_defined_by_themselves():
    text = "def f(d):\n    d['a'] = p\n    d['b'] = q\n    use(d)\n"
    assert reach(text, ("d", "['a']")) == ({"p"}, False)
    assert reach(text, ("d", "['b']")) == ({"q"}, False)


def test_a_new_value_ends_what_its_parts_were():
    text = "def f(d):\n    d['a'] = p\n    d = q\n    use(d)\n"
    assert reach(text, ("d", "['a']")) == ({"q"}, False)


def test_a_loop_gives_its_name_an_element():
    scope = scope_of("def f(rows):\n    for x in rows: use(x)\n")
    (_, environment), *_ = scope.calls["use"]
    (definition,) = environment["x",] - {BEFORE}
    assert (ast.unparse(definition.value), definition.taken) == ("rows", ("[?]",))


def test_what_is_returned_and_yielded_are_its_results():
    scope = scope_of("def f(a, b):\n    yield a\n    return a, b\n")
    assert [[ast.unparse(node) for node in values] for values, _ in scope.results] == [
        ["a"],
        ["a", "b"],
    ]


def test_a_name_of_outside_is_not_its_own():
    scope = scope_of("def f(a):\n    global g\n    g = a\n    h = a\n")
    assert scope.locals == {"a", "h"}


def test_a_call_may_change_what_it_is_given_and_one_that_reads_does_not():
    changed = scope_of("def f(d):\n    g(d)\n").definitions
    assert [(item.target, item.call) for item in changed] == [(("d",), True)]
    assert scope_of("def f(d):\n    len(d)\n").definitions == []
