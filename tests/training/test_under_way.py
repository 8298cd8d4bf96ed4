"""Which steps have begun and are not over."""

import pytest
import torch
from torch import nn

from gradviz.training.under_way import UnderWay


def optimizer() -> torch.optim.SGD:
    return torch.optim.SGD(nn.Linear(1, 1).parameters(), 0.1)


def test_a_step_ends_in_the_frame_in_which_it_began() -> None:
    under_way, sgd = UnderWay(), optimizer()
    begun = under_way.begin(sgd)
    assert begun is not None
    assert (begun.optimizer, begun.skips) == (id(sgd), False)
    assert (lambda: under_way.end())() is None
    assert under_way.end() is begun
    assert under_way.end() is None


def test_a_step_inside_another_ends_before_it_and_not_inside_one_of_its_own() -> None:
    under_way, outer, inner = UnderWay(), optimizer(), optimizer()
    first = under_way.begin(outer)

    def closure() -> None:
        second = under_way.begin(inner)
        assert second is not None
        assert (lambda: under_way.begin(outer))() is None
        assert under_way.end() is second

    closure()
    assert under_way.end() is first


def test_a_step_that_raised_is_not_under_way_any_more() -> None:
    under_way, sgd = UnderWay(), optimizer()

    def raises() -> None:
        assert under_way.begin(sgd) is not None
        raise ValueError("in the step")

    with pytest.raises(ValueError, match="in the step"):
        raises()
    begun = under_way.begin(sgd)
    assert begun is not None
    assert under_way.end() is begun


def test_a_scaler_s_word_that_a_step_leaves_itself_out_is_read() -> None:
    under_way, sgd = UnderWay(), optimizer()
    sgd.found_inf = torch.tensor(1.0)  # type: ignore[attr-defined]
    begun = under_way.begin(sgd)
    assert begun is not None
    assert begun.skips
