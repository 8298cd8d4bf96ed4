"""Optimizers and models that change nothing, from what was seen of them, made by hand."""

from dataclasses import replace

from gradviz.facts.evidence import Evidence, Look, Stepper
from gradviz.graph import Parameter, Place, Verdict, Zero
from gradviz.training.idle import dead, flat, idle, locked_at_zero

FROZE = Place("train.py", 3)
FLAT = Zero(operation="relu", why="", place=Place("net.py", 5))


def seen(name, *verdicts, looks=(), **fields):
    shape = (2, 2) if name.endswith("weight") else (2,)
    calls = tuple(
        Parameter(
            name=name,
            shape=shape,
            verdict=Verdict(verdict),
            frozen_at=FROZE if verdict == "frozen" else None,
            zero=FLAT if verdict == "zero" else None,
        )
        for verdict in verdicts
    )
    return name, Evidence(name=name, verdicts=calls, looks=looks, **fields)


def holding(*names, steps=2, **fields):
    return Stepper(**{"name": "o", "kind": "SGD", "steps": steps, "held": names, **fields})


def found(rule, evidence, *steppers, **more):
    return [(why, place, names) for why, place, names in rule(dict(evidence), steppers, **more)]


def test_an_optimizer_of_frozen_parameters_is_told_by_the_line_that_froze_them():
    evidence = [seen("a", "frozen"), seen("b", "frozen")]
    assert found(idle, evidence, holding("a", "b")) == [("frozen", FROZE, ["a", "b"])]


def test_one_that_steps_nothing_or_holds_others_is_not_idle():
    evidence = [seen("a", "frozen")]
    assert found(idle, evidence, holding("a", steps=0)) == []
    assert found(idle, evidence, holding("a", strangers=1)) == []
    assert found(idle, [seen("a", "frozen", drift=True)], holding("a")) == []
    assert found(idle, [seen("a", "frozen"), seen("b", "reached")], holding("a", "b")) == []


def test_zeros_count_from_the_second_call_on_and_not_where_gradient_came_later():
    assert found(idle, [seen("a", "zero")], holding("a")) == []
    twice = [seen("a", "zero", "zero")]
    assert found(idle, twice, holding("a")) == [("zero", FLAT.place, ["a"])]
    later = [seen("a", "zero", "zero", looks=(Look(optimizer="o", gradient=0.5),))]
    assert found(idle, later, holding("a")) == []


def test_zeros_that_begin_at_several_lines_are_told_by_each():
    other = Zero(operation="clamp", why="", place=Place("net.py", 9))
    name, clamped = seen("b", "zero", "zero")
    clamped = replace(clamped, verdicts=tuple(replace(v, zero=other) for v in clamped.verdicts))
    assert found(idle, [seen("a", "zero", "zero"), (name, clamped)], holding("a", "b")) == [
        ("zero", FLAT.place, ["a"]),
        ("zero", other.place, ["b"]),
    ]


def test_zeros_of_one_call_count_at_the_end_of_a_run_in_which_nothing_moved():
    still, moved = [seen("a", "zero", drift=False)], [seen("a", "zero", drift=True)]
    assert found(idle, still, holding("a", steps=3), ended=True) == [("zero", FLAT.place, ["a"])]
    assert found(idle, still, holding("a", steps=3)) == []
    assert found(idle, still, holding("a", steps=1), ended=True) == []
    assert found(idle, moved, holding("a", steps=3), ended=True) == []


def test_zero_weights_behind_each_other_are_locked_and_the_last_alone_is_not():
    last = seen("m.1.weight", "zero", "zero", all_zero=True)
    bias = seen("m.1.bias", "reached", "reached")
    first = seen("m.0.weight", "zero", "zero", all_zero=True)
    names = ["m.1.weight", "m.0.weight"]
    locked = found(locked_at_zero, [last, bias, first], holding(*names))
    assert [told for _, _, told in locked] == [names]
    assert found(locked_at_zero, [last, bias], holding(*names)) == []


def test_a_model_none_of_whose_weights_gets_gradient_is_dead_and_its_biases_are_not():
    zeros = ("zero",) * 3
    weight, bias = seen("m.weight", *zeros), seen("m.bias", *("reached",) * 3)
    assert found(dead, [weight, bias], holding("m.weight")) == [("zero", FLAT.place, ["m.weight"])]
    assert found(dead, [weight], holding("m.weight")) == []
    assert found(dead, [seen("m.weight", "zero", "zero"), bias], holding("m.weight")) == []
    assert found(dead, [weight, bias], holding()) == []


def test_what_gets_zeros_because_a_dead_layer_hands_it_zeros_is_told_with_that_layer():
    zeros, factor = ("zero",) * 3, Zero(operation="zero_factor", why="", place=Place("net.py", 6))
    body, bias = seen("m.0.weight", *zeros), seen("m.1.bias", *("reached",) * 3)
    name, head = seen("m.1.weight", *zeros)
    head = replace(head, verdicts=tuple(replace(v, zero=factor) for v in head.verdicts))
    held = holding("m.0.weight", "m.1.weight")
    assert found(dead, [body, (name, head), bias], held) == [
        ("zero", FLAT.place, ["m.0.weight", "m.1.weight"])
    ]
    assert found(dead, [(name, head), bias], held) == [("zero", factor.place, ["m.1.weight"])]


def lasting(name, *verdicts, always=False, mend="Mend it.", **fields):
    name, own = seen(name, *verdicts, **fields)
    zero = replace(FLAT, lasting=always, mend=mend)
    return name, replace(own, verdicts=tuple(replace(v, zero=zero) for v in own.verdicts))


def test_what_lasts_and_has_not_moved_to_the_end_is_told_beside_what_trains():
    zeros = ("zero",) * 3
    others = seen("b", *["reached"] * 3, drift=True)
    still = [lasting("a", *zeros, drift=False), others]
    assert found(flat, still, holding("a", "b", steps=3)) == [("flat", FLAT.place, ["a"])]
    decayed = [lasting("a", *zeros, drift=True), others]
    assert found(flat, decayed, holding("a", "b", steps=3)) == []
    always = [lasting("a", *zeros, drift=True, always=True), others]
    assert found(flat, always, holding("a", "b", steps=3)) == [("flat", FLAT.place, ["a"])]


def test_what_may_pass_or_was_seen_twice_alone_or_got_gradient_is_not_told_so():
    zeros = ("zero",) * 3
    for own in (
        lasting("a", *zeros, drift=False, mend=""),
        lasting("a", "zero", "zero", drift=False),
        lasting("a", *zeros, drift=False, looks=(Look(optimizer="o", gradient=0.5),)),
        lasting("a", "zero", "zero", "reached", drift=False),
    ):
        assert found(flat, [own], holding("a", steps=3)) == []
    assert found(flat, [lasting("a", *zeros, drift=False)], holding("a", steps=2)) == []


def test_a_call_that_severs_it_tells_nothing_of_the_calls_that_bring_zeros():
    of_two = [seen("a", "cut", "zero", "cut", "zero")]
    assert found(idle, of_two, holding("a")) == [("zero", FLAT.place, ["a"])]
    once = seen("a", "cut", "zero", "cut")
    assert found(idle, [once], holding("a", steps=5), ended=True) == []
    still = [seen("a", "cut", "zero", "cut", drift=False)]
    assert found(idle, still, holding("a", steps=5), ended=True) == [("zero", FLAT.place, ["a"])]
    assert found(idle, [seen("a", "cut", "unused")], holding("a"), ended=True) == []
