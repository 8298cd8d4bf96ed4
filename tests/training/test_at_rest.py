"""A rate of 0 in the later half of all steps is told, where nothing else goes on."""

import pytest

from gradviz.facts.evidence import Evidence, Look, Stepper
from gradviz.graph import Place
from gradviz.training.at_rest import at_rest, explain_rest

LINE = Place("own.py", 4, "schedule = LambdaLR(optimizer, fall)")


def stepper(last, *, steps=40, held=("net.weight", "net.bias"), resting=None):
    rests = () if last is None else ((last, held if resting is None else resting),)
    return Stepper(
        name="optimizer",
        kind="SGD",
        steps=steps,
        held=held,
        rests=rests,
        schedules=(("LambdaLR", LINE),),
    )


@pytest.mark.parametrize(
    ("steppers", "is_told"),
    [
        ([stepper(8)], True),
        ([stepper(20)], True),
        ([stepper(8), stepper(5, held=("judge.weight",))], True),
        ([stepper(21)], False),
        ([stepper(None)], False),
        ([stepper(8, resting=("net.bias",))], False),
        ([stepper(8), stepper(None, held=("judge.weight",))], False),
        ([], False),
    ],
)
def test_all_that_steps_is_at_rest_for_half_of_its_steps(steppers, is_told):
    found = list(at_rest(steppers))
    assert bool(found) is is_told
    assert not found or found[0] == ("too_small", LINE, ["net.weight", "net.bias"])


@pytest.mark.parametrize("rate", [0.1, 0.0])
def test_what_never_moved_is_explained_otherwise(rate):
    own = Evidence(name="net.weight", looks=(Look(optimizer="optimizer", lr=rate, gradient=1.0),))
    explained = explain_rest([own], [stepper(8)])
    assert bool(explained) is (rate > 0)
    assert not explained or explained[0].startswith("From its step 9 to its last, 40,")
    assert explain_rest([own], [stepper(30)]) is None
