"""What of a run is worth a clause, and is no reason for any parameter."""

from dataclasses import replace

import torch
from torch import nn

import gradviz
from gradviz.facts.evidence import Evidence, Look, Stepper
from gradviz.facts.faded import Faded
from gradviz.facts.missed import Missed, Stopped
from gradviz.graph import Leaf, Parameter, Place, Verdict
from gradviz.training.remarks import (
    find_remarks,
    of_faded,
    of_frozen_on_the_move,
    of_later,
    of_leaves,
    of_left_behind,
    of_loss,
    of_put_back,
    of_shared,
    of_undone,
    of_unfed,
)

PLACE = Place("train.py", 4)


def test_a_parameter_of_no_model_is_told_once_it_was_reached_again():
    leaf = Leaf(name="leaf (3,)", shape=(3,), place=PLACE, is_parameter=True)
    (clause,) = of_leaves([[leaf, leaf], [leaf]])
    assert "made with nn.Parameter at train.py:4 is in no model" in clause
    assert of_leaves([[leaf, leaf]]) == ()


def test_an_input_that_requires_grad_is_no_parameter():
    leaf = Leaf(name="leaf (3,)", shape=(3,), place=PLACE)
    assert of_leaves([[leaf], [leaf]]) == ()


def test_a_loss_that_was_never_finite_is_told_with_where_that_was_born():
    assert of_loss([(False, PLACE), (False, None)]) == (
        "the loss is NaN or infinite in every call that was watched, and the first value that is"
        " not finite comes out at train.py:4",
    )
    assert of_loss([(False, None), (True, None)]) == ()
    assert of_loss([(False, None)]) == ()
    (clause,) = of_loss([(False, None)] * 2, scaled=True)
    assert clause.startswith("the loss, scaled by GradScaler, is NaN or infinite in every call")


def test_two_that_lie_in_one_memory_and_are_both_stepped_are_told_once():
    def told(*, gradient=1.0, apart=False):
        looks = (Look(optimizer="o", gradient=1.0, moved=3, compared=4),)
        other = (Look(optimizer="o", gradient=gradient, moved=3, compared=4),)
        evidence = [
            Evidence(name="net.a", looks=looks, lies_in=("net.b",)),
            Evidence(name="net.b", looks=other, lies_in=("net.a",)),
            Evidence(name="net.c", looks=looks),
        ]
        held = [("net.a",), ("net.b", "net.c")] if apart else [("net.a", "net.b", "net.c")]
        return of_shared(evidence, [Stepper(name="o", kind="SGD", held=own) for own in held])

    assert told() == (
        "net.a and net.b lie in the same memory, so each step of o moves that by the gradient of"
        " both",
    )
    assert told(gradient=0.0) == told(apart=True) == ()


def test_an_optimizer_that_never_stepped_and_to_which_nothing_came_is_told():
    evidence = [
        Evidence(name="a", verdicts=(Parameter(name="a", verdict=Verdict.UNUSED),)),
        Evidence(name="b", verdicts=(Parameter(name="b", verdict=Verdict.ZERO),)),
    ]

    def told(*held, **fields):
        return of_unfed(evidence, [Stepper(name="o", kind="SGD", held=held, **fields)])

    assert told("a") == ("no gradient came to anything that o holds",)
    assert told("a", "b") == told("a", steps=1) == told("a", strangers=1) == told() == ()


def test_what_later_steps_leave_unchanged_is_a_clause():
    def told(*fields):
        every = ["net.a.weight", "net.a.bias", "net.b.weight"]
        return of_left_behind(
            [Evidence(name=name, **own) for name, own in zip(every, fields, strict=True)]
        )

    some, all_of_five = {"missed": Missed(4, 9)}, {"missed": Missed(5, 5)}
    assert told(some, some, {}) == ("4 of the last 9 steps leave net.a.* (2) unchanged",)
    assert told({}, {}, all_of_five) == ("the last 5 steps leave net.b.weight unchanged",)
    assert told({}, {}, {}) == ()
    frozen = {"missed": Missed(4, 9, is_frozen=True)}
    late = {**frozen, "frozen_at": PLACE}
    assert told(late, late, some) == (
        "net.a.* (2) are frozen by the end (see train.py:4): 4 of the last 9 steps leave them"
        " unchanged",
        "4 of the last 9 steps leave net.b.weight unchanged",
    )
    assert told({}, {}, frozen) == (
        "net.b.weight is frozen by the end: 4 of the last 9 steps leave it unchanged",
    )
    gone = {"missed": Missed(8, 13, is_frozen=True, as_of=(16, 20)), "frozen_at": PLACE}
    assert told(gone, gone, {}) == ("net.a.* (2) are frozen at step 16 of 20 (see train.py:4)",)
    unused = {"stopped": Stopped(steps=6, optimizer="opt"), "missed": Missed(6, 9)}
    assert told({}, {}, unused) == (
        "the last 6 steps of opt leave net.b.weight unchanged: no loss uses it any more",
    )
    zeros = {"stopped": Stopped(steps=6, optimizer="opt", has_zeros=True)}
    assert told({}, {}, zeros) == (
        "the last 6 steps of opt find zeros at net.b.weight: no loss uses it any more",
    )
    here = {"steps": 6, "optimizer": "opt", "place": Place("train.py", 4, "net.zero_grad()")}
    at_b = "the last 6 steps of opt find {} at net.b.weight: {}"
    assert told({}, {}, {"stopped": Stopped(why="cleared", **here)}) == (
        at_b.format("no gradient", "zero_grad() at train.py:4 clears what arrives"),
    )
    assert told({}, {}, {"stopped": Stopped(why="zero", **here)}) == (
        at_b.format("zeros", "what arrives is zero, and becomes so at train.py:4"),
    )
    clip = Place("train.py", 4, "clip_grad_norm_(net.parameters(), 0)")
    clipped = Stopped(why="clipped", **{**here, "place": clip}, as_of=(15, 16))
    assert told({}, {}, {"stopped": clipped}) == (
        "steps 10 to 15 of all 16 of opt find no gradient at net.b.weight: clip_grad_norm_() at"
        " train.py:4 leaves nothing of it",
    )
    cut = {"stopped": Stopped(steps=6, optimizer="opt", why="cut"), "missed": Missed(6, 9)}
    assert told({}, {}, cut) == ()  # an alarm tells of it


def test_of_two_in_one_memory_the_one_without_a_gradient_is_cut_and_moves_with_the_other():
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight.data = model[0].weight.data
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with gradviz.trace() as trace:
        for _ in range(2):
            loss = model[1](model[0](torch.ones(2, 3)).detach()).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    report = trace.report(loss, model, optimizer)
    assert report.parameters["0.weight"].verdict == "cut"
    assert report.parameters["1.weight"].verdict == "reached"
    first, second = report.training.parameters
    assert (first.mover, first.moved_with) == ("memory", "1.weight")
    assert second.mover == "gradient"


def test_of_two_in_one_memory_no_step_leaves_the_one_without_a_gradient_unchanged():
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight.data = model[0].weight.data
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with gradviz.trace() as trace:
        for step in range(6):
            hidden = model[0](torch.ones(2, 3))
            loss = model[1](hidden.detach() if step else hidden).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    training = trace.report(loss, model, optimizer).training
    assert not any("unchanged" in remark for remark in training.remarks)
    assert not any("gradient of both" in remark for remark in training.remarks)


def test_what_came_later_and_has_gradient_is_told_by_whether_an_optimizer_holds_it():
    every = ["net.0.weight", "net.0.bias"]
    came = " came after the calls that were watched: "
    assert of_later({"net.1.weight": False, "net.1.bias": False}, every) == (
        f"net.1.* (2){came}gradient comes to them, and no optimizer holds them",
    )
    assert of_later({"net.1.weight": True}, every) == (
        f"net.1.weight{came}whether it trains is not known",
    )
    assert of_later({}, every) == ()


def test_a_rate_that_is_next_to_nothing_is_told_where_it_was_more():
    faded = Faded(
        since=9, largest=0.1, rate=1e-100, held=("net.a",), by="StepLR", made=Place("train.py", 6)
    )
    stepper = Stepper(name="opt", kind="SGD", steps=100, faded=(faded, faded))
    clause = (
        "since step 9 the learning rate of opt is next to nothing (1e-100 at the end, after 0.1;"
        " StepLR, made at train.py:6, sets it)"
    )
    assert of_faded([stepper], ["net.a"]) == find_remarks([], [stepper], ["net.a"]) == (clause,)
    assert of_faded([stepper], ["net.b"]) == ()


def test_steps_that_are_undone_to_the_end_are_told():
    stepper = Stepper(name="opt", kind="SGD", steps=60, undone=(10, "net.b"))
    assert of_undone([stepper]) == (
        "from step 10 to its last, 60, each step of opt that was looked at is undone before the"
        " next, as net.b shows",
    )


def test_what_ends_as_it_began_is_told():
    began, moved = Evidence(name="net.a", as_began=True), Evidence(name="net.b")
    assert of_put_back([began, moved]) == ("at the end net.a holds the value that it began with",)
    assert of_put_back([moved]) == ()


def test_the_steps_at_a_rate_of_0_are_told_from_the_first_of_them_on():
    stepper = Stepper(name="opt", kind="SGD", steps=9, held=("net.a",), rests=((4, ("net.a",)),))
    assert find_remarks([], [stepper], ["net.a"]) == (
        "from its step 5 to its last, 9, opt leaves net.a unchanged: the learning rate is 0",
    )
    assert find_remarks([], [stepper], ["net.b"]) == ()


def test_an_optimizer_to_which_nothing_came_is_told_only_where_no_other_has_stepped():
    evidence = [Evidence(name="a", verdicts=(Parameter(name="a", verdict=Verdict.UNUSED),))]
    unfed, stepping = Stepper(name="o", kind="SGD", held=("a",)), Stepper(name="p", kind="SGD")
    assert find_remarks(evidence, [unfed, stepping], ())
    assert not find_remarks(evidence, [unfed, replace(stepping, steps=2)], ())
    assert not find_remarks(evidence, [unfed, replace(stepping, skipped=2)], ())


def test_what_was_frozen_and_steps_still_move_is_told_with_the_line():
    def told(*later, verdict=Verdict.FROZEN):
        looks = (Look(optimizer="o", gradient=1.0, moved=3, compared=4), *later)
        last = Parameter(name="net.w", verdict=verdict, frozen_at=PLACE)
        return of_frozen_on_the_move([Evidence(name="net.w", looks=looks, verdicts=(last,))])

    on = Look(optimizer="o", gradient=0.0, moved=3, compared=4)
    (clause,) = told(on, on)
    assert clause.startswith("net.w is frozen at train.py:4, and steps still move it without")
    assert told() == told(replace(on, moved=0)) == told(on, verdict=Verdict.REACHED) == ()


def test_steps_that_are_told_to_be_undone_are_not_told_again():
    stepper = Stepper(name="o", kind="SGD", steps=9, undone=(4, "net.w"))
    assert len(of_undone([stepper])) == 1
    assert of_undone([stepper], {"net.w"}) == ()
