"""An element that a function fills under a key is no element that is read under another."""

import ast
from collections import defaultdict

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording.reading.keys import calls_with_keys, keys_given, may_give
from gradviz.recording.reading.sources import source_of

ENCODER, HEAD = nn.Linear(2, 1), nn.Linear(2, 1)
MODEL = nn.ModuleDict({"encoder": ENCODER, "head": HEAD})
X = torch.ones(3, 2)


class _Meters:
    def __init__(self):
        self.rows = defaultdict(list)
        self.last = {}

    def log(self, name, value):
        self.rows[name].append(value)

    def update(self, name, value):
        self.last[name] = value

    def mean(self, name):
        rows = self.rows[name]
        return sum(rows) / len(rows)

    def get(self, name):
        return self.last[name]


class _Table:
    def __init__(self):
        self.held = {}

    def put(self, value, key):
        self.held.setdefault(key, []).append(value)

    def __getitem__(self, key):
        return self.held[key][0]


class _Memo:
    def __init__(self, made):
        self.made = made
        self.held = {}

    def look(self, key):
        value = self.held.get(key)
        if value is None:
            value = self.made.get(key, 0.3)
            value = value.item() if isinstance(value, torch.Tensor) else value
            self.held[key] = value
        return value


class _Checked(_Memo):
    def look(self, key):
        if key not in self.held:
            value = self.made.get(key, 0.3)
            self.held[key] = value.item() if isinstance(value, torch.Tensor) else value
        return self.held.get(key)


def _looked_up():
    return _Memo({"loss": ENCODER(X).mean()}).look("loss") * 2 + 1


def _checked_and_looked_up():
    return _Checked({"loss": ENCODER(X).mean()}).look("loss") * 2 + 1


def _looked_up_elsewhere():
    ENCODER(X)
    return _Memo({}).look("rate") * 2 + 1


def _mean_of_losses():
    meters = _Meters()
    for value in ENCODER(X):
        meters.log("loss", value.item())
    meters.log("rate", 0.3)
    return meters.mean("loss")


def _mean_of_rates():
    meters = _Meters()
    for value in ENCODER(X):
        meters.log("loss", value.item())
    meters.log("rate", 0.3)
    return meters.mean("rate")


def _last_loss():
    meters = _Meters()
    meters.update("loss", ENCODER(X).mean().item())
    meters.update("rate", 0.3)
    return meters.get("loss") * 2 + 1


def _last_rate():
    meters = _Meters()
    meters.update("loss", ENCODER(X).mean().item())
    meters.update("rate", 0.3)
    return meters.get("rate") * 2 + 1


def _loss_by_index():
    table = _Table()
    table.put(ENCODER(X).mean().item(), key="loss")
    table.put(0.3, key="rate")
    return table["loss"] * 2 + 1


def _rate_by_index():
    table = _Table()
    table.put(ENCODER(X).mean().item(), key="loss")
    table.put(0.3, key="rate")
    return table["rate"] * 2 + 1


@pytest.mark.parametrize(
    ("read", "verdict"),
    [
        (_mean_of_losses, "cut"),
        (_mean_of_rates, "unused"),
        (_last_loss, "cut"),
        (_last_rate, "unused"),
        (_loss_by_index, "cut"),
        (_rate_by_index, "unused"),
        (_looked_up, "cut"),
        (_checked_and_looked_up, "cut"),
        (_looked_up_elsewhere, "unused"),
    ],
)
def test_only_the_key_that_is_read_tells(read, verdict):
    with gradviz.trace() as trace:
        loss = (HEAD(X) * read()).mean()
        loss.backward()
    assert trace.report(loss, MODEL).parameters["encoder.weight"].verdict == verdict


def test_a_constant_stands_for_the_parameter_that_it_fills():
    source = source_of(__file__)
    [log] = (source.scope(node) for node in source.callables["log"])
    call = ast.parse('meters.log("loss", value)', mode="eval").body
    keys = keys_given(call, log)
    assert [(name, part) for _, name, part in keys] == [("name", "['loss']")]
    assert may_give(call, keys, log)
    assert not may_give(ast.parse('meters.log("rate", 1)', mode="eval").body, keys, log)
    assert may_give(ast.parse("meters.log(other, 1)", mode="eval").body, keys, log)


def test_of_two_calls_of_a_path_neither_is_meant():
    value = ast.parse('m.get("a") + m.get("b") + n.get("c")', mode="eval").body
    assert list(calls_with_keys(value)) == [("n", "get")]
