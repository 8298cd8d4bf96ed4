"""The table of costs has straight columns and sizes that read well."""

import pytest

from gradviz.costing.table import lined_up, size


def test_names_are_to_the_left_and_numbers_to_the_right():
    assert lined_up([("way", "nodes"), ("none", "12"), ("no_grad", "7")]) == (
        "way      nodes\nnone        12\nno_grad      7\n"
    )


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 1024**3, "5 GiB")]
)
def test_sizes_are_told_in_the_largest_unit_that_fits(count, words):
    assert size(count) == words


def test_sizes_and_columns_are_for_people():
    assert [size(12), size(1536), size(3 * 1024**3)] == ["12 B", "1.5 KiB", "3 GiB"]
    assert lined_up([("way", "n"), ("a", "100")]) == "way    n\na    100\n"
