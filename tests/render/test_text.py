import io
from dataclasses import replace
from textwrap import dedent

import pytest
from rich.console import Console

from gradviz.causes import EXPLANATIONS
from gradviz.facts.parameters import Parameters
from gradviz.graph import GRAD_MODES, Cut, CutKind, Leaf, Parameter, Place, Verdict, Zero
from gradviz.render.text import render_text, styled
from gradviz.reports import Report


def parameter(name, verdict, numel=3, **more):
    return Parameter(
        name=name, names=(name,), shape=(numel,), numel=numel, verdict=Verdict(verdict), **more
    )


def report(*parameters, **more):
    return Report(parameters=Parameters(parameters), **more)


def test_where_all_is_well_it_takes_one_line():
    assert (
        render_text(report(parameter("f1.weight", "reached"), parameter("f1.bias", "reached")))
        == "All 2 parameters get gradient.\n"
    )


def test_a_cut_is_told_with_its_line_what_it_prunes_what_it_means_and_what_mends_it():
    cut = Cut(
        kind=CutKind.ITEM,
        operation="item()",
        file="train.py",
        line=23,
        code="loss_adv = adv.item()",
        scope="critic",
        parameters=("critic.0.weight", "critic.0.bias", "gen.weight"),
        also=(Place("train.py", 30, "x = loss_adv.detach()"),),
    )
    told = report(
        parameter("critic.0.weight", "cut", 85_000_000, cuts=(cut,)),
        parameter("critic.0.bias", "cut", 1000, cuts=(cut,)),
        parameter("gen.weight", "reached", partial=True, cuts=(cut,)),
        parameter("gen.bias", "reached"),
        cuts=(cut,),
    )
    assert render_text(told) == dedent("""\
        2 of 4 parameters get gradient.

        Cut by item() at train.py:23, in critic
            loss_adv = adv.item()
          cuts off  critic.* (2 tensors, 85 M values)
          partial   gen.weight (3 values)
          also at   train.py:30: x = loss_adv.detach()
          means     The value became a Python number, and a number has no history: what is computed from it
                    is a constant to the loss.
          fix       Compute with the tensor, and read its number only for what is printed or logged.
        """)


def test_a_stop_gradient_with_another_route_alive_is_stated_and_not_scolded():
    cut = Cut(
        kind=CutKind.DETACH,
        operation="detach()",
        file="lib/simsiam.py",
        line=14,
        code="z = z.detach()",
        parameters=("encoder.weight", "encoder.bias"),
        caller=Place("train.py", 9, "loss = simsiam(a, b)"),
    )
    both = [parameter(name, "reached", partial=True, cuts=(cut,)) for name in cut.parameters]
    text = render_text(report(*both, parameter("head.weight", "reached"), cuts=(cut,)))
    assert text == dedent("""\
        All 3 parameters get gradient.

        Cut on one route, alive on another. That is often on purpose, as a stop-gradient.
          detach() at lib/simsiam.py:14
              z = z.detach()
            called at train.py:9: loss = simsiam(a, b)
            behind it encoder.* (2 tensors, 6 values)
        """)
    assert EXPLANATIONS[CutKind.DETACH].mend not in text


def test_a_severing_inside_of_a_library_call_that_prunes_nothing_is_none_of_the_readers_business():
    cut = Cut(
        kind=CutKind.DETACH,
        operation="detach()",
        file="torch/nn/x.py",
        line=1,
        parameters=("w",),
        inside_library=True,
    )
    text = render_text(report(parameter("w", "reached", partial=True, cuts=(cut,)), cuts=(cut,)))
    assert text == "The only parameter gets gradient.\n"


def test_zero_says_where_it_begins_and_whether_it_passes():
    begin = Zero(
        operation="mul",
        why="its other factor is all zero",
        place=Place("lora.py", 3, "return x @ A @ B"),
        passing=True,
    )
    layers = [parameter(f"layers.{i}.A", "zero", 100, zero=begin) for i in range(32)]
    assert render_text(report(*layers, parameter("B", "reached"))) == dedent("""\
        1 of 33 parameters gets gradient.

        Zero: gradient comes back to them, and all of it is zero.
          layers.* (32 tensors, 3.2 k values)
            it begins in mul at lora.py:3: its other factor is all zero
                return x @ A @ B
            It is so until that factor moves.
        """)


def test_frozen_unused_and_unoptimized_are_folded_and_stated_calmly():
    told = report(
        parameter("backbone.a.weight", "frozen", optimized=True),
        parameter("backbone.b.weight", "frozen", optimized=False),
        parameter("pooler.weight", "unused", optimized=True),
        parameter("head.weight", "reached", optimized=False),
        unregistered=(
            Leaf(name="leaf (6, 6)", shape=(6, 6), place=Place("net.py", 4, "h = x + prompt")),
        ),
        notes=("The loss was taken from the output's .loss.",),
    )
    assert render_text(told) == dedent("""\
        1 of 4 parameters gets gradient.

        Unused: their values did not go into this loss.
          pooler.weight (3 values)

        Not in any optimizer, so they keep their values:
          head.weight (3 values)

        In an optimizer, though frozen:
          backbone.a.weight (3 values)

          note      The loss was taken from the output's .loss.

        Frozen: backbone.* (2 tensors, 6 values).
        Gradient also reaches 1 tensor that is no parameter of the model, at net.py:4.
        """)


def test_what_is_frozen_is_told_with_the_line_that_froze_it_where_that_is_known():
    told = report(
        parameter(
            "backbone.a.weight",
            "frozen",
            frozen_at=Place("net.py", 7, "self.backbone.requires_grad_(False)"),
        ),
        parameter("backbone.b.weight", "frozen"),
        parameter("head.weight", "reached"),
    )
    assert render_text(told) == dedent("""\
        1 of 3 parameters gets gradient.

        Frozen: requires_grad is False, so they keep no gradient.
          backbone.a.weight (3 values)
            frozen at net.py:7
                self.backbone.requires_grad_(False)
          backbone.b.weight (3 values)
        """)


def test_several_losses_are_told_one_after_the_other():
    adversarial = report(parameter("w", "reached"), loss="adv")
    reconstruction = report(parameter("w", "unused"), loss="rec")
    assert render_text(
        replace(adversarial, losses={"adv": adversarial, "rec": reconstruction})
    ) == dedent(
        """\
        Loss adv
        The only parameter gets gradient.

        Loss rec
        The only parameter gets no gradient.

        Unused: their values did not go into this loss.
          w (3 values)
        """
    )


def test_thousands_of_parameters_stay_readable():
    frozen = [
        parameter(f"model.layers.{i}.{part}.weight", "frozen", 10**7)
        for i in range(500)
        for part in ("q", "k", "v", "o", "mlp")
    ]
    lora = [
        parameter(f"model.layers.{i}.q.{half}", "reached", 10**4)
        for i in range(500)
        for half in ("lora_A", "lora_B")
    ]
    odd = [
        parameter(f"odd{chr(97 + i)}{chr(97 + j)}", "unused") for i in range(26) for j in range(26)
    ]
    text = render_text(report(*frozen, *lora, *odd))
    assert "\nFrozen: model.layers.0..499.q.weight (500 tensors, 5.0 B values), " in text
    assert "  and 664 more parameters\n" in text
    assert len(text.splitlines()) < 40


def test_prose_is_wrapped_to_the_width_and_code_and_names_are_not():
    cut = Cut(
        kind=CutKind.NUMPY,
        operation="numpy()",
        file="a.py",
        line=1,
        code="y = " + "f(" * 50 + ")" * 50,
        parameters=("w",),
    )
    told = report(parameter("w", "cut", cuts=(cut,)), notes=("word " * 60,), cuts=(cut,))
    wide = [line for line in render_text(told, width=50).splitlines() if len(line) > 50]
    assert wide == ["    " + cut.code]


def test_a_name_cannot_move_the_cursor_or_start_a_line():
    assert "bad\\x1b[2J\\nname (3 values)" in render_text(
        report(parameter("bad\x1b[2J\nname", "unused"))
    )


def test_on_a_console_it_is_the_same_text_and_coloured_only_where_the_console_is():
    cut = Cut(
        kind=CutKind.DATA,
        operation=".data",
        file="a.py",
        line=1,
        code="y = x.data[bold]",
        parameters=("w",),
    )
    told = report(parameter("w", "cut", cuts=(cut,)), cuts=(cut,))
    plain, coloured = io.StringIO(), io.StringIO()
    Console(file=plain, soft_wrap=True).print(styled(told), end="")
    Console(file=coloured, force_terminal=True, color_system="standard", soft_wrap=True).print(
        styled(told), end=""
    )
    assert plain.getvalue() == render_text(told)
    assert "\x1b[1;31mCut by .data at a.py:1\x1b[0m" in coloured.getvalue()


@pytest.mark.parametrize("kind", CutKind)
def test_every_kind_of_cut_says_what_it_means_and_what_usually_mends_it(kind):
    explanation = EXPLANATIONS[kind]
    assert explanation.meaning.endswith(".")
    assert explanation.mend.endswith((".", "detach()."))


def test_a_checkpoint_that_cuts_is_explained_as_one_and_each_explanation_is_told_once():
    cuts = [
        Cut(kind=kind, operation=GRAD_MODES[kind], line=line, parameters=("w",))
        for line, kind in enumerate([CutKind.CHECKPOINT, CutKind.NO_GRAD] * 2)
    ]
    text = render_text(report(parameter("w", "cut"), cuts=tuple(cuts)))
    assert text.count("use_reentrant=False, which") == 1
    assert text.count("Move what should train out of the no_grad block") == 1
