from dataclasses import replace

import pytest

from gradviz.errors import ExpectationError
from gradviz.facts.parameters import Parameters
from gradviz.facts.several import losses_of, of_loss, own_loss, together
from gradviz.facts.training import Training
from gradviz.graph import Cut, CutKind, Parameter, Verdict
from gradviz.render.json import call_in
from gradviz.reports import Report

CUT = Cut(kind=CutKind.DETACH, operation="detach()", file="gan.py", line=3, parameters=("g.w",))


def parameter(name, verdict):
    return Parameter(name=name, verdict=Verdict(verdict), cuts=(CUT,) if verdict == "cut" else ())


def one(name, **verdicts):
    """A report of parameters ``g.w`` and ``d.w``."""
    cuts = (CUT,) if "cut" in verdicts.values() else ()
    return Report(
        loss=name,
        call=call_in(name),
        parameters=Parameters(
            tuple(parameter(f"{key}.w", verdict) for key, verdict in verdicts.items())
        ),
        cuts=cuts,
    )


def run(*calls):
    """What ``gradviz run`` writes: the last call, and every call by name."""
    last = calls[-1]
    return Report(
        loss=last.loss,
        parameters=last.parameters,
        cuts=last.cuts,
        losses={call.loss: call for call in calls},
    )


GAN = run(
    one("backward 1, errD", g="cut", d="reached"), one("backward 2, errG", g="reached", d="frozen")
)


def verdicts(report):
    return {name: str(parameter.verdict) for name, parameter in report.parameters.items()}


def test_what_one_call_of_a_run_reaches_is_reached_by_all_of_them_together():
    whole = together(GAN)
    assert verdicts(whole) == {"g.w": "reached", "d.w": "reached"}
    assert whole.cuts == (CUT,)
    assert whole.losses == GAN.losses


@pytest.mark.parametrize(
    ("first", "second", "best"),
    [
        ("zero", "reached", "reached"),
        ("cut", "zero", "zero"),
        ("frozen", "cut", "cut"),
        ("unused", "frozen", "frozen"),
    ],
)
def test_of_what_became_of_a_parameter_the_best_counts(first, second, best):
    for order in ((first, second), (second, first)):
        calls = [
            one(f"backward {number}, loss", g=verdict) for number, verdict in enumerate(order, 1)
        ]
        assert verdicts(together(run(*calls))) == {"g.w": best}


def test_a_parameter_that_only_one_call_knows_is_kept():
    assert verdicts(
        together(run(one("backward 1, a", g="reached"), one("backward 2, b", d="zero")))
    ) == {"g.w": "reached", "d.w": "zero"}


def test_losses_of_one_graph_are_judged_together_already():
    report = run(one("task", g="reached"), one("norm", g="cut"))
    assert together(report) is report


@pytest.mark.parametrize("name", ["backward 2, errG", "backward 2", "2", "errG", "*G"])
def test_a_call_is_meant_by_its_name_its_number_or_its_loss(name):
    part = of_loss(GAN, name)
    assert (part.loss, part.losses) == ("backward 2, errG", {})
    assert verdicts(part) == {"g.w": "reached", "d.w": "frozen"}


def test_a_name_that_is_there_is_no_pattern():
    assert of_loss(run(one("a[1]", g="reached"), one("a1", g="cut")), "a[1]").loss == "a[1]"


def test_a_pattern_may_mean_several():
    assert verdicts(of_loss(GAN, "err*")) == {"g.w": "reached", "d.w": "reached"}


def test_a_loss_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(
        ExpectationError,
        match=r"unknown loss: 'errE' \(there is backward 1, errD, backward 2, errG\)",
    ):
        of_loss(GAN, "errE")


def test_a_report_on_one_loss_is_its_own_only_part():
    report = one("loss", g="reached")
    assert losses_of(report) == {"loss": report}
    assert of_loss(report, "loss") == of_loss(report, None) == report


def test_the_name_of_a_loss_is_found_in_that_of_a_call():
    assert [
        own_loss(one(name)) for name in ("backward 12, errG", "torch.autograd.grad 1, a, b", "errG")
    ] == ["errG", "a, b", "errG"]


def test_what_every_call_cuts_names_the_cuts_of_all_of_them():
    last = Cut(kind=CutKind.DETACH, operation="detach()", file="gan.py", line=7)
    own = Parameter(name="g.w", verdict=Verdict.CUT, cuts=(last,))
    second = replace(one("backward 2, b"), parameters=Parameters((own,)), cuts=(last,))
    whole = together(run(one("backward 1, a", g="cut"), second))
    assert whole.parameters["g.w"].cuts == (CUT, last)


def test_whether_parameters_train_is_said_of_the_part_about_one_call_too():
    training = Training(backwards=2, steps=1, parameters=(), optimizers=(), alarms=())
    assert of_loss(replace(GAN, training=training), "errG").training == training


def test_losses_of_one_graph_are_meant_by_their_names_and_by_patterns():
    report = run(one("task", g="reached"), one("norm", g="cut"))
    assert of_loss(report, "n*").loss == "norm"


def test_what_one_call_reaches_in_part_is_partial_in_all_of_them_together():
    part = replace(parameter("g.w", "reached"), partial=True)
    first = replace(one("backward 1, a"), parameters=Parameters((part,)))
    second = one("backward 2, b", g="reached")
    for calls in ((first, second), (second, first)):
        assert together(run(*calls)).parameters["g.w"].partial is True
    assert together(run(second, second)).parameters["g.w"].partial is False
