"""What is printed of the patches: each problem, its fix, and what that was measured to do."""

from dataclasses import replace

import pytest

from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Graph, Parameter, Place, Verdict
from gradviz.mending.effect import Effect
from gradviz.mending.mend import Mending, Stage, Tried
from gradviz.mending.problems import Problem
from gradviz.mending.search import Mend
from gradviz.mending.text import render
from gradviz.reports import Report

CUT = Cut(kind=CutKind.DETACH, operation="detach()", file="step.py", line=1)
PARAMETER = Parameter(name="a", names=("a",), numel=4, verdict=Verdict.CUT, cuts=(CUT,))
REPORT = Report(parameters=Parameters((PARAMETER,)), cuts=(CUT,), graph=Graph((), ()))


@pytest.fixture
def mending(tmp_path, monkeypatch):
    """One problem with one patch in the folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    file = str(tmp_path / "step.py")
    problem = Problem(
        kind="detach", operation="detach()", places=(Place(file, 1),), parameters=("a",)
    )
    before, after = {file: b"y = x.detach()\n"}, {file: b"y = x\n"}
    effect = Effect(reached=("a",), same_loss=True)
    mend = Mend(
        problem=problem,
        titles=("drop .detach()",),
        before=before,
        sources=after,
        effect=effect,
        soft=False,
    )
    return Mending(
        report=REPORT,
        tried=(Tried(problem=problem, mends=(mend,)),),
        originals=before,
        stages=(Stage(mends=(mend,), before=before, after=after, effect=effect, soft=False),),
        trials=3,
    )


def text(mending, **how):
    return render(mending, **how).decode()


def test_a_problem_its_fix_the_patch_and_its_effect_follow_each_other(mending):
    printed = text(mending)
    places = [
        printed.index(part)
        for part in (
            "Cut by detach() at step.py:1: a",
            "fix       drop .detach()",
            "--- a/step.py",
            "+y = x",
            "effect    gradient now reaches a",
            "The step was run 3 times.",
        )
    ]
    assert places == sorted(places)


def test_what_has_no_patch_says_so(mending):
    tried = replace(mending.tried[0], mends=())
    assert "no patch  no change that gradviz knows" in text(
        replace(mending, tried=(tried,), stages=())
    )


def test_what_another_patch_mends_too_points_to_it(mending):
    other = replace(mending.tried[0], by=mending.tried[0].problem)
    assert "with the patch for step.py:1, gradient reaches them" in text(
        replace(mending, tried=(mending.tried[0], other))
    )


def test_what_looks_meant_is_left_alone_and_named(mending):
    meant = replace(mending.tried[0], mends=(), meant=True)
    printed = text(replace(mending, tried=(meant,), stages=()))
    assert "Left alone, as it looks meant: detach() at step.py:1" in " ".join(printed.split())


def test_other_patches_are_counted_or_printed(mending):
    first = mending.tried[0]
    two = replace(mending, tried=(replace(first, mends=first.mends * 2),))
    assert "1 other change worked too: --alternatives prints it" in text(two)
    assert "instead" in text(two, alternatives=True)


def test_nothing_to_fix_is_said():
    assert "Nothing to fix was found." in text(Mending(report=REPORT, tried=(), originals={}))


def test_of_a_script_it_says_where_was_looked_where_nothing_was_found():
    found = Mending(report=REPORT, tried=(), originals={}, script=True)
    assert "found up to the first step; gradviz run watches all of a script" in text(found)
    assert "Nothing to fix was found in backward 17." in text(replace(found, backward="17"))
