"""What backwards brought to a leaf: its norm where that is known, and whether it is zero."""

import torch
from torch import nn

import gradviz
from gradviz.graph import Verdict
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


def test_a_leaf_without_elements_is_reached_and_holds_no_zeros():
    result = Measured(arrivals={1: 0.0, 2: 0.0}, empty={1})
    assert (result.nonzero(1), result.nonzero(2)) == (None, False)


def test_a_parameter_without_elements_is_not_said_to_get_zeros():
    model = nn.ParameterDict({"no": torch.zeros(0, 4), "w": torch.ones(4, 4)})
    with gradviz.trace() as trace:
        loss = torch.cat((model["no"], torch.ones(2, 4) @ model["w"])).sum()
        loss.backward()
    parameters = trace.report(loss, model).parameters.values()
    assert [own.verdict for own in parameters] == [Verdict.REACHED] * 2
    assert [own.zero for own in parameters] == [None] * 2
