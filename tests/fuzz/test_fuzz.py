"""Random programs against the oracle, and the oracle against programs whose answers are known and
judges that are wrong.
"""

import functools
import os
import warnings
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz.oracle import Judgement, NamedCut, Truth, gradviz_judge
from fuzz.programs import PARAMETERS, STEPS, Recipe, compose, recipes

PROGRAMS = int(os.environ.get("GRADVIZ_FUZZ", "120"))
OTHERS = int(os.environ.get("GRADVIZ_SEED", "0"))  # any other number gives other programs


@pytest.fixture(autouse=True)
def quiet():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="gradviz stopped watching")
        yield
    torch.set_num_threads(threads)


def recipe(
    *steps: tuple[str, int, int, int], frozen: tuple[str, ...] = (), seed: int = 0
) -> Recipe:
    return Recipe(steps, frozen, seed)


def line_of(truth: Truth, text: str) -> int:
    (found,) = [number for number, line in enumerate(truth.program.lines, 1) if text in line]
    return found


def right(truth: Truth) -> Judgement:
    """The judgement that names each site on its own, with all that lie behind it."""
    cuts = []
    for number, behind in sorted(truth.sites.items()):
        site = truth.program.sites[number]
        run = truth._run({number})
        also = tuple(
            truth.program.sites[other].line for other in sorted(truth.sites) if other > number
        )
        cuts.append(
            NamedCut(min(site.kinds), site.line, tuple(sorted(behind & run.behind(number))), also)
        )
    verdicts = {name: min(allowed) for name, allowed in truth.verdicts.items()}
    return Judgement(
        verdicts,
        {name: bool(flag) for name, flag in truth.partial.items()},
        tuple(cut for cut in cuts if cut.parameters),
    )


# The oracle knows what is known

KNOWN = {
    "a plain layer is reached, all else unused": (
        recipe(("linear", 0, 0, 0)),
        {"lin0.weight": "reached", "lin0.bias": "reached", "lin1.weight": "unused", "p0": "unused"},
        set(),
    ),
    "a frozen layer is frozen, and gradient passes by": (
        recipe(("linear", 0, 0, 0), ("linear", 0, 0, 1), frozen=("lin1",)),
        {"lin0.weight": "reached", "lin1.weight": "frozen", "lin1.bias": "frozen"},
        set(),
    ),
    "detach cuts what lies before it": (
        recipe(("linear", 0, 0, 0), ("detach", 0, 0, 0), ("linear", 0, 0, 1)),
        {"lin0.weight": "cut", "lin0.bias": "cut", "lin1.weight": "reached"},
        set(),
    ),
    "beside a live route it makes partial": (
        recipe(("linear", 0, 0, 0), ("detach", 0, 0, 0), ("mix", 0, 1, 0)),
        {"lin0.weight": "reached", "lin0.bias": "reached"},
        {"lin0.weight", "lin0.bias"},
    ),
    "a shared layer that is detached once is partial": (
        recipe(("linear", 0, 0, 0), ("detach", 0, 0, 0), ("linear", 0, 0, 0)),
        {"lin0.weight": "reached"},
        {"lin0.weight", "lin0.bias"},
    ),
    "round makes zero": (
        recipe(("linear", 0, 0, 0), ("vanish", 0, 0, 2)),
        {"lin0.weight": "zero", "lin0.bias": "zero"},
        set(),
    ),
    "a number that is only looked at severs nothing": (
        recipe(("linear", 0, 0, 0), ("noise", 0, 0, 1)),
        {"lin0.weight": "reached"},
        set(),
    ),
    "a number that comes back does": (
        recipe(("linear", 0, 0, 0), ("item", 0, 2, 2)),
        {"lin0.weight": "cut", "p1": "reached"},
        set(),
    ),
    "a gain applied under no_grad is cut, the old history alive": (
        recipe(("parameter", 0, 0, 0), ("write_under_no_grad", 0, 1, 1)),
        {"p0": "cut", "p1": "reached"},
        set(),
    ),
    "an argmax that selects cuts": (
        recipe(("linear", 0, 0, 0), ("select", 0, 0, 0)),
        {"lin0.weight": "cut", "lin0.bias": "cut"},
        set(),
    ),
    "a copy of a layer cuts the layer, not its input": (
        recipe(("linear", 0, 0, 0), ("deep_copy", 0, 0, 1)),
        {"lin0.weight": "reached", "lin1.weight": "cut", "lin1.bias": "cut"},
        set(),
    ),
    "a function that gives None for one input cuts that one": (
        recipe(("linear", 0, 0, 0), ("parameter", 1, 1, 0), ("blind_function", 0, 1, 2)),
        {"p1": "reached", "lin0.weight": "cut"},
        set(),
    ),
    "a buffer written under no_grad cuts what was written": (
        recipe(("linear", 0, 0, 0), ("buffer_write", 0, 0, 2), ("parameter", 3, 0, 0)),
        {"lin0.weight": "cut", "p1": "reached"},
        set(),
    ),
    "a detached alias that is written to cuts what was written": (
        recipe(("linear", 0, 0, 0), ("parameter", 1, 0, 0), ("data_write", 0, 1, 3)),
        {"lin0.weight": "cut", "p1": "reached"},
        set(),
    ),
}


@functools.cache
def known(name: str) -> tuple[Truth, Judgement]:
    """The truth of a program, and the right judgement."""
    truth = Truth(compose(KNOWN[name][0]))
    return truth, right(truth)


@pytest.mark.parametrize("name", KNOWN)
def test_the_oracle_agrees_with_answers_known_by_hand(name):
    program, verdicts, partial = KNOWN[name]
    truth, _ = known(name)
    assert {name: truth.verdicts[name] for name in verdicts} == {
        name: {verdict} for name, verdict in verdicts.items()
    }, program
    assert {name for name, flag in truth.partial.items() if flag} == partial


@pytest.mark.parametrize("name", KNOWN)
def test_the_oracle_accepts_the_right_judgement(name):
    truth, judgement = known(name)
    assert truth.complaints(judgement) == []


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_the_oracle_rejects_every_wrong_verdict(name, parameter):
    truth, judgement = known(name)
    for verdict in {"reached", "zero", "frozen", "cut", "unused"} - truth.verdicts[parameter]:
        wrong = replace(judgement, verdicts={**judgement.verdicts, parameter: verdict})
        assert any(parameter in complaint for complaint in truth.complaints(wrong))


def test_the_oracle_rejects_a_cut_that_is_not_named():
    truth = Truth(compose(KNOWN["detach cuts what lies before it"][0]))
    assert any(
        "not named" in complaint for complaint in truth.complaints(replace(right(truth), cuts=()))
    )


def test_the_oracle_rejects_a_line_that_severs_nothing():
    truth = Truth(compose(KNOWN["a number that is only looked at severs nothing"][0]))
    false = NamedCut("item", line_of(truth, "log ="), ("lin0.weight",))
    assert any(
        "severs nothing" in complaint
        for complaint in truth.complaints(replace(right(truth), cuts=(false,)))
    )


def test_the_oracle_rejects_a_wrong_kind():
    truth = Truth(compose(KNOWN["detach cuts what lies before it"][0]))
    judgement = right(truth)
    wrong = replace(judgement, cuts=(replace(judgement.cuts[0], kind="item"),))
    assert any("said item" in complaint for complaint in truth.complaints(wrong))


def test_the_oracle_rejects_a_wrong_partial_flag():
    truth = Truth(compose(KNOWN["beside a live route it makes partial"][0]))
    judgement = right(truth)
    wrong = replace(judgement, partial={**judgement.partial, "lin0.weight": False})
    assert any("said not partial" in complaint for complaint in truth.complaints(wrong))


def test_the_oracle_rejects_a_cut_that_lies_behind_another_as_the_first():
    truth = Truth(
        compose(
            recipe(
                ("linear", 0, 0, 0),
                ("detach", 0, 0, 0),
                ("activation", 0, 0, 0),
                ("data_read", 0, 0, 0),
            )
        )
    )
    judgement = right(truth)
    first, second = (truth.program.sites[number].line for number in sorted(truth.sites))
    (cut,) = judgement.cuts
    assert (cut.line, cut.also) == (first, (second,))
    wrong = replace(judgement, cuts=(replace(cut, kind="data", line=second, also=(first,)),))
    assert any("not the first" in complaint for complaint in truth.complaints(wrong))


def test_the_oracle_rejects_a_parameter_that_does_not_lie_behind_the_cut():
    truth = Truth(compose(KNOWN["detach cuts what lies before it"][0]))
    judgement = right(truth)
    wrong = replace(
        judgement,
        cuts=(
            replace(judgement.cuts[0], parameters=("lin1.weight", *judgement.cuts[0].parameters)),
        ),
    )
    assert any("does not sever lin1.weight" in complaint for complaint in truth.complaints(wrong))


@pytest.mark.parametrize("operation", STEPS)
def test_every_kind_of_step_is_legal_and_neutralising_it_keeps_the_loss(operation):
    around = ("linear", 0, 0, 0), ("mix", 0, 1, 0)
    made = (
        compose(recipe(*around, (operation, 0, 1, choice), around[1], seed=3))
        for choice in range(35)
    )
    for program in {tuple(program.lines): program for program in made}.values():
        truth = Truth(program)
        assert set(truth.healed) == set(PARAMETERS)


# gradviz against the oracle


# Shortened to what matters
ONCE_WRONG = [
    recipe(("grad_disabled", 0, 0, 0), ("detach_", 0, 0, 0)),
    recipe(("grad_disabled", 0, 0, 0), ("detach_", 0, 0, 0), ("linear", 0, 0, 1)),
    recipe(("linear", 0, 0, 0), ("detach_", 0, 0, 0), ("detach_", 0, 0, 0)),
    recipe(("linear", 0, 0, 0), ("detach_", 0, 0, 0), frozen=("lin0",)),
    # The oracle was wrong here: what is written over as a whole severs nothing
    recipe(
        ("state_dict", 1, 2, 3),
        ("data_write", 3, 4, 28),
        ("data_write", 2, 1, 34),
        ("data_write", 1, 6, 23),
        ("data_write", 1, 6, 23),
        frozen=("lin2",),
        seed=49,
    ),
]


@pytest.mark.parametrize("program", [compose(steps) for steps in ONCE_WRONG])
def test_gradviz_judges_right_what_it_once_judged_wrongly(program):
    assert Truth(program).complaints(gradviz_judge(program)) == []


@pytest.mark.parametrize("part", range(max(2, PROGRAMS // 250)))
def test_gradviz_judges_random_programs_right(part):
    """The seed is fixed, so that every run sees the same programs, unless others are asked for.

    In parts, so that they can run side by side.
    """

    @seed(1000 * OTHERS + part)
    @settings(
        max_examples=PROGRAMS // max(2, PROGRAMS // 250),
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(recipes())
    def judged_right(recipe):
        program = compose(recipe)
        complaints = Truth(program).complaints(gradviz_judge(program))
        assert not complaints, "\n".join([*complaints, "", str(recipe)])

    judged_right()
