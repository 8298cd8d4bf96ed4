"""What a reason means and what mends it, by what was seen of the parameters."""

from dataclasses import replace

import pytest

from gradviz.facts.evidence import Evidence, Look, Stepper, Touch
from gradviz.facts.missed import Stopped
from gradviz.facts.overflows import Overflow
from gradviz.facts.training import WHYS
from gradviz.graph import Cut, CutKind, NotFinite, Parameter, Place, Verdict, Zero
from gradviz.training.words import explain, is_thawed

REACHED = Parameter(name="w", verdict=Verdict.REACHED)
FROZEN = Parameter(name="w", verdict=Verdict.FROZEN)
SEEN = Evidence(name="w", verdicts=(REACHED,), looks=(Look(optimizer="o", lr=0.1),))
SHARD = "fully_shard(model)"
HOLDER = Stepper(name="o", kind="SGD", steps=2, held=("w",))


@pytest.mark.parametrize("why", [*WHYS, "constant_term", "vanishing", "exploding", "no_step"])
def test_every_reason_has_two_sentences(why):
    for sentence in explain(why, [SEEN], [HOLDER]):
        assert sentence.endswith((".", "?)."))
        assert sentence[0].isupper()


def test_shards_are_spoken_of_where_a_line_made_them():
    at = {
        code: replace(SEEN, replaced_at=Place("t.py", 6, code)) for code in ("net = Net()", SHARD)
    }
    mends = {code: explain("stale", [seen], [HOLDER])[1] for code, seen in at.items()}
    assert [SHARD.partition("(")[0] in mend for mend in mends.values()] == [False, True]


TWO = replace(HOLDER, held=("w", "v"))


def zero_of(operation):
    zero = Zero(operation=operation, why="")
    return replace(SEEN, verdicts=(Parameter(name="w", verdict=Verdict.ZERO, zero=zero),))


@pytest.mark.parametrize(
    ("why", "seen", "holder", "words"),
    [
        ("not_stepped", SEEN, replace(HOLDER, skipped=2), "GradScaler leaves out every step"),
        (
            "not_held",
            replace(SEEN, verdicts=(FROZEN,), thawed=True),
            HOLDER,
            "frozen when the optimizer was made",
        ),
        ("not_held", SEEN, replace(HOLDER, empty=1), "a group that has no parameters"),
        ("not_held", SEEN, replace(HOLDER, begun=True), "given a generator"),
        ("not_held", replace(SEEN, name="m.heads[0].w"), HOLDER, "in a plain list or dict"),
        ("not_held", replace(SEEN, copy_of="v"), replace(HOLDER, held=("v",)), "arrives at copies"),
        ("not_held", SEEN, HOLDER, "no optimizer holds them."),
        (
            "not_held",
            replace(SEEN, name="net.n.weight"),
            replace(HOLDER, held=("net.n.bias",), steps=1),
            "holds other parameters of their modules",
        ),
        (
            "not_held",
            replace(SEEN, name="net.n.weight", born=4),
            replace(HOLDER, held=("net.n.bias",), steps=1, born=3),
            "no optimizer holds them.",
        ),
        ("zero", replace(SEEN, all_zero=True), HOLDER, "They are all zero"),
        ("zero", zero_of("relu"), TWO, "does not depend on what goes in"),
        ("zero", zero_of("round"), TWO, "an operation whose derivative is zero everywhere"),
        ("lost", replace(SEEN, put_back=True), HOLDER, "they are put back"),
        ("too_small", replace(SEEN, looks=(Look(optimizer="o", lr=0.0),)), HOLDER, "rate of 0."),
        (
            "too_small",
            replace(SEEN, looks=(Look(optimizer="o", lr=0.0),)),
            replace(HOLDER, scheduled=True),
            "a schedule keeps at 0",
        ),
        ("not_finite", replace(SEEN, finite=False), HOLDER, "after the calls that were watched"),
    ],
)
def test_the_closest_case_of_a_reason_is_told(why, seen, holder, words):
    assert words in explain(why, [seen], [holder])[0]


def test_a_cut_is_mended_by_what_mends_its_line():
    cut = Cut(kind=CutKind.DETACH, operation="detach()", file="net.py", line=3)
    severed = Parameter(name="w", verdict=Verdict.CUT, cuts=(cut,))
    _, mend = explain("cut", [replace(SEEN, verdicts=(severed,))], [HOLDER])
    assert mend.startswith("Drop detach()")


def test_where_nan_is_born_is_told_with_what_mends_it():
    birth = NotFinite(operation="sqrt", why="the root of 0", mend="Add an eps.")
    means, mend = explain("not_finite", [replace(SEEN, birth=birth)], [HOLDER])
    assert means.endswith(" It is born in sqrt: the root of 0.")
    assert mend == "Add an eps."


def test_a_step_that_overflows_by_its_eps_names_it():
    overflow = Overflow(kind="Adam", dtype="float16", eps=1e-8, place=Place("a.py", 1))
    means, _ = explain("not_finite", [replace(SEEN, overflow=overflow)], [HOLDER])
    assert "finite when Adam steps" in means
    assert "eps of 1e-08 is 0 in float16" in means


def test_two_optimizers_that_undo_each_other_are_both_named():
    other = replace(HOLDER, name="second")
    means, _ = explain("lost", [replace(SEEN, put_back=True)], [HOLDER, other])
    assert means.startswith("o and second all step them")


def test_thawed_is_what_was_frozen_at_first_and_not_again():
    assert is_thawed(replace(SEEN, thawed=True, verdicts=(FROZEN, FROZEN)))
    assert is_thawed(replace(SEEN, thawed=True, verdicts=(FROZEN, REACHED, REACHED)))
    assert not is_thawed(replace(SEEN, thawed=True, verdicts=(FROZEN, REACHED, FROZEN)))
    assert not is_thawed(replace(SEEN, thawed=True, verdicts=(REACHED, REACHED)))
    assert not is_thawed(replace(SEEN, verdicts=(FROZEN, REACHED)))


@pytest.mark.parametrize(
    ("spoilt", "when", "calls"),
    [
        ((8, 9), "at step 9 of opt or the one before it", "8,9"),
        ((96, 102), "at one of the steps 96 to 102 of opt", "96-102"),
    ],
)
def test_a_late_nan_is_told_by_the_looks_between_which_it_came(spoilt, when, calls):
    holder = replace(HOLDER, name="opt", spoilt=spoilt, even=True)
    means, mend = explain("not_finite", [replace(SEEN, finite=False)], [holder])
    assert when in means
    assert mend.startswith(f"gradviz run --backward {calls} ")


def test_of_several_that_find_no_gradient_any_more_the_fewest_steps_are_told():
    cut = Cut(kind=CutKind.DETACH, operation="detach()", file="t.py", line=3)
    late = [
        replace(SEEN, stopped=Stopped(steps=steps, optimizer="opt", why="cut", cut=cut))
        for steps in (9, 6)
    ]
    means, _ = explain("stopped", late, [HOLDER])
    assert means == (
        "They trained at first. The last 6 steps of opt find no gradient: every route back to them"
        " is cut."
    )


def zero_with(*mends):
    zeros = [Zero(operation="relu", why="all 4 inputs are 0", mend=mend) for mend in mends]
    verdicts = tuple(Parameter(name="w", verdict=Verdict.ZERO, zero=zero) for zero in zeros)
    return Evidence(name="w", verdicts=verdicts)


def test_what_a_whole_optimizer_gets_none_of_is_mended_by_its_reason_where_there_is_one():
    assert explain("zero", [zero_with("Widen it.")], [HOLDER])[1] == "Widen it."
    assert explain("zero", [zero_with("Widen it.", "")], [HOLDER])[1].startswith("Look at where")


def test_zeros_that_last_are_told_with_where_they_begin_and_what_mends_them():
    means, mend = explain("flat", [zero_with("Widen it.")], [HOLDER])
    assert means.endswith("That begins in relu: all 4 inputs are 0.")
    assert mend == "Widen it."


@pytest.mark.parametrize(("operation", "is_assigned"), [("grad", True), ("zero_", False)])
def test_zeros_that_are_assigned_are_not_mended_by_clearing_elsewhere(operation, is_assigned):
    look = Look(optimizer="o", gradient=0.0, touch=Touch(operation=operation))
    _, mend = explain("cleared", [replace(SEEN, looks=(look,))], [HOLDER])
    assert ("what is assigned" in mend) == is_assigned
    assert ("not between the two" in mend) != is_assigned
