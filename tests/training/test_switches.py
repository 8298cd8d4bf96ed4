"""Which modules have an attribute requires_grad, and which line gave it to them."""

import pytest
from torch import nn

from gradviz.training.switches import Switches, switching_line


def test_the_innermost_module_that_has_the_attribute_is_found():
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.Linear(2, 2))
    net.requires_grad = net[0].requires_grad = True
    switches = Switches()
    switches.look(net, {id(net): "net", id(net[0]): "net.0"})
    assert switches.above("net.0.0.weight") == "net.0"
    assert switches.above("net.1.weight") == "net"
    assert switches.above("network.1.weight") is None
    switches.look(None, {})


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
