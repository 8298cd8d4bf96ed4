"""One result of a comprehension, written with the element that it is made of."""

import ast

import pytest

from gradviz.recording.reading.picked_out import (
    at,
    goes_through_columns,
    is_sample,
    names_of_items,
    under,
)


def parsed(text):
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("{k: mean(v[-2:]) for k, v in log.items()}", "mean(log['a'][-2:])"),
        ("{k: log[k] + n for k in log}", "log['a'] + n"),
        ("{k: [v for v in log[k]] for k, v in log.items()}", "[v for v in log['a']]"),
        ("{f'm/{k}': v for k, v in log.items()}", "v"),
    ],
)
def test_a_dicts_value_is_written_with_its_key(text, written):
    assert ast.unparse(under(parsed(text), "['a']")) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("[array(z) for z in zip(*rows)]", "array(zip(*rows)[1])"),
        ("[array(z) for z in zip(*rows) if z]", "array(z)"),
        ("[array(z) for z in rows]", "array(z)"),
    ],
)
def test_a_column_is_written_with_its_place(text, written):
    assert ast.unparse(at(parsed(text), "[1]")) == written


def test_only_a_zip_of_all_rows_goes_through_columns():
    told = [
        goes_through_columns(parsed(f"[z for z in {source}]").generators[0])
        for source in ("zip(*rows)", "zip(rows, others)", "rows")
    ]
    assert told == [True, False, False]


def test_the_names_of_items_are_those_of_keys_and_values():
    assert names_of_items(parsed("[v for k, v in rows.items()]").generators[0]) == ("k", "v")
    assert names_of_items(parsed("[v for k, v in rows]").generators[0]) is None


def test_a_sample_of_a_distribution_is_none_of_rows():
    assert is_sample(parsed("random.sample(rows, k=8)"))
    assert not is_sample(parsed("normal.sample(shape)"))
