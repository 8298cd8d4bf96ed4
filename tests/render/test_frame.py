"""A report as the columns of a table: a row for each call and parameter."""

from dataclasses import replace

from graphs import none

from gradviz.facts.parameters import Parameters
from gradviz.render.frame import columns


def measured():
    report = none()
    parameters = tuple(
        replace(parameter, gradient_norm=0.5) for parameter in report.parameters.values()
    )
    return replace(report, parameters=Parameters(parameters))


def test_every_column_has_a_value_for_every_row():
    table = columns(measured())
    assert {len(column) for column in table.values()} == {6}
    assert table["parameter"] == [*none().parameters]
    assert {*table["gradient_norm"]} == {0.5}
    assert {*table["verdict"]} == {"reached"}


def test_without_a_measured_gradient_there_are_columns_and_no_rows():
    table = columns(none())
    assert {len(column) for column in table.values()} == {0}
    assert {"call", "parameter", "verdict", "gradient_norm"} <= table.keys()
