from dataclasses import replace

import pytest

from gradviz import article
from gradviz.article import comparison, follow


def gradients(mode, at="f2"):
    """The gradients by layer, where weight and bias and all their entries agree.

    Else as they are.
    """
    outcome = follow(mode, at)
    return {
        name: entries and set(entries)
        for name, entries in outcome.gradients.items()
        if name.endswith("weight")
    }


@pytest.mark.parametrize(
    ("mode", "f1", "f2", "f3"),
    [
        ("none", {6.0}, {4.0}, {5.0}),
        ("requires-grad", {6.0}, None, {5.0}),
        ("detach", None, None, {5.0}),
        ("no-grad", None, None, {5.0}),
    ],
)
def test_the_gradients_are_those_of_the_article(mode, f1, f2, f3):
    assert gradients(mode) == {"f1.weight": f1, "f2.weight": f2, "f3.weight": f3}


@pytest.mark.parametrize("at", article.LAYERS)
@pytest.mark.parametrize("mode", article.STRATEGIES)
def test_the_verdicts_are_what_backward_does(mode, at):
    outcome = follow(mode, at)
    for name, parameter in outcome.report.parameters.items():
        assert (parameter.verdict == "reached") == (outcome.gradients[name] is not None), name


@pytest.mark.parametrize("at", article.LAYERS)
@pytest.mark.parametrize(
    ("mode", "kind", "code"), [("detach", "detach_", "h.detach_()"), ("no-grad", "no_grad", None)]
)
def test_what_lies_before_a_cut_is_cut_by_the_line_that_does_it(mode, kind, code, at):
    report = follow(mode, at).report
    behind = tuple(name for name in report.parameters if name[:2] <= at)
    assert [(cut.kind, cut.parameters) for cut in report.cuts] == [(kind, behind)]
    (cut,) = report.cuts
    assert cut.file == article.__file__
    assert code is None or cut.code == code
    for name, parameter in report.parameters.items():
        assert parameter.verdict == ("cut" if name in behind else "reached")
        assert parameter.cuts == ((cut,) if name in behind else ())


@pytest.mark.parametrize("at", article.LAYERS)
def test_a_frozen_layer_cuts_nothing(at):
    report = follow("requires-grad", at).report
    assert report.cuts == ()
    assert {
        name for name, parameter in report.parameters.items() if parameter.verdict == "frozen"
    } == {f"{at}.weight", f"{at}.bias"}


def test_detaching_after_the_last_layer_leaves_a_loss_without_gradient_and_a_report_all_the_same():
    outcome = follow("detach", "f3")
    assert set(outcome.gradients.values()) == {None}
    assert {parameter.verdict for parameter in outcome.report.parameters.values()} == {"cut"}
    assert "<svg" in outcome.report.to_svg(engine="embedded")


@pytest.mark.parametrize(
    ("mode", "at", "sentence"),
    [
        (
            "requires-grad",
            "f2",
            "f1 and f3 get exactly the gradient they get without freezing; f2 gets none.",
        ),
        (
            "detach",
            "f2",
            "f3 gets exactly the gradient it gets without freezing; f1 and f2 get none.",
        ),
        (
            "no-grad",
            "f1",
            "f2 and f3 get exactly the gradient they get without freezing; f1 gets none.",
        ),
        ("detach", "f3", "f1, f2 and f3 get none."),
    ],
)
def test_the_point_is_said_in_a_sentence(mode, at, sentence):
    assert comparison(follow(mode, at), follow("none", at)) == sentence


def test_the_sentence_is_the_result_of_comparing():
    plain = follow("none")
    changed = replace(plain, gradients={**plain.gradients, "f1.weight": (6.0, 6.5)})
    assert (
        comparison(changed, plain)
        == "f2 and f3 get exactly the gradient they get without freezing; f1 gets another one."
    )
