"""Where a value goes when its function ends, by the source."""

import functools
from contextlib import contextmanager

import pytest
from two_numbers import judged

from gradviz.recording.reading import outflows
from gradviz.recording.reading.outflows import goes_into, route, written_through


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


def rows(a, b):
    return [(a.item() * k, b.item() * k) for k in (2.0, 3.0)]


def nested(a, b):
    return b.item(), (a.item() * 2, b.item())


def a_column_of_rows(a, b, x):
    total = 0.0
    for row in rows(a, b):
        total += row[0]
    return (x * total).sum()


def a_part_of_a_part(a, b, x):
    _, (first, _) = nested(a, b)
    return (x * (first + 1)).sum()


def through_another_function(a, b, x):
    @functools.wraps(rows)
    def counted(*given):
        return rows(*given)

    return (x * sum(first for first, _ in counted(a, b))).sum()


def by_one_function_for_both(a, b, x):
    def doubled(value):
        return value.item() * 2

    def both():
        return doubled(a), doubled(b)

    first, _ = both()
    return (x * (first + 1)).sum()


class Both:
    def __init__(self, first, second):
        self.first, self.second = first, second

    def mixed(self):
        return Both(self.first * self.second, self.second)


def both(a, b):
    return Both(a.item(), b.item())


def an_attribute_of_each(a, b, x):
    made = [both(a * k, b * k) for k in (2.0, 3.0)]
    return (x * sum(one.first * one.first for one in made)).sum()


def an_attribute_of_a_result(a, b, x):
    return (x * (both(a, b).first ** 3 + both(a, b).first)).sum()


def what_a_block_is_given(a, b, x):
    @contextmanager
    def measured():
        yield {"a": a.item(), "b": b.item()}

    with measured() as log:
        scale = log["a"] + 1
    return (x * scale).sum()


@pytest.mark.parametrize(
    "step",
    [
        a_column_of_rows,
        a_part_of_a_part,
        through_another_function,
        by_one_function_for_both,
        what_a_block_is_given,
        an_attribute_of_each,
        an_attribute_of_a_result,
    ],
)
def test_what_a_function_gives_in_another_part_has_no_part_in_the_loss(step):
    cut, other = judged(step)
    assert cut == ("cut", False)
    assert other[0] == "unused"


def both_columns(a, b, x):
    return (x * sum(first * second for first, second in rows(a, b))).sum()


def both_by_one_function(a, b, x):
    def doubled(value):
        return value.item() * 2

    def both():
        return doubled(a), doubled(b)

    first, second = both()
    return (x * (first + second)).sum()


def an_attribute_of_what_a_method_mixed(a, b, x):
    return (x * (both(a, b).mixed().first + 1)).sum()


@pytest.mark.parametrize(
    "step", [both_columns, both_by_one_function, an_attribute_of_what_a_method_mixed]
)
def test_what_a_function_gives_in_all_its_parts_is_cut(step):
    assert judged(step) == [("cut", False), ("cut", False)]


class _Stream:
    def __init__(self, *tensors):
        self.tensors = iter([tensors, tensors])

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.tensors)[0].item()


class _Pairs(_Stream):
    def __next__(self):
        one, other = next(self.tensors)
        return one.item(), other.item()


class _Tensors(_Stream):
    def __next__(self):
        return next(self.tensors)[0] * 2


def gone_through(a, b, x):
    total = 0.0
    for number in _Stream(a):
        total = 0.5 * total + number
    for _ in _Stream(b):
        pass
    return (x * total).sum()


def the_first_of_pairs(a, b, x):
    total = 0.0
    for one, _ in _Pairs(a, b):
        total = 0.5 * total + one
    return (x * total).sum()


def as_tensors(a, b, x):
    total = 0.0
    for tensor in _Tensors(a):
        total = 0.5 * total + tensor
    for _ in _Stream(b):
        pass
    return (x * total).sum()


@pytest.mark.parametrize(
    ("step", "verdict"),
    [(gone_through, "cut"), (the_first_of_pairs, "cut"), (as_tensors, "reached")],
)
def test_what_an_iterator_gives_is_an_element_of_what_is_gone_through(step, verdict):
    one, other = judged(step)
    assert one == (verdict, False)
    assert other[0] == "unused"


def test_a_route_is_known_again_and_grows_no_longer_than_one_reads(monkeypatch):
    code = rows.__code__
    way = route(code, 2)
    assert route(code, 2) is way
    longer = route(code, 4, way)
    assert (longer.origin, longer.length) == ((code, 2), 2)
    for _ in range(20):
        longer = route(code, 4, longer)
    assert longer.length == outflows._LONGEST
    monkeypatch.setattr(outflows, "_MOST", 0)
    assert route(code, 6).length == 1
