"""A package of the user's own names a cause and explains it; what it does wrong ends nothing."""

import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

import gradviz
from gradviz.causes import explain, installed
from gradviz.render.text import render_text

CAUSE = """
from gradviz import CutKind
from gradviz.causes import Cause, Explanation

def soften(x):
    return x.detach() * 0.5

def is_soften(severed):
    {look}
    return severed.function == "soften" and severed.call == "detach"

SOFTEN = Cause(
    kind=CutKind.DETACH,
    operations=("tinysoft.soften()",),
    recognises=is_soften,
    explanation=Explanation("Softening keeps the numbers alone.", "Call tinysoft.soften_live()."),
)
OTHER_KIND = Cause(
    kind=CutKind.NUMPY, operations=("tinysoft.other()",), recognises=lambda severed: True
)
NEVER = Cause(
    kind=CutKind.DETACH, operations=("tinysoft.never()",), recognises=lambda severed: False
)
ALL = [OTHER_KIND, NEVER, SOFTEN]
WORDLESS = Cause(kind=CutKind.DETACH, recognises=is_soften)
PLAIN = 3
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What installs a package that is called tinysoft."""

    def put(points: str, look: str = "pass") -> None:
        (tmp_path / "tinysoft.py").write_text(CAUSE.format(look=look), encoding="utf-8")
        folder = tmp_path / "tinysoft-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: tinysoft\nVersion: 1.0\n", encoding="utf-8"
        )
        (folder / "entry_points.txt").write_text(f"[gradviz.causes]\n{points}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        installed.cache_clear()

    yield put
    installed.cache_clear()
    sys.modules.pop("tinysoft", None)


def traced():
    """A step that goes through the package, and one that detaches by itself."""
    tinysoft = pytest.importorskip("tinysoft")
    torch.manual_seed(0)
    model = nn.ModuleDict({name: nn.Linear(3, 3) for name in ("soft", "plain", "last")})
    x = torch.randn(2, 3)
    with gradviz.trace() as trace:
        hidden = tinysoft.soften(model["soft"](x)) + model["plain"](x).detach()
        loss = model["last"](hidden).sum()
    return trace.report(loss, model)


def test_a_cut_has_the_name_and_the_text_that_its_package_gives(install):
    install("soften = tinysoft:SOFTEN")
    report = traced()
    cuts = {cut.operation: cut for cut in report.cuts}
    assert set(cuts) == {"tinysoft.soften()", "detach()"}
    cut = cuts["tinysoft.soften()"]
    assert cut.kind is gradviz.CutKind.DETACH
    assert cut.parameters == ("soft.weight", "soft.bias")
    assert explain(cut).mend == "Call tinysoft.soften_live()."
    assert "Softening keeps the numbers alone." in render_text(report)


def test_an_entry_point_may_give_several_causes_and_the_first_that_recognises_a_call_names_it(
    install,
):
    install("all = tinysoft:ALL")
    assert {cut.operation for cut in traced().cuts} == {"tinysoft.soften()", "detach()"}


def test_without_the_package_the_same_report_is_explained_by_its_kind(install):
    install("soften = tinysoft:SOFTEN")
    cut = next(cut for cut in traced().cuts if cut.operation == "tinysoft.soften()")
    (Path(sys.path[0]) / "tinysoft-1.0.dist-info" / "entry_points.txt").unlink()
    installed.cache_clear()
    assert explain(cut) is gradviz.causes.EXPLANATIONS[cut.kind]


@pytest.mark.parametrize(
    ("point", "why"),
    [
        ("tinysoft:NOTHING", "AttributeError"),
        ("no_such_module_of_ours:CAUSE", "ModuleNotFoundError"),
        ("tinysoft:WORDLESS", "ValueError: a cause of a package needs operations"),
        ("tinysoft:PLAIN", "TypeError: a gradviz.causes.Cause was expected, not a int"),
    ],
)
def test_an_entry_point_that_gives_no_cause_is_one_warning(install, point, why):
    install(f"broken = {point}")
    with pytest.warns(RuntimeWarning, match="entry point 'broken'") as caught:
        report = traced()
    assert [why in str(warning.message) for warning in caught] == [True]
    assert {cut.operation for cut in report.cuts} == {"detach()"}


def test_a_cause_that_fails_is_one_warning_and_the_cut_keeps_its_own_words(install):
    install("soften = tinysoft:SOFTEN", look="raise KeyError('look')")
    with pytest.warns(RuntimeWarning, match="KeyError: 'look'") as caught:
        report = traced()
    assert len(caught) == 1
    assert {cut.operation for cut in report.cuts} == {"detach()"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert report.parameters["soft.weight"].verdict is gradviz.Verdict.CUT
