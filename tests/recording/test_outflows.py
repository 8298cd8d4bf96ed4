"""Where a value goes when its function ends, by the source."""

import pytest

from gradviz.recording.outflows import Outflow, goes_into, outflow, written_through


@pytest.mark.parametrize(
    ("body", "flow"),
    [
        ("return x.item()", Outflow((None,))),
        ("return 2 * x.item()", Outflow((None,))),
        ("y = x.item()\n    return y", Outflow((None,))),
        ("return 1, x.item()", Outflow((1,))),
        ("x.item()\n    return 1", Outflow()),
        ("kept.append(x.item())", Outflow(changes=True)),
        ("kept['a'] = x.item()", Outflow(changes=True)),
        ("own = []\n    own.append(x.item())", Outflow()),
    ],
)
def test_it_is_returned_or_written_into_what_was_given(program, body, flow):
    file = program(f"def f(x, kept):\n    {body}\n")
    assert outflow(*file.at("f", "x.item()"), False) == flow


def test_it_goes_into_the_part_that_the_function_returns_it_in(program):
    file = program("def f(x):\n    return 1, x.item()\n")
    place = file.at("f", "x.item()")
    assert goes_into(*place, ("[1]",))
    assert not goes_into(*place, ("[0]",))


def test_of_a_dict_that_is_returned_the_key_counts(program):
    file = program("def f(x):\n    return {'a': x.item(), 'b': 1}\n")
    place = file.at("f", "x.item()")
    assert goes_into(*place, ("['a']",))
    assert not goes_into(*place, ("['b']",))


def test_what_is_written_through_memory_that_was_given_out_is_found(program):
    file = program(
        "def f(x, v, w, z):\n    memory = x.numpy()\n    other = memory\n    other[:] = g(v)\n    z[:] = w\n"
    )
    sliced = written_through(*file.at("f", "x.numpy()"))
    assert "v" in {path[0] for path in sliced.parameters}
    assert "w" not in {path[0] for path in sliced.parameters}
