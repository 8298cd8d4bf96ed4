"""A module's attribute requires_grad thaws nothing, which is told of what was meant to train."""

import pytest
from torch import nn

from gradviz.facts.evidence import Evidence, Stepper
from gradviz.graph import Parameter, Place, Verdict
from gradviz.training.switched import (
    Switches,
    explain_switched,
    switched_in_vain,
    switching_line,
)

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


def test_the_innermost_module_that_has_the_attribute_is_found():
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.Linear(2, 2))
    net.requires_grad = net[0].requires_grad = True
    switches = Switches()
    switches.look(net, {id(net): "net", id(net[0]): "net.0"})
    assert switches.above("net.0.0.weight") == "net.0"
    assert switches.above("net.1.weight") == "net"
    assert switches.above("network.1.weight") is None
    switches.look(None, {})


def test_the_call_that_thaws_is_named():
    means, mend = explain_switched([Evidence(name="net.body.weight", switched="net.body")])
    assert means.startswith("net.body.requires_grad = True sets an attribute")
    assert "net.body.requires_grad_(True)" in mend
    assert explain_switched([Evidence(name="net.body.weight")]) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("net.body.requires_grad = False\nself.net.body.requires_grad = True\n", 2),
        ("body.requires_grad = True\n", 1),
        ("net.head.requires_grad = True\n", None),
        ("body.requires_grad = True\n" * 2, None),
    ],
)
def test_the_only_line_that_can_have_set_it_is_found(text, line, tmp_path):
    file = tmp_path / "own.py"
    file.write_text(text)
    place = switching_line("net.body", lambda: [str(file)])
    assert (place and place.line) == line
    assert switching_line(None, lambda: [str(file)]) is None
