"""Each draw is written by its name and explained as a draw."""

import pytest
import torch
from torch.distributions import Binomial, Normal
from traced import cut, through, verdict

from gradviz.causes import explain
from gradviz.causes.sampled import CAUSES
from gradviz.graph import Verdict

DRAWS = {
    "sample()": lambda hidden: Normal(hidden, 1.0).sample(),
    "multinomial()": lambda hidden: torch.multinomial(hidden.softmax(1), 1),
    "bernoulli()": lambda hidden: torch.bernoulli(hidden.sigmoid()),
    "poisson()": lambda hidden: torch.poisson(hidden.exp()),
}


@pytest.mark.parametrize("operation", DRAWS)
def test_a_draw_is_written_and_explained_as_one(operation):
    report = through(lambda hidden: DRAWS[operation](hidden))
    if verdict(report) is Verdict.ZERO:  # torch gives these a derivative, which is zero
        assert operation in ("bernoulli()", "poisson()")
        return
    assert cut(report).operation == operation
    assert "rsample()" in explain(cut(report)).mend


def test_every_draw_is_tried():
    assert set(DRAWS) == set(CAUSES[0].operations) - {"sample_n()", "binomial()"}  # below


def test_those_of_distributions_are_written_by_their_method():
    report = through(lambda hidden: Binomial(5, logits=hidden).sample())
    assert cut(report).operation == "sample()"
