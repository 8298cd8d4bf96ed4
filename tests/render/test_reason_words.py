"""Why a parameter does not train, in a few words."""

import pytest

from gradviz.facts.training import Fate
from gradviz.graph import Place
from gradviz.render.reason_words import called, next_to_nothing, why_not


def fate(why, **fields):
    return Fate(name="w", trains=False, why=why, file="t.py", line=3, **fields)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (fate("not_held"), "no optimizer holds it (the optimizer is made at t.py:3)"),
        (fate("not_held", copying="from"), "it is a copy, made at t.py:3, of what the optimizer"),
        (fate("not_stepped", optimizer="a, b"), "a and b never step (made at t.py:3)"),
        (fate("not_stepped", copying="to"), "the optimizer that steps holds copies of it, made at"),
        (fate("not_finite", born=True), "NaN or infinity gets into it, born at t.py:3"),
        (fate("not_finite"), "NaN or infinity gets into it, by way of what is done at t.py:3"),
        (fate("zero"), "its gradient is zero, and becomes so at t.py:3"),
        (
            fate("zero", passing=True),
            "its gradient is zero, and becomes so at t.py:3, where the other factor is still zero",
        ),
        (
            fate("too_small", learning_rate=0.0, code="o.step()"),
            "the learning rate of the step at t.py:3 is 0",
        ),
        (
            fate("too_small", learning_rate=0.0, rate_at=Place("s.py", 7, "")),
            "the learning rate that is set at s.py:7 is 0",
        ),
        (
            fate("too_small", learning_rate=0.1, rounding=True),
            "what arrives at it is no more than what rounding leaves of zero",
        ),
    ],
)
def test_a_reason_names_its_line(given, words):
    assert why_not(given, single=True).startswith(words)


def test_several_parameters_are_they():
    assert why_not(fate("not_held", copying="from"), single=False).startswith("they are copies")


def test_of_a_gradient_that_is_nothing_beside_its_modules_others_that_is_said_too():
    fates = [
        Fate(name="a.weight", trains=True, gradient_norm=0.5),
        Fate(name="a.bias", trains=False, why="too_small", gradient_norm=1e-8, learning_rate=0.1),
        Fate(name="b.weight", trains=True, gradient_norm=1e-4),
        Fate(name="b.bias", trains=False, why="too_small", gradient_norm=1e-8, learning_rate=0.1),
        Fate(name="c.weight", trains=True, gradient_norm=0.5),
        Fate(name="c.bias", trains=False, why="too_small", gradient_norm=1e-8, learning_rate=0.0),
    ]
    assert next_to_nothing(fates) == {"a.bias"}
    assert "harmless where a normalisation follows" in why_not(fates[1], single=True, faint=True)
    assert "harmless" not in why_not(fates[1], single=True)


def test_a_call_is_told_by_a_word_of_its_name_and_not_by_a_part_of_one():
    assert called("scaler.unscale_(optimizer)", "clipped") == "unscale_()"
    assert called("p.register_post_accumulate_grad_hook(lambda q: 0)", "clipped") == "the line"
