"""What the user's own code reads inside a call of torch's."""

import pytest
import torch
from torch import Tensor, nn

import gradviz

held = {}


@torch.library.custom_op("gradviz_called_back::scaled", mutates_args=())
def scaled(x: Tensor) -> Tensor:
    return x * held["model"].scale.detach()


@torch.library.custom_op("gradviz_called_back::shifted", mutates_args=("x",))
def shifted(x: Tensor) -> None:
    x += held["model"].scale.item()


@torch.library.custom_op("gradviz_called_back::given", mutates_args=())
def given(x: Tensor, scale: Tensor) -> Tensor:
    return x * scale


def _keep(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def _both(context, gradient):
    x, scale = context.saved_tensors
    return gradient * scale, (gradient * x).sum()


scaled.register_autograd(lambda context, gradient: gradient)
given.register_autograd(_both, setup_context=_keep)


class Net(nn.Module):
    def __init__(self, way):
        super().__init__()
        self.way, self.layer, self.out = way, nn.Linear(4, 3), nn.Linear(3, 1)
        self.scale, self.spare = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.out(self.way(self, self.layer(x)))


def applied(net, h):
    return h * torch.ones(3).apply_(lambda value: value * net.scale.item())


def mapped(net, h):
    return h * torch.ones(3).map_(torch.ones(3), lambda a, b: a + b * float(net.scale))


def shifts(net, h):
    noise = torch.zeros(3)
    shifted(noise)
    return h + noise


class Scales:
    """Numbers that are read of a parameter as they are asked for."""

    def __len__(self):
        return 3

    def __getitem__(self, place):
        if place > 2:
            raise IndexError
        return held["model"].scale.item()


UNSEEN = {
    "what a tensor is made of": lambda net, h: h * torch.tensor(Scales()),
    "an operator's body": lambda net, h: scaled(h),
    "an operator by its name": lambda net, h: torch.ops.gradviz_called_back.scaled(h),
    "an operator that writes": shifts,
    "apply_": applied,
    "map_": mapped,
}
SEEN = {
    "given to an operator": (lambda net, h: given(h, net.scale), "reached"),
    "apply_ reads nothing": (lambda net, h: h * torch.ones(3).apply_(lambda a: a + 1), "unused"),
    "given to apply_ already": (lambda net, h: h * net.scale, "reached"),
}


def report_of(way):
    net = Net(way)
    held["model"] = net
    with gradviz.trace() as trace:
        loss = net(torch.randn(5, 4)).sum()
        loss.backward()
    report = trace.report(loss, net)
    assert report.parameters["layer.weight"].verdict == "reached"
    return report


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
@pytest.mark.parametrize("way", UNSEEN)
def test_what_the_code_inside_a_call_may_read_is_not_called_unused(way):
    report = report_of(UNSEEN[way])
    assert report.parameters["scale"].uncertain
    assert any("scale" in note and "cannot be seen" in note for note in report.notes)


@pytest.mark.parametrize("way", SEEN)
def test_what_is_given_to_a_call_or_read_by_none_is_known(way):
    make, verdict = SEEN[way]
    report = report_of(make)
    assert report.parameters["scale"].verdict == verdict
    assert not report.parameters["scale"].uncertain
    assert report.parameters["spare"].verdict == "unused"
    assert not report.parameters["spare"].uncertain
