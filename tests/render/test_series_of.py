"""Any report has a series: the run's own, or one of the losses that were reported on."""

from dataclasses import replace

from graphs import none

from gradviz.facts.parameters import Parameters
from gradviz.render.series_of import series_of
from gradviz.series.data import Series


def test_a_run_s_own_series_is_taken():
    own = Series()
    assert series_of(replace(none(), series=own)) is own


def test_a_report_without_a_measured_gradient_has_none():
    assert series_of(none()) is None


def test_of_one_loss_it_has_one_call():
    report = none()
    measured = Parameters(
        tuple(replace(parameter, gradient_norm=2.0) for parameter in report.parameters.values())
    )
    series = series_of(replace(report, parameters=measured))
    assert series.calls == (1,)
    assert {line.norms for line in series.parameters} == {(2.0,)}
