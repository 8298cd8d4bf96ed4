"""Where a value goes when its function ends, by the source."""

from gradviz.recording.outflows import goes_into, written_through


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
