"""``gradviz plot``."""

import pytest
from click.testing import CliRunner

from gradviz.cli import gradviz as command
from gradviz.facts.findings import Findings
from gradviz.render.json import render_json
from gradviz.render.series_svg import render_series_svg
from gradviz.render.series_text import render_series
from gradviz.series.data import Line, Series, Turn

NOT_MEASURED = (None, None)
SERIES = Series(
    calls=(1, 2),
    watched=2,
    losses=(1.0, 0.5),
    parameters=(
        Line(
            name="w",
            numel=4,
            norms=(1e-6, 0.5),
            ratios=NOT_MEASURED,
            weights=NOT_MEASURED,
            zeros=(0.5, 0.0),
            turns=(Turn(call=1, verdict="reached"),),
        ),
    ),
)


def test_a_saved_run_is_plotted(tmp_path) -> None:
    saved, picture = tmp_path / "run.json", tmp_path / "flow.svg"
    saved.write_text(render_json(Findings(series=SERIES)), encoding="utf-8")
    done = CliRunner().invoke(command, ["plot", str(saved), "-o", str(picture)])
    assert done.exit_code == 0, done.output
    assert picture.read_text(encoding="utf-8") == render_series_svg(SERIES)
    assert CliRunner().invoke(command, ["plot", str(saved)]).output == render_series(SERIES)


def test_a_report_without_gradient_is_not_plotted(tmp_path) -> None:
    saved = tmp_path / "run.json"
    saved.write_text(render_json(Findings()), encoding="utf-8")
    done = CliRunner().invoke(command, ["plot", str(saved)])
    assert done.exit_code == 1
    assert "no gradient of any parameter to plot" in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run.json", "-o", "flow.png"], "a plot is written to a name that ends in .svg or .txt"),
        (["no.json"], "cannot read 'no.json'"),
        (["binary.json"], "it is not text"),
    ],
)
def test_what_cannot_be_plotted_says_why(arguments, words, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    done = CliRunner().invoke(command, ["plot", *arguments])
    assert done.exit_code != 0
    assert words in str(done.exception)
