"""From evidence made by hand to whether a parameter trains, and why not."""

from dataclasses import replace

import pytest

from gradviz.facts.evidence import Evidence, Look, Stepper, Touch
from gradviz.facts.training import Fate, OptimizerSteps, Training
from gradviz.graph import Cut, CutKind, NotFinite, Parameter, Place, Verdict, Zero
from gradviz.render.training import sentence
from gradviz.training.judging import judge

STEP = Place("train.py", 14, "optimizer.step()")
MADE = Place("train.py", 4, "optimizer = SGD(model.parameters())")
CLEARS = Place("train.py", 12, "optimizer.zero_grad()")
REACHED = Parameter(name="w", verdict=Verdict.REACHED)
CUT = Parameter(
    name="w",
    verdict=Verdict.CUT,
    cuts=(
        Cut(
            kind=CutKind.DETACH,
            operation="detach()",
            file="net.py",
            line=3,
            code="h = h.detach()",
            parameters=("w",),
        ),
    ),
)
GOOD = Look(
    optimizer="optimizer",
    gradient=0.5,
    norm=1.0,
    moved=4,
    compared=4,
    ratio=0.01,
    lr=0.1,
    place=STEP,
)
STILL = Look(
    optimizer="optimizer",
    gradient=0.5,
    norm=1.0,
    moved=0,
    compared=4,
    ratio=0.0,
    holds=0.0,
    lr=0.1,
    place=STEP,
)
EMPTY = Look(optimizer="optimizer", gradient=None, compared=4, lr=0.1, place=STEP)


def fate(*looks, verdicts=(REACHED,), held=True, steps=1, skipped=0, ended=False, **evidence):
    """Judge one parameter, ``w``. Return its fate and the alarms."""
    stepper = Stepper(
        name="optimizer",
        kind="SGD",
        steps=steps,
        skipped=skipped,
        held=("w",) if held else ("v",),
        made=MADE,
        born=5,
    )
    found = judge(
        [Evidence(name="w", numel=4, verdicts=verdicts, looks=looks, **evidence)],
        [stepper],
        1,
        ended=ended,
    )
    return found.parameters[0], found.alarms


def test_what_moves_trains():
    found, alarms = fate(GOOD)
    assert (found.trains, found.why, found.moved, found.optimizer) == (True, None, 4, "optimizer")
    assert not alarms


def test_what_had_no_gradient_where_it_was_looked_at_lies_in_this_process():
    found, alarms = fate(replace(GOOD, moved=0, compared=0))
    assert (found.trains, found.away) == (None, False)
    assert not alarms


def test_of_a_parameter_whose_values_lie_in_other_processes_they_alone_can_tell():
    elsewhere = replace(GOOD, moved=0, compared=0, gradient=0.0)
    away, alarms = fate(elsewhere)
    assert (away.trains, away.why, away.away) == (None, None, True)
    assert not alarms
    assert not fate(elsewhere, GOOD)[0].away
    assert not fate(elsewhere, verdicts=(CUT,))[0].away  # the graph tells on every rank
    training = Training(parameters=(Fate(name="v", trains=True), away), backwards=1, steps=1)
    assert sentence(training) == (
        "The only parameter trains; this process holds no values of 1 more."
    )


def test_what_moved_in_one_of_several_steps_trains():
    found, alarms = fate(EMPTY, GOOD, EMPTY)
    assert found.trains
    assert not alarms


@pytest.mark.parametrize(
    ("touch", "gradient", "why"),
    [
        (Touch(operation="grad", place=CLEARS), None, "cleared"),
        (Touch(operation="zero_", place=CLEARS), 0.0, "cleared"),
        (Touch(operation="_foreach_mul_", scales=True, place=CLEARS), 0.0, "clipped"),
        (None, None, "cleared"),
    ],
)
def test_a_gradient_that_is_gone_at_the_step_was_cleared_or_clipped_by_the_call_that_touched_it(
    touch, gradient, why
):
    found, (alarm,) = fate(
        Look(optimizer="optimizer", gradient=gradient, compared=4, touch=touch), ended=True
    )
    assert (found.trains, found.why, alarm.why) == (False, why, why)
    assert found.line == (12 if touch else None)


NAN = Look(optimizer="optimizer", gradient=float("nan"), moved=4, compared=4, finite=False)


@pytest.mark.parametrize(("stays_so", "ended"), [(True, False), (False, True), (True, True)])
def test_a_gradient_that_is_nan_spoils_what_moved(stays_so, ended):
    spoilt, (alarm,) = fate(NAN, finite=False, stays_so=stays_so, ended=ended)
    assert (spoilt.trains, spoilt.why, alarm.why) == (False, "not_finite", "not_finite")


def test_a_weight_that_a_step_has_just_spoilt_may_still_be_put_back():
    spoilt, alarms = fate(NAN, finite=False)
    assert (spoilt.why, alarms) == ("not_finite", ())
    restored, alarms = fate(NAN, drift=True, ended=True)
    assert (restored.trains, alarms) == (True, ())


def test_what_is_spoilt_after_the_calls_that_were_watched_is_said_to_be_and_how_to_find_the_line():
    moved = Look(optimizer="optimizer", gradient=0.5, moved=4, compared=4)
    spoilt, (alarm,) = fate(moved, finite=False, ended=True)
    assert (spoilt.trains, spoilt.why, alarm.line) == (False, "not_finite", None)
    assert "after the calls that were watched" in alarm.means
    assert alarm.mend.startswith("gradviz run --every 1 ")


def test_the_last_line_says_that_a_rate_is_zero_where_that_is_known():
    still = replace(STILL, lr=0.0)
    assert sentence(Training(parameters=(fate(still, ended=True)[0],))) == (
        "The only parameter does not train; the learning rate of the step at train.py:14 is 0."
    )
    assert sentence(Training(parameters=(fate(STILL)[0],))) == (
        "The only parameter does not train; the update at train.py:14 is too small for its type."
    )
    assert sentence(Training(parameters=(fate(replace(STILL, lr=None))[0],))) == (
        "The only parameter does not train; the update at train.py:14 is too small for its type, or the"
        " learning rate is 0."
    )


def test_what_its_optimizer_may_have_moved_unseen_is_not_said_to_be_moved_by_hand():
    written = {"drift": True, "by_hand": True}
    assert fate(**written)[0].mover is None  # its optimizer steps
    assert fate(STILL, **written)[0].mover == "hand"
    assert fate(replace(STILL, moved=4), **written)[0].mover == "gradient"


def test_what_is_frozen_in_every_call_and_moves_between_steps_is_moved_by_hand():
    frozen = replace(REACHED, verdict=Verdict.FROZEN)
    untouched = Look(optimizer="optimizer", gradient=None, compared=4, lr=0.1, place=STEP)
    ema = {"drift": True, "verdicts": (frozen,)}
    assert fate(untouched, **ema)[0].mover == "hand, no gradient"
    assert fate(untouched, thawed=True, **ema)[0].mover == "gradient"


def test_an_update_that_the_type_cannot_hold_is_too_small_and_one_that_it_can_is_lost():
    found, (alarm,) = fate(STILL)
    assert (found.why, found.line, alarm.why) == ("too_small", 14, "too_small")
    found, (alarm,) = fate(
        Look(optimizer="optimizer", gradient=0.5, compared=4, holds=1.0, lr=0.1, place=STEP)
    )
    assert (found.why, alarm.why) == ("lost", "lost")


@pytest.mark.parametrize(
    ("moves", "rate", "why"), [(0, 0.1, "lost"), (4, 0.1, "too_small"), (0, 0.0, "too_small")]
)
def test_an_optimizer_that_moves_nothing_and_loses_one_update_loses_all(moves, rate, why):
    lost = replace(STILL, holds=1.0, moved=moves)
    verdicts = (REACHED, REACHED)
    training = judge(
        [
            Evidence(name="w", numel=4, verdicts=verdicts, looks=(lost,)),
            Evidence(name="b", numel=4, verdicts=verdicts, looks=(replace(STILL, lr=rate),)),
        ],
        [Stepper(name="optimizer", kind="Mine", steps=2, held=("w", "b"), made=MADE)],
        2,
    )
    assert training.parameters[1].why == why


def test_a_cut_names_the_line_that_severs():
    found, (alarm,) = fate(EMPTY, verdicts=(CUT,))
    assert (found.trains, found.why, found.file, found.line) == (False, "cut", "net.py", 3)
    assert alarm.code == "h = h.detach()"


def test_of_several_lines_that_sever_the_one_in_front_of_its_own_step_is_named():
    own = replace(CUT, cuts=(replace(CUT.cuts[0], line=9, code="own = h.detach()"),))
    found, (alarm,) = fate(EMPTY, verdicts=(CUT, own), stepped=(own,))
    assert (found.line, alarm.line, alarm.code) == (9, 9, "own = h.detach()")


def test_what_is_frozen_beside_what_trains_is_no_alarm():
    frozen = Parameter(name="w", verdict=Verdict.FROZEN)
    found, alarms = fate(verdicts=(frozen,), held=False)
    assert (found.trains, found.why) == (False, "frozen")
    assert not alarms


def test_an_optimizer_of_nothing_but_frozen_parameters_is_an_alarm():
    frozen = Parameter(
        name="w",
        verdict=Verdict.FROZEN,
        frozen_at=Place("train.py", 2, "model.requires_grad_(False)"),
    )
    _, (alarm,) = fate(EMPTY, verdicts=(frozen,))
    assert (alarm.why, alarm.line) == ("frozen", 2)


@pytest.mark.parametrize(("calls", "alarms"), [(1, 0), (2, 1)])
def test_an_optimizer_that_got_nothing_but_zeros_twice_is_an_alarm(calls, alarms):
    zero = Parameter(name="w", verdict=Verdict.ZERO)
    look = Look(optimizer="optimizer", gradient=0.0, compared=4, lr=0.1)
    found, raised = fate(*[look] * calls, verdicts=(zero,) * calls)
    assert (found.trains, found.why) == (False, "zero")
    assert [alarm.why for alarm in raised] == ["zero"] * alarms


@pytest.mark.parametrize(
    ("passing", "calls", "steps", "may_pass"),
    [
        (True, 1, 1, True),
        (True, 4, 1, True),  # accumulation
        (True, 3, 3, False),
        (False, 1, 1, False),
    ],
)
def test_zeros_of_a_factor_that_moves_first_are_none_for_good_before_a_step_was_seen_to_keep_them(
    passing, calls, steps, may_pass
):
    zero = Zero(operation="zero_factor", why="", place=Place("net.py", 5, ""), passing=passing)
    verdict = Parameter(name="w", verdict=Verdict.ZERO, zero=zero)
    look = Look(optimizer="optimizer", gradient=0.0, compared=4, lr=0.1)
    found, _ = fate(*[look] * steps, verdicts=(verdict,) * calls, steps=steps)
    assert found.why == "zero"
    assert found.passing == may_pass


def test_an_optimizer_that_has_not_stepped_yet_may_still_do_so_until_the_run_ends():
    found, alarms = fate(steps=0)
    assert (found.trains, found.why, alarms) == (None, None, ())
    found, (alarm,) = fate(steps=0, ended=True)
    assert (found.trains, found.why, found.line, alarm.why) == (
        False,
        "not_stepped",
        4,
        "not_stepped",
    )


def test_steps_that_a_scaler_leaves_out_are_no_steps():
    found, (alarm,) = fate(steps=0, skipped=3, ended=True)
    assert found.why == "not_stepped"
    assert "GradScaler" in alarm.means


def test_a_parameter_in_the_place_of_the_one_that_the_optimizer_holds_is_stale():
    found, (alarm,) = fate(held=False, replaced=True, replaced_at=CLEARS, drift=False)
    assert (found.trains, found.why, found.line, alarm.why) == (False, "stale", 12, "stale")


@pytest.mark.parametrize(("outlived", "line"), [(False, 4), (True, None)])
def test_an_optimizer_that_has_moved_what_stood_there_was_made_at_an_innocent_line(outlived, line):
    found, _ = fate(held=False, replaced=True, stale_in="optimizer", outlived=outlived, drift=False)
    assert (found.why, found.line) == ("stale", line)


def test_what_no_optimizer_holds_is_an_alarm_where_nothing_trains():
    found, (alarm,) = fate(held=False, drift=False)
    assert (found.why, found.line, alarm.why) == ("not_held", 4, "not_held")


def test_what_no_optimizer_holds_may_be_trained_by_hand():
    found, alarms = fate(held=False, drift=True)
    assert (found.trains, found.optimizer) == (True, None)
    assert not alarms


def test_where_no_step_was_seen_nobody_knows():
    found = judge([Evidence(name="w", verdicts=(REACHED,))], [], 1).parameters[0]
    assert (found.trains, found.why) == (None, None)


def test_a_learning_rate_of_zero_in_one_group_freezes_and_is_meant():
    no_rate = Look(optimizer="optimizer", gradient=0.5, compared=4, lr=0.0, place=STEP)
    stepper = Stepper(name="optimizer", kind="SGD", steps=1, held=("w", "v"))
    evidence = [
        Evidence(name="w", verdicts=(REACHED,), looks=(no_rate,)),
        Evidence(name="v", verdicts=(Parameter(name="v", verdict=Verdict.REACHED),), looks=(GOOD,)),
    ]
    found = judge(evidence, [stepper], 1, ended=True)
    assert [one.why for one in found.parameters] == ["too_small", None]
    assert not found.alarms
    assert judge(evidence[:1], [stepper], 1, ended=True).alarms


def test_a_gradient_out_of_all_proportion_that_throws_a_parameter_far_away_is_an_alarm():
    far = Look(
        optimizer="optimizer",
        gradient=1e9,
        norm=2e9,
        moved=4,
        compared=4,
        ratio=1e8,
        lr=0.1,
        place=STEP,
    )
    found, (alarm,) = fate(far)
    assert (found.trains, alarm.why, alarm.line) == (True, "exploding", 14)
    assert not fate(replace(far, gradient=0.5))[1]  # a parameter that began near zero
    # So did this one, and Adam moves it by the learning rate
    assert not fate(replace(far, change=0.002))[1]
    assert not fate(replace(far, ratio=0.01))[1]  # Adam, or clipping, makes nothing of it


BY_HAND = {"name": "w", "numel": 4, "verdicts": (REACHED,) * 3}


def test_gradient_that_arrives_again_and_again_with_nothing_that_steps_is_an_alarm_at_the_end():
    still = Evidence(**BY_HAND, drift=False)
    found = judge([still], [], 3, ended=True)
    assert (found.parameters[0].trains, found.parameters[0].why) == (False, "not_held")
    assert [alarm.why for alarm in found.alarms] == ["no_step"]
    place = Place("train.py", 9, "p = p - lr * p.grad")
    (alarm,) = judge([replace(still, discarded_at=place)], [], 3, ended=True).alarms
    assert (alarm.why, alarm.line, alarm.mend.startswith("Write into")) == ("no_step", 9, True)
    assert not judge([still], [], 3).alarms
    assert not judge([still], [], 3, inspects=True, ended=True).alarms


def test_what_is_moved_by_hand_trains_without_an_optimizer():
    found = judge([Evidence(**BY_HAND, drift=True)], [], 3, ended=True)
    assert found.parameters[0].trains
    assert not found.alarms


def test_a_group_without_parameters_makes_an_alarm_of_what_nobody_holds():
    stepper = Stepper(
        name="optimizer", kind="SGD", steps=3, held=("v",), made=MADE, born=5, empty=1
    )
    held = Evidence(name="v", verdicts=(replace(REACHED, name="v"),), looks=(GOOD,))
    left = Evidence(name="w", verdicts=(REACHED,), drift=False)
    (alarm,) = judge([held, left], [stepper], 3).alarms
    assert (alarm.why, alarm.parameters) == ("not_held", ("w",))
    assert "a group that has no parameters" in alarm.means
    assert not judge([held, left], [replace(stepper, empty=0)], 3).alarms


@pytest.mark.parametrize(("aside", "trains"), [(4, False), (3, False), (4, True), (0, False)])
def test_copies_that_are_stepped_and_never_written_back_make_an_alarm(aside, trains):
    stepper = Stepper(name="opt", kind="SGD", steps=3, held=("v",), made=MADE, aside=aside)
    unused = Parameter(name="v", verdict=Verdict.UNUSED)
    copy = Evidence(name="v", numel=4, verdicts=(unused,), looks=(GOOD,))
    left = Evidence(name="w", numel=4, verdicts=(REACHED,), drift=trains)
    alarms = judge([copy, left], [stepper], 3, ended=True).alarms
    assert [alarm.parameters for alarm in alarms] == ([("w",)] if aside == 4 and not trains else [])
    assert all("nothing writes back" in alarm.means for alarm in alarms)


def test_of_a_value_that_left_torch_nothing_is_asserted_but_that_it_did_not_move():
    unused = Parameter(name="w", verdict=Verdict.UNUSED)
    found, alarms = fate(EMPTY, verdicts=(unused,), ended=True)
    assert (found.trains, found.why, len(alarms)) == (False, "unused", 1)
    found, alarms = fate(EMPTY, verdicts=(replace(unused, uncertain=True),), ended=True)
    assert (found.trains, found.why, alarms) == (False, None, ())
    assert (
        sentence(Training(parameters=(found,)))
        == "The only parameter does not train; whether its value went into the loss cannot be seen."
    )


def unheld(name, why="unused"):
    return Fate(name=name, trains=why is None, why=why)


def test_the_copy_of_a_model_that_no_loss_uses_is_none_of_what_is_to_train():
    model, copy = [unheld("model.w", None), unheld("model.b", None)], [unheld("best.w")]
    assert sentence(Training(parameters=(*model, *copy))) == (
        "All 2 parameters train; no loss uses best.w, and no optimizer holds it."
    )
    frozen = replace(copy[0], why="frozen")
    assert sentence(Training(parameters=(*model, frozen))) == (
        "2 of 3 parameters train; best.w is frozen."
    )
    held = replace(copy[0], optimizer="optimizer")
    assert sentence(Training(parameters=(*model, held))) == (
        "2 of 3 parameters train; best.w does not: it is no part of the loss."
    )
    idle = OptimizerSteps(name="optimizer", kind="SGD", held=1)
    assert sentence(Training(parameters=(*model, held), optimizers=(idle,))) == (
        "All 2 parameters train; no loss uses best.w, and no optimizer steps it."
    )
    assert sentence(Training(parameters=tuple(copy))) == (
        "The only parameter does not train; it is no part of the loss."
    )


def test_of_several_calls_in_a_line_the_one_that_clips_is_named():
    code = "optimizer.zero_grad(); loss.backward(); clip_grad_value_(weights, 0); optimizer.step()"
    fates = [
        Fate(name="w", trains=False, why=why, file="train.py", line=9, code=code)
        for why in ("clipped", "cleared")
    ]
    assert [sentence(Training(parameters=(fate,))) for fate in fates] == [
        "The only parameter does not train; clip_grad_value_() at train.py:9 leaves nothing of its gradient.",
        "The only parameter does not train; zero_grad() at train.py:9 clears its gradient before step().",
    ]


def test_what_a_line_writes_beside_steps_without_a_gradient_does_not_train():
    judged, _ = fate(EMPTY, EMPTY, verdicts=(CUT, CUT), drift=True, ended=True)
    assert (judged.trains, judged.why, judged.line) == (False, "cut", 3)
    judged, _ = fate(EMPTY, verdicts=(REACHED,), drift=True, ended=True)
    assert (judged.trains, judged.why) == (False, "cleared")


def test_what_moves_later_and_has_a_gradient_by_then_trains():
    judged, _ = fate(EMPTY, EMPTY, verdicts=(CUT, CUT), drift=True, thawed=True, ended=True)
    assert judged.trains


def test_a_parameter_whose_backward_raised_is_open_until_the_run_ends():
    (cut,) = CUT.cuts
    raised = replace(CUT, cuts=(replace(cut, operation="backward() raised in addmm"),))
    judged, _ = fate(verdicts=(CUT, raised), steps=0)
    assert (judged.trains, judged.why) == (None, None)


def test_a_copy_of_what_an_optimizer_holds_names_the_line_of_the_copy():
    copied = Place("train.py", 3, "worker = copy.deepcopy(base)")
    found, _ = fate(held=False, ended=True, drift=False, copy_of="v", copied_at=copied)
    assert (found.why, found.line, found.copying) == ("not_held", 3, "from")
    found, _ = fate(held=False, ended=True, drift=False, copy_of="u", copied_at=copied)
    assert (found.line, found.copying) == (MADE.line, "")


def test_a_birth_is_told_only_where_it_was_seen_and_not_of_what_was_there_before():
    birth = NotFinite(operation="log", why="the logarithm of 0", place=MADE)
    spoilt = {"finite": False, "stays_so": True}
    assert fate(GOOD, birth=birth, **spoilt)[0].born
    assert not fate(GOOD, birth=replace(birth, holder="x", written=STEP), **spoilt)[0].born


def test_what_moves_by_hand_once_nobody_watches_is_told_as_that():
    moved = {"drift": True, "by_hand": True, "held": False, "verdicts": (CUT,)}
    assert fate(late=True, **moved)[0].late
    assert not fate(late=True, written_at=STEP, **moved)[0].late
