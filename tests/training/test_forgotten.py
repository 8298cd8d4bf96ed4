"""What a rule that makes groups of parameters leaves out is told from what is left out on purpose."""

import pytest

from gradviz.facts.evidence import Evidence, Stepper
from gradviz.graph import Parameter, Place, Verdict
from gradviz.training.forgotten import (
    held_by_what_steps,
    is_bare_beside_held_parts,
    is_left_of_its_module,
    is_left_out_by_name,
)

NAMES = [f"net.{layer}.{kind}" for layer in ("f", "n", "g", "h") for kind in ("weight", "bias")]


def evidence(names=NAMES):
    return {
        name: Evidence(name=name, verdicts=(Parameter(name=name, verdict=Verdict.REACHED),))
        for name in names
    }


def left(held, names=NAMES):
    every = evidence(names)
    return [
        name
        for name, own in every.items()
        if name not in held and is_left_of_its_module(own, every.values(), held)
    ]


def test_one_gain_that_fits_into_no_group_is_left_of_its_module():
    assert left([name for name in NAMES if name != "net.n.weight"]) == ["net.n.weight"]


@pytest.mark.parametrize(
    "held",
    [
        [name for name in NAMES if name.endswith("bias")],
        [name for name in NAMES if name.endswith("bias") or ".h." in name],  # and the head
        [name for name in NAMES if ".n." not in name],
        [name for name in NAMES if ".h." in name],
        [],
    ],
)
def test_whole_modules_and_kinds_are_left_out_on_purpose(held):
    assert left(held) == []


def test_the_weights_beside_their_adapters_are_left_out_on_purpose():
    adapters = [f"net.{layer}.{kind}" for layer in ("f", "g") for kind in ("weight", "lora_a")]
    held = [name for name in adapters if "lora" in name] + ["net.h.weight"]
    assert left(held, [*adapters, "net.h.weight"]) == []


@pytest.mark.parametrize(
    ("code", "is_meant"),
    [
        ('opt = SGD([p for n, p in net.named_parameters() if n != "n.weight"])', True),
        ("opt = SGD([p for n, p in net.named_parameters() if n not in ['n.weight']])", True),
        ('opt = SGD([p for n, p in net.named_parameters() if "weight" not in n])', False),
    ],
)
def test_one_that_is_left_out_by_its_name_is_so_on_purpose(code, is_meant):
    stepper = Stepper(name="o", kind="SGD", made=Place("train.py", 3, code))
    assert is_left_out_by_name(evidence()["net.n.weight"], [stepper]) == is_meant


def test_what_never_steps_holds_nothing():
    idle = Stepper(name="o", kind="SGD", held=("a",))
    assert held_by_what_steps([idle, Stepper(name="p", kind="SGD", held=("b",), steps=1)]) == {"b"}


def test_a_module_of_which_nothing_is_held_was_not_begun_by_the_rule():
    names = ["net.f.gain", "net.g.gain", "net.h.gain", "net.h.scale"]
    assert left(["net.f.gain", "net.g.gain", "net.h.scale"], names) == ["net.h.gain"]
    assert left(["net.f.gain", "net.g.gain"], names) == []


BARE = ["ac.mean.0.weight", "ac.critic.0.weight", "ac.log_std"]


@pytest.mark.parametrize(
    ("names", "held", "bare"),
    [
        (BARE, BARE[:2], ["ac.log_std"]),
        (BARE, BARE[:1], []),  # the critic is left out as well
        (BARE[1:], BARE[1:2], []),  # of one part: the rest may be meant to stay
        ([*BARE, "ac.scale"], [*BARE[:2], "ac.scale"], []),  # the other was thought of
    ],
)
def test_a_bare_parameter_is_forgotten_where_all_parts_around_it_are_held(names, held, bare):
    every = evidence(names)
    assert [
        name
        for name, own in every.items()
        if name not in held and is_bare_beside_held_parts(own, every.values(), held)
    ] == bare
