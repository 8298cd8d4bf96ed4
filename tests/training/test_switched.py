"""A module's attribute requires_grad thaws nothing, which is told of what was meant to train."""

import pytest

from gradviz.facts.evidence import Evidence, Stepper
from gradviz.graph import Parameter, Place, Verdict
from gradviz.training.switched import explain_switched, switched_in_vain

LINE = Place("own.py", 3, "net.body.requires_grad = True")


@pytest.mark.parametrize(
    ("verdict", "held", "switched", "is_told"),
    [
        (Verdict.FROZEN, True, "net.body", True),
        (Verdict.FROZEN, False, "net.body", False),
        (Verdict.REACHED, True, "net.body", False),
        (Verdict.FROZEN, True, None, False),
    ],
)
def test_what_an_optimizer_holds_was_to_be_thawed(verdict, held, switched, is_told):
    name = "net.body.weight"
    own = Evidence(
        name=name,
        verdicts=(Parameter(name=name, verdict=verdict),),
        switched=switched,
        switched_at=LINE,
    )
    stepper = Stepper(name="optimizer", kind="SGD", steps=3, held=(name,) if held else ())
    assert list(switched_in_vain([own], [stepper])) == [("frozen", LINE, [name])] * is_told


def test_the_call_that_thaws_is_named():
    means, mend = explain_switched([Evidence(name="net.body.weight", switched="net.body")])
    assert means.startswith("net.body.requires_grad = True sets an attribute")
    assert "net.body.requires_grad_(True)" in mend
    assert explain_switched([Evidence(name="net.body.weight")]) is None
