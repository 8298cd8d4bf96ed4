"""Numbers and arrays that left torch are what they are without gradviz, and remember where they came from."""

import copy
import json
import math
import pickle

import numpy as np
import pytest

from gradviz.recording.values import Array, remember, share, sources_of

NUMBER = remember(2.5, (7,))
WHOLE = remember(3, (8,))
ARRAY = remember(np.arange(6.0).reshape(2, 3), (9,))

ARITHMETIC = {
    "a product": lambda: 0.1 * NUMBER,
    "a sum of several": lambda: sum([NUMBER, NUMBER]) / len([NUMBER]),
    "the larger one": lambda: max(NUMBER, 1.0),
    "rounded": lambda: round(NUMBER, 1),
    "the other sign": lambda: -NUMBER,
    "a power": lambda: 2.0**NUMBER,
    "a whole number": lambda: WHOLE // 2 + 1,
    "with an array": lambda: NUMBER * np.ones(2),
    "an array's square root": lambda: np.sqrt(ARRAY),
    "with numpy's own number": lambda: np.float64(3.0) * NUMBER,
    "an array's mean": lambda: ARRAY.mean(),
    "an element": lambda: ARRAY[0, 1],
    "a view": lambda: ARRAY.T[1:],
    "a decomposition": lambda: np.linalg.svd(ARRAY)[0],
    "several in one": lambda: np.stack([ARRAY, ARRAY]),
}


@pytest.mark.parametrize("what", ARITHMETIC)
def test_arithmetic_passes_the_sources_on(what):
    assert set(sources_of(ARITHMETIC[what]())) & {7, 8, 9}


@pytest.mark.parametrize("what", ARITHMETIC)
def test_arithmetic_gives_what_it_gives_without(what, monkeypatch):
    expected = {"NUMBER": 2.5, "WHOLE": 3, "ARRAY": np.arange(6.0).reshape(2, 3)}
    tracked = ARITHMETIC[what]()
    for name, value in expected.items():
        monkeypatch.setitem(ARITHMETIC[what].__globals__, name, value)
    plain = ARITHMETIC[what]()
    assert np.array_equal(np.asarray(tracked), np.asarray(plain))
    assert repr(tracked) == repr(plain)
    assert isinstance(tracked, type(plain))


def test_several_sources_are_all_remembered():
    assert sources_of(NUMBER + WHOLE) == (7, 8)


@pytest.mark.parametrize("value", [NUMBER, WHOLE, ARRAY], ids=["float", "int", "array"])
def test_what_is_saved_is_plain(value):
    for again in (pickle.loads(pickle.dumps(value)), json.loads(json.dumps(value.tolist() if isinstance(value, Array) else value))):
        assert type(again) in (float, int, np.ndarray, list)
        assert np.array_equal(np.asarray(again), np.asarray(value))


def test_a_number_looks_as_it_does_without():
    assert (str(NUMBER), f"{NUMBER:.2f}", repr(type(NUMBER))) == ("2.5", "2.50", "<class 'float'>")
    assert isinstance(NUMBER, float)
    assert hash(NUMBER) == hash(2.5)
    assert {2.5: "found"}[NUMBER] == "found"
    assert math.isclose(NUMBER, 2.5)
    assert copy.deepcopy(NUMBER) is NUMBER


def test_a_whole_number_indexes_and_slices():
    assert ["a", "b", "c", "d"][WHOLE] == "d"
    assert list(range(WHOLE)) == [0, 1, 2]


def test_what_cannot_carry_sources_is_left_as_it_is():
    for value in (True, None, "text"):
        assert remember(value, (1,)) is value
    assert type(remember(2.5, ())) is float


def test_a_list_remembers_by_element():
    first, second = remember([1.0, [2.0]], (4,))
    assert sources_of(first) == (4,)
    assert sources_of(second[0]) == (4,)


def test_a_write_through_a_view_is_told_with_its_bytes():
    told = []
    array = share(np.zeros(4), lambda low, high, sources: told.append((low, high, sources)))
    array[1:3][:] = NUMBER
    array[:2] *= NUMBER
    array[3] = 1.0
    assert list(dict.fromkeys(told)) == [(8, 24, (7,)), (0, 16, (7,))]


def test_a_write_into_a_copy_is_not_told():
    told = []
    array = share(np.zeros(4), lambda *write: told.append(write)).copy()
    array[0] = NUMBER
    assert told == []
