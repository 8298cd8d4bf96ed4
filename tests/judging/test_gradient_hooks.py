"""Hooks that turned gradient into zeros, in the graph as the operations that sever."""

import pytest
import torch
from torch import nn

import gradviz
from gradviz.graph import CutKind, Verdict


def zeros(module, came, went=None):
    return tuple(None if gradient is None else gradient * 0 for gradient in came)


def cut_by(register, *, before):
    """Return the operation and the code of the cut that a hook makes in front of or behind an
    inner layer.
    """
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1))
    handle = None
    if before:
        handle = register(model)
    try:
        with gradviz.trace() as trace:
            if not before:
                handle = register(model)
            loss = model(torch.ones(1, 2)).sum()
            loss.backward()
        (cut,) = trace.report(loss, model).cuts
    finally:
        handle.remove()
    return cut.operation, cut.code


FULL, PRE = "register_full_backward_hook", "register_full_backward_pre_hook"


@pytest.mark.parametrize("name", [FULL, PRE])
def test_a_hook_is_named_by_the_line_that_registered_it(name):
    operation, code = cut_by(lambda model: getattr(model[1], name)(zeros), before=False)
    assert operation == f"{name}()"
    assert "getattr(model[1], name)(zeros)" in code


@pytest.mark.parametrize("name", [FULL, PRE])
def test_a_hook_from_before_the_trace_is_named_by_its_own_line(name):
    operation, code = cut_by(lambda model: getattr(model[1], name)(zeros), before=True)
    assert operation == f"{name}()"
    assert code.startswith("def zeros(")


def test_a_hook_of_all_modules_is_named_by_its_own_line():
    def of_the_middle(module, came, went):
        return zeros(module, came) if getattr(module, "out_features", 0) == 2 else None

    _, code = cut_by(
        lambda model: nn.modules.module.register_module_full_backward_hook(of_the_middle),
        before=False,
    )
    assert code.startswith("def of_the_middle(")


def test_hooks_of_a_layer_on_both_sides_are_two_cuts():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1))
    with gradviz.trace() as trace:
        model[2].register_full_backward_pre_hook(lambda module, came: (came[0] * 0,))
        model[1].register_full_backward_hook(lambda module, came, went: (came[0] * 0,))
        loss = model(torch.ones(1, 2)).sum()
        loss.backward()
    report = trace.report(loss, model)
    assert [cut.operation for cut in report.parameters["2.weight"].cuts] == [f"{PRE}()"]


def births_behind(hook, step):
    weight = nn.Parameter(torch.tensor([0.0, 4.0]))
    with gradviz.trace() as trace:
        values = weight * 1
        values.register_hook(hook)
        loss = step(values).sum()
        loss.backward()
    report = trace.report(loss, {"weight": weight})
    return report, [birth.operation for birth in report.births]


@pytest.mark.parametrize("hook", [torch.nan_to_num, lambda g: g.clamp(-1, 1)])
def test_a_birth_that_a_hook_hides_is_named(hook):
    report, operations = births_behind(hook, torch.sqrt)
    assert operations == ["sqrt"]
    assert report.births[0].parameters == ()
    assert report.parameters["weight"].verdict is Verdict.REACHED
    assert "A step with it" not in "".join(report.notes)


def test_zeros_that_a_hook_makes_of_nan_are_told_with_what_comes_in():
    report, operations = births_behind(torch.zeros_like, torch.sqrt)
    assert operations == ["sqrt"]
    assert "which is NaN or infinite where it comes in" in report.parameters["weight"].zero.why


def test_a_hook_that_clips_what_is_finite_hides_nothing():
    _, operations = births_behind(lambda g: g.clamp(-1, 1), torch.square)
    assert operations == []


def kept(gradient):
    return gradient * 2


def dropped(gradient):
    return gradient * 0


def spoiled(gradient):
    return gradient / 0


def hooked(*hooks, at_once=False):
    """Return the report of a step with hooks on a value, each registered at a line of its own."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with gradviz.trace() as trace:
        hidden = model[0](torch.ones(1, 2))
        if at_once:
            for hook in hooks:
                hidden.register_hook(hook)
        else:
            hidden.register_hook(hooks[0])
            hidden.register_hook(hooks[1])
        loss = model[1](hidden).sum()
        loss.backward()
    return trace.report(loss, model)


@pytest.mark.parametrize("hooks", [(kept, dropped), (dropped, kept)])
def test_of_two_hooks_none_is_accused_and_both_lines_are_told(hooks):
    report = hooked(*hooks)
    (cut,) = report.cuts
    zero = report.parameters["0.weight"].zero
    assert (cut.operation, cut.line, zero.place) == ("register_hook()", 0, None)
    first, second = (
        line.rpartition(":")[2] for line in zero.why.split(" replaces")[0].split(" and ")
    )
    assert zero.why.startswith(f"one of the hooks registered at {__file__}:")
    assert int(second) == int(first) + 1


@pytest.mark.parametrize("hooks", [(kept, spoiled), (spoiled, kept)])
def test_of_two_hooks_none_is_said_to_bear_infinity(hooks):
    (birth,) = hooked(*hooks).births
    assert birth.place is None
    assert birth.why == "what comes to the hooks is finite, and what leaves them is not"
    assert birth.mend.startswith(f"Look at what each computes of those registered at {__file__}:")


def test_hooks_from_one_line_are_told_by_it():
    assert [cut.code for cut in hooked(kept, dropped, at_once=True).cuts] == [
        "hidden.register_hook(hook)"
    ]
    (birth,) = hooked(kept, spoiled, at_once=True).births
    assert birth.place.code == "hidden.register_hook(hook)"


def test_hooks_that_spoil_nothing_are_not_told():
    report = hooked(kept, kept)
    assert (report.cuts, report.births) == ((), ())


def test_of_two_hooks_of_a_module_none_is_accused():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1))
    with gradviz.trace() as trace:
        model[1].register_full_backward_hook(zeros)
        model[1].register_full_backward_hook(lambda module, came, went: None)
        loss = model(torch.ones(1, 2)).sum()
        loss.backward()
    (cut,) = trace.report(loss, model).cuts
    assert (cut.operation, cut.line) == ("register_full_backward_hook()", 0)


def to_zeros(gradients, after=None):
    return tuple(gradient * 0 for gradient in gradients)


def cut_at_the_node(register):
    """Return the cuts that a hook on the node between two layers makes, as operation and code."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with gradviz.trace() as trace:
        hidden = model[0](torch.ones(1, 2)).exp()
        register(hidden.grad_fn)
        loss = model[1](hidden).sum()
        loss.backward()
    return [(cut.operation, cut.code) for cut in trace.report(loss, model).cuts]


def by_name(node):
    node.register_prehook(to_zeros)


def test_a_hook_on_a_node_is_named_by_the_line_that_registers_it():
    assert cut_at_the_node(by_name) == [("register_prehook()", "node.register_prehook(to_zeros)")]
    ((operation, code),) = cut_at_the_node(
        lambda node: node.register_hook(lambda came, went: (came[0] * 0,))
    )
    assert operation == "register_hook()"
    assert "lambda node: node.register_hook(" in code


def test_a_hook_on_a_node_that_looks_on_cuts_nothing():
    sizes = []
    assert not cut_at_the_node(lambda node: node.register_prehook(lambda came: sizes.append(came)))
    assert not cut_at_the_node(lambda node: node.register_hook(lambda *both: sizes.append(both)))
    assert len(sizes) == 2


def look_on(gradients, after=None):
    """Change nothing."""


def innocent(step):
    """Return whether no hook is accused of the zeros that a step makes."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with gradviz.trace() as trace:
        loss = step(model[0](torch.ones(1, 2)) * 2, model)
        loss.backward()
    report = trace.report(loss, model)
    assert report.parameters["0.weight"].verdict is Verdict.ZERO
    return not any(cut.kind is CutKind.HOOK for cut in report.cuts)


@pytest.mark.parametrize("before", [True, False])
def test_a_hook_that_looks_on_is_not_accused_of_ways_that_cancel(before):
    def step(hidden, model):
        register = hidden.grad_fn.register_prehook if before else hidden.register_hook
        register(look_on)
        return hidden.sum() - hidden.clone().sum() + model[1].weight.sum()

    assert innocent(step)


def test_a_hook_is_accused_where_several_ways_come_to_it_that_do_not_cancel():
    def step(hidden, model):
        hidden.register_hook(dropped)
        return (hidden.sum() - 2 * hidden.sum()) + model[1](hidden.detach()).sum()

    assert not innocent(step)


def test_a_hook_that_looks_on_is_not_accused_of_a_derivative_that_is_zero():
    def step(hidden, model):
        rounded = torch.round(hidden)
        rounded.grad_fn.register_hook(look_on)
        return model[1](rounded).sum()

    assert innocent(step)


def test_a_hook_that_looks_on_is_not_accused_of_what_one_on_the_node_does():
    def step(hidden, model):
        hidden.register_hook(kept)
        hidden.grad_fn.register_prehook(to_zeros)
        return model[1](hidden).sum()

    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with gradviz.trace() as trace:
        loss = step(model[0](torch.ones(1, 2)) * 2, model)
        loss.backward()
    assert [cut.operation for cut in trace.report(loss, model).cuts] == ["register_prehook()"]


def test_a_hook_is_told_by_the_line_that_was_seen_and_not_by_its_name():
    def add(node, function):
        node.register_prehook(function)

    def install(node):
        def look_on(gradients):
            return to_zeros(gradients)

        (torch.ones(1, requires_grad=True) * 1).grad_fn.register_prehook(globals()["look_on"])
        add(node, look_on)

    assert cut_at_the_node(install) == [("register_prehook()", "node.register_prehook(function)")]
