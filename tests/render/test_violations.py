"""What is not as expected is explained, as text and as annotations of a pull request."""

from dataclasses import replace

import pytest

from expected import CUT, TUNED, report
from gradviz.expecting.expectations import expect, violations
from gradviz.facts.parameters import Parameters
from gradviz.graph import Parameter, Place, Verdict, Zero
from gradviz.render.violations import render_github, render_violations
from gradviz.reports import Report

SEVERED = report(stem__weight="cut", stem__bias="cut", head__weight="reached")


def test_the_text_names_the_parameters_the_line_and_then_explains():
    text = render_violations(SEVERED, violations(SEVERED, expect()))
    assert text.startswith("""\
The gradients are not as expected.
  stem.* (2 tensors, 4 values): expected reached, found cut, by detach() at net.py:12
    if that is meant, say cut="stem.*"

1 of 3 parameters gets gradient.

Cut by detach() at net.py:12
    h = h.detach()
  cuts off  stem.* (2 tensors, 4 values)
  means     detach() returns""")


def test_the_text_tells_several_groups_below_each_other_and_where_a_zero_begins():
    zero = Zero(operation="dead_relu", why="it is", place=Place("net.py", 3))
    parameters = tuple(
        Parameter(name=name, numel=1, verdict=Verdict.ZERO, zero=zero) for name in ("a", "b")
    )
    both = Report(
        parameters=Parameters((*parameters, Parameter(name="c", verdict=Verdict.REACHED)))
    )
    lines = render_violations(both, violations(both, expect(zero="*x", reached="c"))).splitlines()
    assert lines[1:6] == [
        "  2 parameters: expected reached, found zero, from dead relu at net.py:3 on",
        "    a (1 value)",
        "    b (1 value)",
        '    if that is meant, say zero=["a", "b"]',
        "  zero: '*x' matches no parameter",
    ]


def test_a_pattern_that_matches_nothing_is_told_with_the_names_there_are_and_no_report():
    names = ("0.weight", "0.bias", "2.weight")
    several = Report(
        parameters=Parameters(
            tuple(Parameter(name=name, numel=1, verdict=Verdict.REACHED) for name in names)
        )
    )
    failed = violations(several, expect(reached=["head.*", "*"]))
    assert render_violations(several, failed) == (
        "The gradients are not as expected.\n"
        "  reached: 'head.*' matches no parameter\n"
        "    the parameters are 0.* (2 tensors, 2 values), 2.weight (1 value)\n"
    )


def test_github_gets_the_cut_on_its_line_with_everything_escaped():
    strange = replace(CUT, code="x = h.detach()  # 100%")
    parameter = Parameter(name="a", numel=1, verdict=Verdict.CUT, cuts=(strange,))
    odd = Report(parameters=Parameters((parameter,)), cuts=(strange,))
    assert (
        render_github(odd, violations(odd, expect()))
        == "::error file=net.py,line=12,title=gradviz::a (1 value): expected reached, found cut, by"
        " detach() at net.py:12%0Ax = h.detach()  # 100%25\n"
    )


def test_github_shows_a_line_of_the_repository_where_the_cut_is_in_a_library(tmp_path):
    far = replace(
        CUT,
        file="/usr/lib/dep.py",
        caller=Place(str(tmp_path / "sub, dir" / "train.py"), 7, "dep.run(h)"),
    )
    parameter = Parameter(name="a", numel=1, verdict=Verdict.CUT, cuts=(far,))
    one = Report(parameters=Parameters((parameter,)))
    assert render_github(one, violations(one, expect()), root=tmp_path).startswith(
        "::error file=sub%2C dir/train.py,line=7,title=gradviz::"
    )


def test_github_gets_paths_from_the_root_of_the_repository_also_where_the_check_runs_below_it(
    tmp_path, monkeypatch
):
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path / "model")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert render_github(SEVERED, violations(SEVERED, expect())).startswith(
        "::error file=model/net.py,line=12,title=gradviz::"
    )
    # As a worktree has it; the workspace holds several repositories
    (tmp_path / "model" / ".git").touch()
    assert render_github(SEVERED, violations(SEVERED, expect())).startswith(
        "::error file=net.py,line=12,title=gradviz::"
    )


def test_what_was_frozen_or_thawed_again_is_told_with_the_line_that_did_it():
    line = Place("net.py", 9, "net.body.requires_grad_(False)")
    frozen = Parameter(name="a", numel=1, verdict=Verdict.FROZEN, frozen_at=line)
    thawed = Parameter(
        name="b",
        numel=1,
        verdict=Verdict.REACHED,
        thawed_at=replace(line, line=20, code="net.thaw()"),
    )
    both = Report(parameters=Parameters((frozen, thawed)))
    failed = violations(both, expect(reached="a", frozen="b"))
    assert render_violations(both, failed).splitlines()[1:3] == [
        "  a (1 value): expected reached (a), found frozen, at net.py:9",
        "  b (1 value): expected frozen (b), found reached, thawed at net.py:20",
    ]
    assert render_github(both, failed).splitlines() == [
        (
            "::error file=net.py,line=9,title=gradviz::a (1 value): expected reached (a), found"
            " frozen, at net.py:9%0Anet.body.requires_grad_(False)"
        ),
        (
            "::error file=net.py,line=20,title=gradviz::b (1 value): expected frozen (b), found"
            " reached, thawed at net.py:20%0Anet.thaw()"
        ),
    ]


def test_github_gets_the_line_of_the_loss_where_no_cut_is_to_blame():
    assert (
        render_github(TUNED, violations(TUNED, expect()))
        == "::error file=train.py,line=40,title=gradviz::backbone.* (2 tensors, 4 values): expected"
        " reached, found frozen\n"
    )
    assert (
        render_github(TUNED, violations(TUNED, expect(frozen=["backbone.*", "zz"])))
        == "::error title=gradviz::frozen: 'zz' matches no parameter\n"
    )


def test_the_text_explains_what_is_not_as_expected_and_nothing_else():
    mixed = report(stem__weight="cut", body__weight="frozen", head__weight="unused")
    text = render_violations(mixed, violations(mixed, expect(cut="stem.*", frozen=[], rest="any")))
    assert "Frozen" in text
    assert "Cut by" not in text
    assert "Unused" not in text


def accepting(*names, others=(), **more):
    """What is proposed where parameters of these names are cut."""
    told = report(**dict.fromkeys(names, "cut"), **dict.fromkeys(others, "reached"))
    lines = render_violations(told, violations(told, expect()), **more).splitlines()
    return [
        line.strip().removeprefix("if that is meant, say ")
        for line in lines
        if "if that is meant" in line
    ]


def test_what_would_be_accepted_is_proposed_where_patterns_say_it_exactly():
    assert accepting("a__0__w", "a__0__b", "a__1__w", "a__1__b", others=["head"]) == ['cut="a.*"']
    layers = [f"layers__{number}__{last}" for number in range(3) for last in ("w", "b")]
    assert accepting(*layers[::2], others=["head", *layers[1::2]]) == ['cut="layers.*.w"']
    assert accepting(*layers[:2], others=["head", *layers[2:]]) == ['cut="layers.0.*"']
    assert accepting(*layers[:2], "x", others=["head", *layers[2:]], as_options=True) == [
        "--cut 'layers.0.*' --cut x"
    ]
    assert accepting(*layers[:4], others=["head", *layers[4:]]) == []


def test_nothing_is_proposed_where_something_else_was_said_of_them():
    assert "if that is meant" not in render_violations(
        SEVERED, violations(SEVERED, expect(reached="stem.*"))
    )


def test_of_a_zero_that_passes_it_is_said():
    zero = Zero(operation="zero_factor", why="it is", passing=True)
    lora = Report(parameters=Parameters((Parameter(name="A", verdict=Verdict.ZERO, zero=zero),)))
    text = render_violations(lora, violations(lora, expect(reached="A")))
    assert (
        "    it is so until a factor moves that is still zero: hold a later step, or expect zero in this one\n"
        in text
    )


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("backbone", "backbone.*"),
        ("lora_A.*", "*.lora_A.*"),
        ("lora_A", "*.lora_A.*"),
        ("*.lora_a.*", "*.lora_A.*"),
        ("bakbone.*", "backbone.*"),
        ("!bakbone.*", "backbone.*"),
        ("*", "backbone.*"),
        ("xyz", ""),
    ],
)
def test_a_pattern_that_matches_something_is_proposed(pattern, meant):
    told = report(backbone__lora_A__weight="reached", head="reached")
    found = [
        violation.meant
        for violation in violations(told, expect(frozen=pattern, rest="any"))
        if not violation.parameters
    ]
    assert found == ([] if pattern == "*" else [meant])
