"""Frozen data becomes plain data and comes back; what cannot be made into it is named."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from gradviz.errors import ReportFileError
from gradviz.system.plain import ALWAYS, decode, encode, items_of


@dataclass(frozen=True)
class Inner:
    size: float = 0.0
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer:
    count: int
    inner: Inner | None = None
    parts: tuple[Inner, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    sure: bool = False


ALWAYS[Inner] = ("size",)


@pytest.mark.parametrize(
    "data",
    [
        Outer(1),
        Outer(
            2,
            Inner(1.5, ("a",)),
            (Inner(math.inf), Inner()),
            {"a.py": b"\xff\r\n"},
            sure=True,
        ),
    ],
)
def test_everything_comes_back(data):
    assert decode(Outer, json.loads(json.dumps(encode(data))), "data") == data


def test_a_default_is_left_out_but_where_it_is_always_written():
    assert encode(Outer(1, Inner())) == {"count": 1, "inner": {"size": 0.0}}


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"count": "1"}, r'data\.count is "1", and not int'),
        ({"count": 1, "parts": {}}, r"data\.parts is \{\}, and not a list"),
        ({"count": 1, "inner": []}, r"data\.inner is \[\], and not an object"),
        ({"count": 1, "files": []}, r"data\.files is \[\], and not an object"),
        ({}, r"broken report: data: .*count"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(plain, words):
    with pytest.raises(ReportFileError, match=words):
        decode(Outer, plain, "data")


def test_a_list_that_is_not_there_is_named():
    assert items_of({"a": [1]}, "a", "data") == [1]
    with pytest.raises(ReportFileError, match=r"data\.a is null, and not a list"):
        items_of({}, "a", "data")
    with pytest.raises(ReportFileError, match=r"data is 3, and not an object"):
        items_of(3, "a", "data")
