"""A number that is a whole part of a path is one, and another is none."""

import pytest

from gradviz.folding.tree import NUMBER


@pytest.mark.parametrize(
    ("path", "numbers"),
    [("h.0.attn", ["0"]), ("12", ["12"]), ("h.0.1", ["0", "1"]), ("conv1.weight", []), ("h10", [])],
)
def test_a_part_of_a_path_that_is_a_number(path, numbers):
    assert NUMBER.findall(path) == numbers
