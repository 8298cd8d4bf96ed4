import doctest
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import graphs
import pytest
import torch
from torch import nn

import gradviz
from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Place, Verdict, Zero
from gradviz.render import names, sentences
from gradviz.render.json import read_findings, render_json
from gradviz.render.names import by_module
from gradviz.render.sentences import headline, listing, note_text, path_and_line, starred
from gradviz.reports import Report


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("none", "All 6 parameters get gradient"),
        (
            "requires-grad",
            "4 of 6 parameters get gradient; f2 is frozen, and gradient still passes through it to f1",
        ),
        ("detach", "2 of 6 parameters get gradient; detach_() at article.py:31 cuts off f1 and f2"),
        (
            "no-grad",
            "2 of 6 parameters get gradient; torch.no_grad() at article.py:38 cuts off f1 and f2",
        ),
    ],
)
def test_the_headline_says_the_result_of_every_freeze_strategy(mode: str, sentence: str) -> None:
    assert headline(graphs.ARTICLE_MODES[mode]()) == sentence


def test_the_headline_names_each_sort_of_loss() -> None:
    assert (
        headline(graphs.every_verdict())
        == "3 of 8 parameters get gradient; item() at train.py:7 cuts off gate; stem is frozen, and"
        " gradient still passes through it to f1.weight; the gradient of codes is all zero because"
        " of round at train.py:9; aux is not used"
    )


def test_a_zero_that_passes_blames_no_line_in_the_headline() -> None:
    def of(*passing: bool) -> str:
        zeros = [
            Parameter(
                name=f"a{number}",
                verdict=Verdict.ZERO,
                zero=Zero(operation="mul", why="B is zero", place=Place("x.py", 3), passing=one),
            )
            for number, one in enumerate(passing)
        ]
        return headline(
            Report(parameters=Parameters((*zeros, Parameter(name="b", verdict=Verdict.REACHED))))
        )

    first = "1 of 2 parameters gets gradient; the gradient of a0 is all zero"
    assert of(True) == f"{first} until a factor moves that is still zero"
    assert of(False) == f"{first} because of mul at x.py:3"
    assert of(True, False).endswith("the gradient of a0 and a1 is all zero")


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ("", "No parameters were given"),
        ("r", "The only parameter gets gradient"),
        ("c", "The only parameter gets no gradient"),
        ("rr", "All 2 parameters get gradient"),
        ("cc", "None of 2 parameters gets gradient"),
        ("ccc", "None of 3 parameters gets gradient"),
        ("rcc", "1 of 3 parameters gets gradient"),
    ],
)
def test_the_headline_counts_in_proper_english(verdicts: str, sentence: str) -> None:
    kinds = {"r": Verdict.REACHED, "c": Verdict.CUT}
    parameters = Parameters(
        tuple(
            Parameter(name=f"p{number}", verdict=kinds[kind])
            for number, kind in enumerate(verdicts)
        )
    )
    assert headline(Report(parameters=parameters)) == sentence


def test_what_torch_severs_within_one_of_its_own_calls_is_no_headline() -> None:
    cut = Cut(
        kind=CutKind.NO_GRAD,
        operation="torch.no_grad()",
        file="train.py",
        line=8,
        parameters=("weight",),
        inside_library=True,
    )
    parameters = Parameters(
        (
            Parameter(name="weight", verdict=Verdict.REACHED),
            Parameter(name="bias", verdict=Verdict.REACHED),
        )
    )
    assert headline(Report(parameters=parameters, cuts=(cut,))) == "All 2 parameters get gradient"
    assert (
        headline(Report(parameters=parameters, cuts=(replace(cut, inside_library=False),)))
        == "All 2 parameters get gradient; torch.no_grad() at train.py:8 cuts one of the routes to"
        " weight, often on purpose"
    )
    number = replace(cut, inside_library=False, kind=CutKind.ITEM, operation="item()")
    assert headline(Report(parameters=parameters, cuts=(number,))).endswith("routes to weight")


def test_a_module_whose_name_is_a_number_is_not_read_as_a_count() -> None:
    frozen = Parameter(name="0.weight", verdict=Verdict.FROZEN)
    parameters = Parameters((frozen, Parameter(name="2.weight", verdict=Verdict.REACHED)))
    assert headline(Report(parameters=parameters)) == (
        "1 of 2 parameters gets gradient; 0.* is frozen"
    )


def test_a_module_stands_for_its_parameters_only_when_all_of_them_are_meant() -> None:
    among = ["enc.0.w", "enc.0.b", "enc.1.w", "head.w", "w"]
    assert tuple(by_module(["enc.0.w", "enc.0.b"], among)) == ("enc.0",)
    assert tuple(by_module(["enc.0.w", "enc.0.b", "enc.1.w", "w"], among)) == ("enc", "w")
    assert tuple(by_module(["enc.0.b", "head.w"], among)) == ("enc.0.b", "head")
    assert starred(["enc.0.w", "enc.0.b", "enc.1.w", "w"], among) == ("enc.* (3 parameters)", "w")
    assert tuple(by_module([], among)) == ()


def test_a_long_enumeration_is_cut_short_and_a_single_rest_is_not_counted() -> None:
    assert listing([]) == ""
    assert listing(["a"]) == "a"
    assert listing(list("abcd")) == "a, b, c and d"
    assert listing(list("abcde")) == "a, b, c and 2 more"


def test_a_sentence_is_one_line_whatever_the_names() -> None:
    assert headline(graphs.oddly_named()).isprintable()


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(sentences).failed == 0
    assert doctest.testmod(names).failed == 0


def test_a_line_is_named_from_the_folder_of_the_script_after_its_end_too(tmp_path, monkeypatch):
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "train.py")])
    assert path_and_line(Place(str(tmp_path / "nets" / "a.py"), 3)) == "nets/a.py:3"


NOTE = "NaN is born in the backward of sqrt at {}/nets/a.py:6 (x = load('{}/x.pt').sqrt())."


@pytest.mark.parametrize("root", ["working", "script", "packages"])
def test_a_note_names_lines_as_everything_else_does_and_leaves_code_as_it_is(
    root, tmp_path, monkeypatch
):
    if root == "working":
        monkeypatch.chdir(tmp_path)
    elif root == "script":
        monkeypatch.setattr(sys.modules["__main__"], "__file__", f"{tmp_path}/a.py", raising=False)
    folder = sysconfig.get_path("purelib") if root == "packages" else tmp_path
    shown = path_and_line(Place(f"{folder}/nets/a.py", 6))
    assert shown == "nets/a.py:6"
    note = NOTE.format(folder, folder)
    assert note_text(note) == NOTE.format(folder, folder).replace(f"{folder}/nets/a.py:6", shown)


def test_a_line_elsewhere_and_a_folder_that_begins_alike_stay_whole_in_a_note(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for place in ("/elsewhere/a.py:6", f"{tmp_path}more/a.py:6"):
        note = f"Frozen at {place} only after the loss had used them: w."
        assert note_text(note) == note


def test_a_report_prints_the_line_of_a_birth_from_the_folder_and_saves_it_in_full(monkeypatch):
    monkeypatch.chdir(Path(__file__).parent)
    weight = nn.Parameter(torch.tensor([0.0, 1.0]))
    with gradviz.trace() as trace:
        loss = (weight * 1).sqrt().sum()
        loss.backward()
    report = trace.report(loss, nn.ParameterList([weight]))
    kept = " ".join(read_findings(render_json(report)).notes)
    assert f"born in the backward of sqrt at {__file__}:" in kept
    printed = " ".join(str(report).split())
    assert f"born in the backward of sqrt at {Path(__file__).name}:" in printed
