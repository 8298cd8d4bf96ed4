"""Where the source does not tell what of a number goes on, nothing is asserted of it."""

import ast
import math
from functools import partial

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording.reading.guesses import gives_elements
from gradviz.recording.reading.sources import source_of

ENCODER, HEAD = nn.Linear(2, 1), nn.Linear(2, 1)
MODEL = nn.ModuleDict({"encoder": ENCODER, "head": HEAD})
X = torch.ones(3, 2)


def _flat(at, span):
    return 1.5


def _cosine(at, span):
    return math.cos(at / span)


SCHEDULES = {"flat": _flat, "cosine": _cosine}


class _Schedules:
    def flat(self, at, span):
        return 1.5


class _Row:
    def __init__(self, loss, weight):
        self.loss, self.weight = loss, weight

    def doubled(self):
        return self.weight * 2


class _Meters:
    def __init__(self):
        self.rows = {}

    def log(self, name, value):
        self.rows.setdefault(name, []).append(float(value))

    def last(self, name):
        return self.rows[name][-1]

    def all(self):
        return self.rows


def put(rows, name, value):
    rows[name] = value


def _under_a_key(number):
    return SCHEDULES["flat"](0.4, number)


def _under_a_key_by_a_name(number):
    schedule = SCHEDULES.get("flat")
    return schedule(0.4, number)


def _by_its_name(number):
    return getattr(_Schedules(), "flat")(0.4, number)  # noqa: B009


def _bound_before(number):
    schedule = partial(_flat, span=number)
    return schedule(0.4)


def _each_of_several(number):
    return sum(schedule(0.4, number) for schedule in (_flat, _flat))


def _method_of_an_element(number):
    rows = [_Row(number, 0.3), _Row(0.2, 0.4)]
    return sum(row.doubled() for row in rows)


def _function_of_numpy_s_name(number):
    rows = {}
    put(rows, "loss", number)
    put(rows, "rate", 0.3)
    return rows["rate"] * 2


def _popped_off_a_result(number):
    meters = _Meters()
    meters.rows = {"loss": number, "rate": 0.3}
    return meters.all().pop("rate") * 2


@pytest.mark.parametrize(
    "read",
    [
        _under_a_key,
        _under_a_key_by_a_name,
        _by_its_name,
        _bound_before,
        _each_of_several,
        _method_of_an_element,
        _function_of_numpy_s_name,
        _popped_off_a_result,
    ],
)
def test_a_number_that_something_unknown_drops_is_not_said_to_be_cut(read):
    with gradviz.trace() as trace:
        loss = (HEAD(X) * read(ENCODER(X).mean().item())).mean()
        loss.backward()
    encoder = trace.report(loss, MODEL).parameters["encoder.weight"]
    assert (encoder.verdict, encoder.uncertain) == ("unused", True)


def test_what_a_method_took_out_under_another_key_is_not_said_to_be_cut():
    meters = _Meters()
    with gradviz.trace() as trace:
        meters.log("loss", ENCODER(X).mean())
        meters.log("rate", 0.3)
        loss = (HEAD(X) * meters.last("rate")).mean()
        loss.backward()
    assert trace.report(loss, MODEL).parameters["encoder.weight"].verdict == "unused"


def test_a_number_that_a_function_of_the_file_computes_with_is_cut():
    with gradviz.trace() as trace:
        number = ENCODER(X).mean().item()
        loss = (HEAD(X) * _cosine(0.4, number)).mean()
        loss.backward()
    assert trace.report(loss, MODEL).parameters["encoder.weight"].verdict == "cut"


def test_an_object_that_is_gone_through_gives_what_its_class_says(tmp_path):
    text = "class A:\n    def __next__(self): ...\nclass B(A): ...\nclass C: ...\n"
    (tmp_path / "s.py").write_text(text)
    source = source_of(str(tmp_path / "s.py"))
    calls = [ast.parse(f"{name}()", mode="eval").body for name in "ABC"]
    assert [gives_elements(source, call) for call in calls] == [True, True, False]
