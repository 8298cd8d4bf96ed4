"""What looks like a stop-gradient on purpose is left alone, and nothing else is."""

import pytest

from gradviz.graph import Parameter, Place, Verdict
from gradviz.mending.problems import Problem
from gradviz.mending.purpose import is_meant
from gradviz.mending.source import Source

PARAMETERS = {
    "encoder.weight": Parameter(name="encoder.weight", shape=(2, 2), verdict=Verdict.CUT),
    "head.weight": Parameter(name="head.weight", shape=(1, 2), verdict=Verdict.REACHED),
}


def meant(code, *, kind, operation, **fields):
    problem = Problem(
        kind=kind,
        operation=operation,
        places=(Place("train.py", 1, code),),
        parameters=("encoder.weight",),
        **fields,
    )
    return is_meant(problem, PARAMETERS, {"train.py": Source("train.py", code.encode())})


@pytest.mark.parametrize(
    "code",
    [
        "loss = model(embeddings, labels=labels).loss",
        "h = checkpoint(block, target, use_reentrant=True)",
        "past = checkpoint_sequential(blocks, 2, past)",
    ],
)
def test_a_checkpoint_saves_memory_and_is_never_meant_to_stop_gradient(code):
    assert not meant(code, kind="checkpoint", operation="checkpoint()")


@pytest.mark.parametrize(
    "code", ["target = encoder(x).detach()", "h = self.teacher(x).detach()", "y = ema(x).detach()"]
)
def test_a_detach_whose_line_says_what_it_is_for_is_meant(code):
    assert meant(code, kind="detach", operation="detach()")


def test_a_detach_that_cuts_what_gets_nothing_else_is_not_meant():
    assert not meant("h = encoder(x).detach()", kind="detach", operation="detach()")


def test_what_no_optimizer_holds_is_meant_whatever_its_line_says():
    assert meant("h = encoder(x).detach()", kind="detach", operation="detach()", held=False)
