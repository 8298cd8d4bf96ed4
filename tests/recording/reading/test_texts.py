"""What is read out of a text that several numbers stand in may be any of them."""

import ast
import json
import math
import re

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording.reading.texts import texts_of_several


def judged(step):
    """Return the verdict of ``a``, and whether it is uncertain, of a step over it and ``b``."""
    model = nn.ParameterDict({"a": torch.tensor(0.3712346), "b": torch.tensor([0.3, 0.9])})
    with gradviz.trace() as trace:
        loss = (model["b"] * step(model["a"])).sum()
    parameter = trace.report(loss, model).parameters["a"]
    return str(parameter.verdict), parameter.uncertain


def searched(a):
    line = f"step 12 loss {a.item():.6f}"
    return int(re.search(r"step (\d+)", line)[1])


def evaluated(a):
    value = a.item()
    return ast.literal_eval(repr([value, 2.0]))[1]


def split_and_doubled(a):
    return float(f"step 3 a {a.item()}".split()[1]) * 2


def loaded(a):
    return json.loads(json.dumps({"step": 7, "a": a.item()}))["step"] + 0.5


@pytest.mark.parametrize("step", [searched, evaluated, split_and_doubled, loaded])
def test_another_number_of_a_text_is_not_held_to_be_the_one_that_left(step):
    assert judged(step)[0] == "unused"


def the_last_word(a):
    return float(f"step 12 a {a.item()}".split()[-1])


def the_first_element(a):
    return ast.literal_eval(repr([a.item(), 2.0]))[0]


def alone_and_doubled(a):
    return float(f"{a.item():.3f}") * 2


def as_a_text_and_back(a):
    return float(str(a.item())) * 2


@pytest.mark.parametrize(
    "step", [the_last_word, the_first_element, alone_and_doubled, as_a_text_and_back]
)
def test_a_number_that_a_text_holds_alone_or_that_is_equal_is_the_one_that_left(step):
    assert judged(step) == ("cut", False)


def test_what_is_reckoned_from_one_of_several_numbers_of_a_text_is_told():
    def step(a):
        return float(f"step 3 a {a.item()}".split()[-1]) * 2.3 + 1

    assert judged(step) == ("cut", False)


def test_what_is_computed_otherwise_from_one_of_several_numbers_of_a_text_is_uncertain():
    def step(a):
        return math.sin(float(f"step 3 a {a.item()}".split()[-1]) * 2.3 + 1) ** 3

    assert judged(step) == ("unused", True)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("f'{a} {b}'", 1),
        ("f'step 3 {a}'", 1),
        ("f'{a:.3f}'", 0),
        ("'%s %s' % (a, b)", 1),
        ("'%s' % a", 0),
        ("'{} {}'.format(a, b)", 1),
        ("repr([a, b])", 1),
        ("str(a)", 0),
        ("a % b", 0),
    ],
)
def test_a_text_of_several_numbers_is_known_by_its_source(source, count):
    assert len([*texts_of_several(ast.parse(source, mode="eval").body)]) == count


def test_a_number_that_is_known_does_not_make_another_one_known_to_be_away():
    model = nn.ParameterDict({"a": torch.tensor(0.3712346), "b": torch.tensor([0.3, 0.9])})

    def kept(value):
        def keep(item):
            numbers.append(item.item())

        numbers = []
        keep(value)
        return numbers[-1] * 1.7 + 0.3

    with gradviz.trace() as trace:
        known = model["b"].sum().item()
        factors = (known * 2.3, kept(model["a"]))
        loss = sum(model["b"].prod() * factor for factor in factors)
    parameter = trace.report(loss, model).parameters["a"]
    assert str(parameter.verdict) == "cut" or parameter.uncertain


def test_a_number_that_was_only_printed_is_away_though_another_comes_in():
    model = nn.ParameterDict({"a": torch.tensor(0.3712346), "b": torch.tensor([0.3, 0.9])})
    with gradviz.trace() as trace:
        print(f"{model['a'].item():.3f}")
        loss = model["b"].prod() * (model["b"].sum().item() * 1.7 + 0.3)
    parameter = trace.report(loss, model).parameters["a"]
    assert (str(parameter.verdict), parameter.uncertain) == ("unused", False)


def read_beside_a_constant(a):
    return float(f"rate=0.5;a={a.item():.3f}".split("=")[-1])


def constant_beside_it(a):
    return float(f"rate=0.5;a={a.item():.3f}".split(";")[0].split("=")[1])


def test_what_is_read_and_is_the_one_number_that_was_filled_in_is_that():
    assert judged(read_beside_a_constant) == ("cut", False)
    assert judged(constant_beside_it)[0] == "unused"
