"""A traced step computes what the untraced step computes, bit for bit, and a trace leaves nothing
behind.
"""

import copy
import gc
import os
import warnings
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import _get_current_function_mode_stack
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

import gradviz
import real_models
from untouched import compare, everything, hooks_of, seed


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="gradviz stopped watching")
        yield
    torch.set_grad_enabled(True)


@pytest.mark.parametrize("name", real_models.STEPS)
def test_a_traced_real_model_computes_what_it_computes_untraced(name):
    compare(real_models.STEPS[name])


@pytest.mark.parametrize("name", real_models.STEPS)
def test_a_backward_and_an_optimizer_step_inside_the_trace_change_nothing(name):
    def step():
        loss, model = real_models.STEPS[name]()
        optimizer = torch.optim.SGD(
            [p for p in model.parameters() if p.requires_grad], lr=0.1, momentum=0.9
        )
        for _ in range(2):
            loss.backward(retain_graph=True)
        optimizer.step()
        return loss, model

    seed()
    plain = everything(*step())
    seed()
    with gradviz.trace():
        traced = everything(*step())
    assert traced == plain


def test_the_comparison_can_fail():
    calls = []

    def step():
        model = nn.Linear(2, 1)
        calls.append(1)
        return model(torch.ones(1, 2)).sum() + (1e-3 if len(calls) > 1 else 0.0), model

    with pytest.raises(AssertionError, match="loss"):
        compare(step)


def test_gradients_that_were_there_stay_the_same_objects():
    model = nn.Linear(3, 2)
    model(torch.ones(1, 3)).sum().backward()
    before = {name: (p.grad, p.grad.clone()) for name, p in model.named_parameters()}
    with gradviz.trace() as trace:
        loss = model(torch.ones(4, 3)).pow(2).mean()
    trace.report(loss, model)
    for name, p in model.named_parameters():
        assert p.grad is before[name][0]
        assert torch.equal(p.grad, before[name][1])


# Nothing stays patched or hooked

WATCHED = {
    "torch": torch,
    "torch.Tensor": Tensor,
    "torch.nn.Parameter": nn.Parameter,
    "torch.nn.parameter": torch.nn.parameter,
    "torch.nn.Module": nn.Module,
    "torch.nn.functional": F,
    "torch.autograd": torch.autograd,
    "torch.autograd.function": torch.autograd.function,
    "torch.autograd.Function": torch.autograd.Function,
    "torch.autograd.graph": torch.autograd.graph,
    "torch.autograd.grad_mode": torch.autograd.grad_mode,
    "torch._C": torch._C,
    "torch._C._autograd": torch._C._autograd,
    "torch.nn.modules.module": torch.nn.modules.module,
    "torch.optim.Optimizer": torch.optim.Optimizer,
    "torch.utils.checkpoint": torch.utils.checkpoint,
    "torch.distributed": torch.distributed,
    "copy": copy,
    "math": __import__("math"),
    "numpy": np,
    "builtins": __import__("builtins"),
    "warnings": warnings,
}
TABLES = [
    name
    for name, value in vars(torch.nn.modules.module).items()
    if name.startswith("_global") and isinstance(value, dict)
]


def surroundings():
    stance = vars(torch._dynamo.eval_frame._stance)  # first, as it loads what is looked at then
    found = {name: dict(vars(where)) for name, where in WATCHED.items()}
    found["torch.nn.modules.module"] |= {
        table: dict(vars(torch.nn.modules.module)[table]) for table in TABLES
    }
    found["modes"] = {
        "function": list(_get_current_function_mode_stack()),
        "dispatch": list(_get_current_dispatch_mode_stack()),
    }
    found["grad mode"] = {
        "enabled": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
    }
    found["stance"] = {"stance": stance}
    found["saved tensors"] = {"top": torch._C._autograd._top_saved_tensors_default_hooks(True)}
    return found


def differences(before, after):
    found = []
    for where, names in before.items():
        for name in names.keys() | after[where].keys():
            old, new = names.get(name), after[where].get(name)
            if old is not new and not (
                isinstance(old, (dict, list, bool, str, int, type(None))) and old == new
            ):
                found.append(f"{where}.{name}")
    return sorted(found)


class BrokenError(Exception):
    """What the user's step raises."""


def plain_step():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    hidden = model[:3](torch.randn(5, 4))
    number = 0.1 * hidden.mean().item()
    array = torch.from_numpy(hidden.detach().numpy() * 2.0)
    with torch.no_grad():
        model[1].running_mean.add_(hidden.mean(0))
    loss = model[3](hidden).sum() + number + array.sum() + copy.deepcopy(model[3])(hidden).sum()
    return loss, model


def raising_step():
    plain_step()
    raise BrokenError("the user's own error")


def warm_up():
    with gradviz.trace() as trace:
        loss, model = plain_step()
    trace.report(loss, model)


def test_after_the_trace_and_the_report_nothing_is_patched():
    warm_up()
    before = surroundings()
    with gradviz.trace() as trace:
        loss, model = plain_step()
    assert differences(before, surroundings()) == []
    trace.report(loss, model)
    assert differences(before, surroundings()) == []


def test_after_a_step_that_raises_nothing_is_patched_and_the_error_is_the_users_own():
    warm_up()
    before = surroundings()
    with pytest.raises(BrokenError, match="the user's own error") as caught, gradviz.trace():
        raising_step()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert caught.traceback[-1].name == "raising_step"
    assert differences(before, surroundings()) == []


@pytest.mark.parametrize("where", ["torch.Tensor", "torch.nn.modules.module", "copy"])
def test_a_patch_that_is_left_would_be_found(where, monkeypatch):
    before = surroundings()
    monkeypatch.setattr(WATCHED[where], "left_behind", lambda: None, raising=False)
    assert differences(before, surroundings()) == [f"{where}.left_behind"]


def test_a_trace_leaves_no_hook_on_nodes_tensors_or_modules():
    with gradviz.trace() as trace:
        loss, model = plain_step()
    trace.report(loss, model)
    assert not any(hooks_of(model).values())
    assert not loss._backward_hooks
    assert not any(vars(module).get("forward") for module in model.modules())


# Nothing is kept alive


class Watch:
    """Weak references to everything that a step makes."""

    def __init__(self):
        self.references = []

    def see(self, *things):
        for thing in things:
            self.references.append(weakref.ref(thing))
            if isinstance(thing, Tensor):
                self.references.append(weakref.ref(thing.untyped_storage()))

    def alive(self):
        gc.collect()
        return [
            type(thing).__name__
            for reference in self.references
            if (thing := reference()) is not None
        ]


class Payload(torch.autograd.Function):
    """Saves a tensor, so that a node that is kept alive keeps it alive."""

    watch = None

    @staticmethod
    def forward(ctx, t):
        kept = torch.ones(1000)
        Payload.watch.see(kept)
        ctx.kept = kept
        return t * 2.0

    @staticmethod
    def backward(ctx, g):
        return g * 2.0 * ctx.kept[0]


def watched_step(watch):
    Payload.watch = watch
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    x = torch.randn(5, 4)
    hidden = Payload.apply(model[0](x))
    cut = hidden.detach() + hidden.data * hidden.mean().item()
    array = torch.from_numpy(hidden.detach().numpy() * 2.0)
    twin = copy.deepcopy(model[1])
    with torch.no_grad():
        unseen = model[0](x).tanh()
    loss = (model[1](hidden) + twin(cut) + array.sum() + unseen.sum()).sum()
    watch.see(model, model[0], model[0].weight, x, hidden, cut, array, twin, unseen, loss)
    return loss, model


def test_after_the_trace_nothing_of_the_users_is_kept_alive():
    watch = Watch()
    with gradviz.trace() as trace:
        watched_step(watch)
    assert watch.alive() == []
    assert trace is not None


def test_after_the_report_nothing_of_the_users_is_kept_alive():
    watch = Watch()
    with gradviz.trace() as trace:
        loss, model = watched_step(watch)
    report = trace.report(loss, model)
    assert watch.alive()
    del loss, model
    assert watch.alive() == []
    assert trace is not report


def test_after_a_step_that_raises_nothing_of_the_users_is_kept_alive():
    watch = Watch()

    def step():
        watched_step(watch)
        raise BrokenError

    trace = gradviz.trace()
    try:
        with trace:
            step()
    except BrokenError:
        pass
    assert watch.alive() == []
    assert trace is not None


@pytest.mark.parametrize("name", ["gpt2", "lstm", "u_net", "peft_lora", "llama_with_checkpoints"])
def test_a_real_model_is_not_kept_alive(name):
    watch = Watch()
    with gradviz.trace() as trace:
        loss, model = real_models.STEPS[name]()
    watch.see(loss, model, *model.parameters())
    report = trace.report(loss, model)
    del loss, model
    assert watch.alive() == []
    assert trace is not report


def test_memory_does_not_grow_from_trace_to_trace():
    """Counts tensors, which a cache that grows would hold on to."""

    def tensors():
        gc.collect()
        return sum(isinstance(thing, Tensor) for thing in gc.get_objects())

    warm_up()
    before = tensors()
    for _ in range(5):
        warm_up()
    assert tensors() <= before  # what an earlier test has left may go meanwhile


def test_files_and_folders_stay_as_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    warm_up()
    assert list(Path(tmp_path).iterdir()) == []
    assert os.getcwd() == str(tmp_path)
