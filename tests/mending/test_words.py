"""What a patch was measured to do is said in words, and no more than was measured."""

from dataclasses import replace

from gradviz.graph import Cut, CutKind, Parameter, Verdict
from gradviz.mending.effect import Effect
from gradviz.mending.words import named, paragraphs_of, sentences_of
from gradviz.reports import Report

NAMES = ("f.weight", "f.bias", "g.weight")
PARAMETERS = {name: Parameter(name=name, numel=4, verdict=Verdict.CUT) for name in NAMES}
REPORT = Report(parameters=PARAMETERS)


def test_what_is_gained_comes_first_and_what_else_changes_after_it():
    effect = Effect(reached=("f.weight", "f.bias"), changed=("g.weight",), loss=("1", "2"))
    assert sentences_of(effect, REPORT, soft=False) == [
        ("effect", "gradient now reaches f.* (2 tensors, 8 values)"),
        (
            "",
            "the loss of this step goes from 1 to 2; the gradient of g.weight (4 values) changes"
            " too",
        ),
    ]


def test_where_a_backward_raised_no_gradient_is_called_new_that_may_have_arrived():
    cut = Cut(
        kind=CutKind.NON_DIFFERENTIABLE,
        operation="backward() raised in sigmoid (changed in place since)",
        file="a.py",
        line=1,
        code="h = h.sigmoid()",
    )
    raised = replace(REPORT, cuts=(cut,))
    effect = Effect(reached=("f.bias",), same_loss=True)
    (_, words), *_rest = sentences_of(effect, raised, soft=False)
    assert words == "backward() ends without an error, and reaches f.bias (4 values)"


def test_of_a_step_that_does_not_repeat_nothing_is_said_of_the_loss():
    effect = Effect(reached=("f.bias",), same_loss=True, repeatable=False)
    assert "two runs of the unchanged step differ" in sentences_of(effect, REPORT, soft=False)[1][1]


def test_a_made_up_gradient_is_a_caution_in_a_paragraph_of_its_own():
    paragraphs = paragraphs_of(Effect(reached=("f.bias",), same_loss=True), REPORT, soft=True)
    assert paragraphs[0].startswith("Effect: gradient now reaches f.bias (4 values);")
    assert paragraphs[1].startswith("Caution: this makes up a gradient")


def test_the_size_of_a_parameter_that_the_patch_brings_is_not_made_up():
    assert named(("layers.0.weight", "layers.1.weight"), PARAMETERS) == "layers.*"


def test_what_is_used_no_more_is_said():
    effect = Effect(reached=("f.bias",), left=("g.weight",), same_loss=True)
    assert sentences_of(effect, REPORT, soft=False)[1][1] == (
        "no longer used, and no longer reached: g.weight (4 values), which were written over"
    )


def test_of_what_lay_in_a_list_all_is_named_anew_and_only_what_moves_moves():
    listed = {
        name: Parameter(name=name, numel=4, verdict=Verdict.REACHED)
        for name in ("net.parts[0].w", "net.parts[1].w", "net.parts[2].w", "net.out.w")
    }
    effect = Effect(
        held=("net.parts.1.w", "net.parts.2.w"),
        came=("net.parts.0.w", "net.parts.1.w", "net.parts.2.w"),
        gone=("net.parts[0].w", "net.parts[1].w", "net.parts[2].w"),
        same_loss=True,
    )
    said = [text for _, text in sentences_of(effect, Report(parameters=listed), soft=False)]
    assert said[:2] == [
        "the optimizer's step now moves net.parts.1..2.w",
        "net.parts[0..2].w (3 tensors, 12 values) are parameters of the model now, and named"
        " net.parts.*",
    ]
    other = replace(effect, came=("net.other.w",))
    said = [text for _, text in sentences_of(other, Report(parameters=listed), soft=False)]
    assert said[1].startswith("new among the model's parameters: net.other.")
    assert said[2].startswith("no longer among them: net.parts[0..2].w")
