"""What is known of an operation is found by its name alone."""

import pytest

from gradviz.recording.arithmetic.birth_causes import causes_of


@pytest.mark.parametrize(
    ("operation", "usual"),
    [
        ("linalg_inv_ex", ["a matrix that is singular"]),
        ("linalg_det", ["an overflow"]),
        ("cumprod", ["an overflow"]),
        ("pow", ["0 to a power below 1", "an overflow"]),
        ("sum", []),
    ],
)
def test_what_is_usual_of_an_operation(operation, usual):
    assert [cause.usual for cause in causes_of(operation)] == usual
