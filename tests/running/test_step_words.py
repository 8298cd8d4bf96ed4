"""The words of a step, from a step made by hand."""

from dataclasses import replace

from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Place, Verdict
from gradviz.reports import Report
from gradviz.running.calls import BackwardCall, OptimizerStep
from gradviz.running.step_words import reach_in_words, step_lines

DETACH = Cut(
    kind=CutKind.DETACH,
    operation="detach()",
    file="gan.py",
    line=19,
    code="fake = fake.detach()",
    parameters=("g.w",),
)
CALL = BackwardCall(
    number=2,
    report=Report(
        parameters=Parameters(
            (
                Parameter(name="d.w", numel=4, verdict=Verdict.REACHED),
                Parameter(name="g.w", numel=4, verdict=Verdict.CUT, cuts=(DETACH,)),
                Parameter(name="h.w", numel=4, verdict=Verdict.UNUSED),
            )
        )
    ),
    roots=("d", "g", "h"),
)


def step(**fields):
    return OptimizerStep(optimizer="opt", kind="SGD", calls=(2,), **fields)


def test_an_optimizer_that_holds_others_than_gradient_reaches_is_told_both_and_no_cure_of_the_cut():
    wrong = step(held=("g.w",), starved=("g.w",), extra={"": ("d.w",)})
    lines = step_lines(wrong, [CALL])
    assert lines[0] == (
        "ALARM: opt (SGD) steps 1 parameter that no gradient reached, after backward 2"
    )
    assert [text.split()[0] for text in lines[1:]] == ["holds", "by", "means", "fix", "also"]
    assert "Drop detach()" not in "".join(lines)


def test_what_is_severed_beside_what_an_optimizer_trains_is_told_with_its_cure():
    severed = step(held=("d.w", "g.w"), starved=("g.w",))
    assert "Drop detach()" in "".join(step_lines(severed, [CALL]))


def test_what_is_severed_where_another_optimizer_holds_the_rest_is_told_with_its_cure():
    severed = step(held=("g.w",), starved=("g.w",), extra={"other": ("d.w",)})
    assert "Drop detach()" in "".join(step_lines(severed, [CALL]))


def test_what_no_loss_has_used_so_far_waits_without_an_alarm():
    first, *rest = step_lines(step(held=("d.w", "h.w"), waiting=("h.w",)), [CALL])
    assert first == "opt (SGD) steps after backward 2, which reached 1 of its 2 parameters"
    assert rest == ["  unused so far: h.w (4 values): a later loss may use them"]


def test_gradient_is_not_said_to_reach_all_where_some_of_what_is_held_is_stale():
    assert reach_in_words(step(held=("d.w",), stale=("h.w",))) == (
        ", which reached 1 of its parameters; others that it holds were replaced"
    )
    assert reach_in_words(step(stale=("h.w",))) == (
        "; no gradient reached its parameters, which were replaced"
    )
    assert reach_in_words(step(held=("d.w",))) == ", which reached its only parameter"


def test_what_many_other_optimizers_hold_is_one_line():
    names = {f"opt_{number}": ("g.w",) for number in range(4)}
    _, *three = step_lines(step(held=("d.w",), extra=dict(list(names.items())[:3])), [CALL])
    assert all(text.startswith("  also gets gradient: g.w") for text in three)
    _, *four = step_lines(step(held=("d.w",), extra={**names, "": ("h.w",)}), [CALL])
    assert four[0].endswith("g.w (4 values): 4 other optimizers hold them")
    assert four[1].endswith("h.w (4 values): no optimizer holds them")


def test_what_is_cleared_before_the_next_backward_is_told_with_the_line():
    at = Place("train.py", 10, "opt.zero_grad()")
    calls = [replace(CALL, number=number) for number in (1, 2, 3)]
    cleared = replace(step(held=("d.w",), discarded_at=at), calls=(1, 2, 3, 4))
    _, told = step_lines(cleared, calls)
    assert told == (
        "  cleared   what backward 1, 2 and 3 brought, before the next backward,"
        " at train.py:10: opt.zero_grad()"
    )


def test_what_is_cut_now_and_what_is_no_part_of_a_loss_are_told_apart():
    _, cut, unused = step_lines(step(held=("g.w", "h.w"), idle=("g.w", "h.w")), [CALL])
    assert cut == "  cut       g.w (4 values): an earlier loss reached them"
    assert unused.startswith("  unused    h.w (4 values): not part of this loss")


def test_of_calls_that_were_not_watched_nobody_says_what_they_did_not_reach():
    later = OptimizerStep(
        optimizer="opt", kind="SGD", calls=(2, 3), held=("d.w", "h.w"), idle=("h.w",)
    )
    said = step_lines(replace(later, unwatched=(3,)), [CALL])
    assert said == ["opt (SGD) steps after backward 2 and 3; backward 3 was not watched"]
    assert "which reached 1 of its 2 parameters" in step_lines(later, [CALL])[0]
    reached = replace(later, held=("d.w",), idle=(), unwatched=(3,))
    assert step_lines(reached, [CALL])[0].endswith("which reached its only parameter")
