"""What is written into a parameter out of autograd's sight is used in its place instead."""

import pytest
from edited import edited

from gradviz.mending.edits.written import called_with, called_with_a_vector


@pytest.mark.parametrize(
    ("write", "value"),
    [
        ("m.weight.data += b @ a", "m.weight + (b @ a)"),
        ("m.weight.data.add_(d, alpha=2)", "m.weight.add(d, alpha=2)"),
        ("m.weight.data = d * 2", "d * 2"),
        ("m.weight.data.copy_(d)", "d.expand_as(m.weight)"),
        ("m.weight -= d", "m.weight - d"),
    ],
)
def test_the_module_is_called_with_what_is_computed(write, value):
    text = f"def f(m, a, b, d, x):\n    {write}\n    return m(x)\n"
    call = 'torch.func.functional_call(m, {"weight": weight}, (x,))'
    after = f"def f(m, a, b, d, x):\n    weight = {value}\n    return {call}\n"
    assert edited(called_with, text, 2, "data") == [after]


def test_a_read_of_the_parameter_becomes_one_of_the_value_also_where_the_write_may_be_left_out():
    text = """\
        def f(self, x, weight):
            if self.merged:
                self.weight.data += weight
            return F.linear(x, self.weight, self.bias)
        """
    (after,) = edited(called_with, text, 3, "data")
    assert after.splitlines()[1:] == [
        "    live_weight = self.weight",
        "    if self.merged:",
        "        live_weight = self.weight + weight",
        "    return F.linear(x, live_weight, self.bias)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "m.weight.data += d\n",  # nothing reads it later
        "m.weight.data.add(d)\nm(x)\n",
        "h.mul_(d)\nm(x)\n",
        "m.weight.data += d\nm(x, scale=2)\n",
    ],
)
def test_what_is_no_such_write_stays(text):
    assert edited(called_with, text, 1, "data") == []


def test_a_module_is_called_with_the_parts_of_a_vector():
    text = "vector_to_parameters(f(z), net.parameters())\ny = net(x)\n"
    (after,) = edited(called_with_a_vector, text, 1, "data")
    assert after.splitlines()[0] == (
        "parts = f(z).split([parameter.numel() for parameter in net.parameters()])"
    )
    assert after.splitlines()[2] == "y = torch.func.functional_call(net, weights, (x,))"


def test_a_vector_whose_module_is_not_called_stays():
    text = "vector_to_parameters(flat, net.parameters())\n"
    assert edited(called_with_a_vector, text, 1, "data") == []
