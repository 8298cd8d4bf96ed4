"""A custom Function is one operation whatever runs inside, on a torch whose ``apply`` has a frame
and on one whose ``apply`` has none.
"""

import functools
import gc
import re
import sys
import threading
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.autograd import Function
from torch.utils.checkpoint import checkpoint

import gradviz


class Rounded(Function):
    @staticmethod
    def forward(ctx, x):
        return (x.detach() * 4).round() / 4

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class RoundedInNewStyle(Function):
    @staticmethod
    def forward(x):
        return torch.tensor((x.detach() * 4).round().tolist()) / 4

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mean = inputs[0].detach().mean()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class RoundedForVmap(RoundedInNewStyle):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return (x.detach() * 4).round() / 4


class RoundedByRule(RoundedForVmap):
    generate_vmap_rule = False

    @staticmethod
    def vmap(info, in_dims, x):
        return RoundedByRule.apply(x.detach() + (x - x.detach())), in_dims[0]


class RoundedWithGradOn(Function):
    @staticmethod
    def forward(ctx, x):
        with torch.enable_grad():
            return (x.detach() * 4).round() / 4

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class RoundedByParent(Rounded):
    @staticmethod
    def forward(ctx, x):
        return Rounded.forward(ctx, x + 0.0)


class AppliesItsOwnWay(Rounded):
    @classmethod
    def apply(cls, x):
        return super().apply(x.contiguous())


class HandsOn(Function):
    @staticmethod
    def forward(ctx, x, y):
        return x, (y.detach() * 4).round() / 4

    @staticmethod
    def backward(ctx, *gradients):
        return gradients


class UnderAutocast(Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu")
    def forward(ctx, x):
        return (x.detach() * 4).round() / 4

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, gradient):
        return gradient


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


class Decorated(Function):
    @staticmethod
    @logged
    def forward(ctx, x):
        return (x.detach() * 4).round() / 4

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    @logged
    def forward(self, x):
        return self.layer(x).detach()


rounded = Rounded.apply  # bound before any trace, as most code does


def in_a_thread(x):
    found = []
    thread = threading.Thread(target=lambda: found.append(Rounded.apply(x)))
    thread.start()
    thread.join()
    return found[0]


PASSING = {
    "apply": lambda x: Rounded.apply(x),
    "apply, bound at import": lambda x: rounded(x),
    "setup_context": lambda x: RoundedInNewStyle.apply(x),
    "vmap, generated": lambda x: torch.func.vmap(RoundedForVmap.apply)(x),
    "vmap, by a rule": lambda x: torch.func.vmap(RoundedByRule.apply)(x),
    "grad mode on inside": lambda x: RoundedWithGradOn.apply(x),
    "a parent's forward called by name": lambda x: RoundedByParent.apply(x),
    "an apply of its own": lambda x: AppliesItsOwnWay.apply(x),
    "what went in, handed on": lambda x: sum(HandsOn.apply(x, x * 2)),
    "custom_fwd": lambda x: UnderAutocast.apply(x),
    "a decorated forward": lambda x: Decorated.apply(x),
    "in a thread that is not traced": in_a_thread,
    "in a reentrant checkpoint": lambda x: checkpoint(rounded, x, use_reentrant=True),
    "in a checkpoint": lambda x: checkpoint(rounded, x, use_reentrant=False),
}


@pytest.mark.parametrize("way", PASSING)
def test_what_a_function_does_inside_severs_nothing_where_it_passes_gradient(way):
    model = nn.Linear(3, 3)
    with gradviz.trace() as trace:
        loss = PASSING[way](model(torch.randn(2, 3))).pow(2).sum()
        loss.backward()
    report = trace.report(loss, model)
    assert {str(one.verdict) for one in report.parameters.values()} == {"reached"}
    assert not any(cut.parameters for cut in report.cuts)


def test_a_backward_hook_that_only_looks_severs_nothing():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].register_full_backward_hook(lambda module, went, came: None)
    with gradviz.trace() as trace:
        loss = model(torch.randn(2, 3)).pow(2).sum()
        loss.backward()
    report = trace.report(loss, model)
    assert {str(one.verdict) for one in report.parameters.values()} == {"reached"}
    assert report.cuts == ()


class Chosen(Function):
    @staticmethod
    def forward(ctx, x):
        index = x.argmax(dim=-1)
        ctx.mark_non_differentiable(index)
        return index

    @staticmethod
    def backward(ctx, gradient):
        return None


class ChosenInNewStyle(Function):
    @staticmethod
    def forward(x):
        return x.argmax(dim=-1)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx, gradient):
        return None


@pytest.mark.parametrize("function", [Chosen, ChosenInNewStyle])
def test_a_function_that_marks_its_result_severs_at_the_line_that_applies_it(function):
    model, table = nn.Linear(3, 3), nn.Embedding(3, 2)
    with gradviz.trace() as trace:
        index = function.apply(model(torch.randn(2, 3)))  # this line
        loss = table(index).sum()
    report = trace.report(loss, nn.ModuleDict({"model": model, "table": table}))
    assert str(report.parameters["model.weight"].verdict) == "cut"
    assert [(str(cut.kind), cut.code) for cut in report.cuts] == [
        ("custom_function", "index = function.apply(model(torch.randn(2, 3)))  # this line")
    ]


def test_a_forward_that_is_called_by_its_name_outside_apply_is_a_call_like_others():
    model = nn.Linear(3, 3)
    with gradviz.trace() as trace:
        loss = RoundedForVmap.forward(model(torch.randn(2, 3))).sum()
    report = trace.report(loss, model)
    assert [(str(cut.kind), cut.code, Path(cut.file).name) for cut in report.cuts] == [
        ("detach", "return (x.detach() * 4).round() / 4", Path(__file__).name)
    ]


def test_a_decorator_shared_with_a_function_makes_no_function_of_a_module():
    model = Inner()
    with gradviz.trace() as trace:
        loss = model(Decorated.apply(torch.randn(2, 3))).sum()
    report = trace.report(loss, model)
    assert [(str(cut.kind), cut.code) for cut in report.cuts] == [
        ("detach", "return self.layer(x).detach()")
    ]


def test_no_python_code_runs_as_a_function_that_was_met_goes():
    # An interrupt in it would be lost, as Python lets nothing be raised there
    def apply_once():
        class MetOnce(Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, gradient):
                return gradient * 2

        with gradviz.trace():
            MetOnce.apply(torch.ones(2, requires_grad=True)).sum()

    apply_once()
    ran, callbacks = [], gc.callbacks[:]
    gc.callbacks.clear()  # of other tests
    sys.setprofile(lambda frame, event, _: ran.append(frame.f_code) if event == "call" else None)
    try:
        gc.collect()
    finally:
        sys.setprofile(None)
        gc.callbacks[:] = callbacks
    met = [kind for kind in Function.__subclasses__() if kind.__name__ == "MetOnce"]
    ours = [code.co_qualname for code in ran if re.search("gradviz|weakref", code.co_filename)]
    assert (met, ours) == ([], [])
