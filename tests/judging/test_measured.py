"""What backwards brought to a leaf: its norm where that is known, and whether it is zero."""

from gradviz.judging.measured import Measured
from gradviz.recording.arithmetic.sizes import UNREAD


def test_a_size_is_the_norm_unless_it_came_in_parts_or_cannot_be_read():
    result = Measured(arrivals={1: 2.0, 2: 3.0, 3: UNREAD, 4: 0.0}, several={2, 4})
    assert result.norm(1) == 2.0
    assert result.norm(2) is None
    assert result.norm(3) is None
    assert result.norm(4) == 0.0  # parts of zeros add up to zeros
    assert result.norm(9) is None
    assert result.norm(None) is None


def test_whether_it_is_zero_is_known_of_what_can_be_read():
    result = Measured(arrivals={1: 2.0, 2: 0.0, 3: UNREAD})
    assert result.nonzero(1) is True
    assert result.nonzero(2) is False
    assert result.nonzero(3) is None
    assert result.nonzero(9) is None
    assert result.nonzero(None) is None
