"""The backward that a step runs is watched while it runs, and computes, runs and leaves what it
does unwatched.
"""

import copy
import sys
import textwrap

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
)

import gradviz
import real_models
import warm


class Calls(TorchDispatchMode):
    """Lists the operations that reach the dispatcher.

    A copy or a buffer more would be one more of them.
    """

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(
            (str(func), [tuple(one.shape) for one in args if isinstance(one, torch.Tensor)])
        )
        return func(*args, **(kwargs or {}))


def net(dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).to(dtype)


X = torch.linspace(-1, 1, 6).reshape(2, 3)


def verdicts(report):
    return {name: str(one.verdict) for name, one in report.parameters.items()}


def left(model):
    """What a backward leaves in .grad, its memory format included."""
    return {
        name: (
            None
            if p.grad is None
            else (
                p.grad.stride(),
                p.grad.layout,
                p.grad.dtype,
                p.grad.requires_grad,
                p.grad.to_dense().tolist(),
            )
        )
        for name, p in model.named_parameters()
    }


@pytest.mark.parametrize("name", real_models.STEPS)
@pytest.mark.parametrize("again", [False, True])
def test_a_watched_backward_runs_the_same_operations_and_leaves_the_same(name, again):
    def run(step):
        torch.manual_seed(0)
        loss, model = step()
        with Calls() as calls:
            loss.backward(retain_graph=again)
            if again:
                loss.backward()
        return calls.seen, left(model), loss, model

    plain, gradients, *_ = run(real_models.STEPS[name])
    with gradviz.trace() as trace:
        watched, same_gradients, loss, model = run(real_models.STEPS[name])
    assert trace._tape.backwards[-1].observation.failure is None
    assert watched == plain
    assert same_gradients == gradients
    report = trace.report(loss, model)
    assert not [note for note in report.notes if "is rounding" not in note]
    assert {
        name
        for name, p in model.named_parameters()
        if p.grad is not None and p.grad.to_dense().any()
    } == {name for name, one in report.parameters.items() if one.verdict == "reached"}


def test_a_gradient_that_is_there_is_added_to_in_place():
    model = net()
    model(X).sum().backward()
    kept = [(p.grad, p.grad.data_ptr()) for p in model.parameters()]
    with gradviz.trace():
        model(X).sum().backward()
    assert all(
        p.grad is grad and grad.data_ptr() == pointer
        for p, (grad, pointer) in zip(model.parameters(), kept, strict=True)
    )


def test_no_more_memory_is_taken_than_without():
    script = """
        import resource, sys, torch, gradviz
        from torch import nn
        torch.manual_seed(0)
        model = nn.Sequential(*[nn.Linear(1500, 1500) for _ in range(24)])
        def step():
            loss = model(torch.randn(64, 1500)).square().mean()
            loss.backward()
            return loss
        step()
        model.zero_grad()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if sys.argv[1] == "watched":
            with gradviz.trace() as trace:
                loss = step()
        else:
            step()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """

    def grown(how):
        done = warm.completed([sys.executable, "-c", textwrap.dedent(script), how])
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    assert grown("watched") < grown("plain") + 54_000  # KB; all gradients together have 216,000


def hand_hooks(model):
    """Norms as hooks set by hand see them, of what arrives."""
    norms = {}
    for name, p in model.named_parameters():
        p.register_hook(lambda gradient, name=name: norms.__setitem__(name, gradient))
    return norms


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float64,
        torch.float32,
        torch.bfloat16,
        torch.float16,
        torch.complex64,
        torch.complex128,
    ],
)
def test_norms_are_those_of_hooks_set_by_hand(dtype):
    torch.manual_seed(0)
    model = nn.ParameterDict(
        {"a": torch.randn(5, 300, dtype=dtype), "b": torch.randn(300, 7, dtype=dtype)}
    )
    seen = hand_hooks(model)
    with gradviz.trace() as trace:
        loss = (model["a"] @ model["b"]).abs().square().float().mean()
        loss.backward()
    for name, one in trace.report(loss, model).parameters.items():
        gradient = seen[name]
        if dtype in (torch.float64, torch.float32):
            assert one.gradient_norm == gradient.norm().item()
        wide = torch.view_as_real(gradient) if dtype.is_complex else gradient
        assert one.gradient_norm == pytest.approx(wide.double().norm().item(), rel=1e-5)


@pytest.mark.parametrize("scale", [8.8e21, 1e-28, 3e-44, 1e37, 1.0])
def test_no_norm_overflows_or_underflows_in_the_measuring(scale):
    weight = nn.Parameter(torch.ones(100))
    with gradviz.trace() as trace:
        loss = (weight * scale).sum()
        loss.backward()
    one = trace.report(loss, {"weight": weight}).parameters["weight"]
    assert one.verdict == "reached"
    assert one.gradient_norm == pytest.approx(float(weight.grad.double().norm()))


def test_a_sparse_gradient_is_measured_by_what_its_rows_sum_to():
    table, head = nn.Embedding(9, 3, sparse=True), nn.Linear(3, 1)
    model = nn.ModuleDict({"table": table, "head": head})
    with gradviz.trace() as trace:
        loss = head(table(torch.tensor([1, 1, 4]))).sum()
        loss.backward()
    assert table.weight.grad.is_sparse
    assert trace.report(loss, model).parameters["table.weight"].gradient_norm == pytest.approx(
        float(table.weight.grad.to_dense().norm())
    )


class Counted(torch.autograd.Function):
    """A backward that gives another gradient each time it runs."""

    ran = 0

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        Counted.ran += 1
        return gradient * Counted.ran


def hostile(how, told):
    """A step that notices whatever of it runs.

    Hooks, buffers, generators, what is unpacked, an optimizer that steps inside backward.
    """
    torch.manual_seed(0)
    Counted.ran = 0
    generator = torch.Generator().manual_seed(3)
    body = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 4))
    model = nn.ModuleDict({"stem": nn.Linear(4, 4), "body": body, "head": nn.Linear(4, 1)})
    model["stem"].register_full_backward_hook(lambda *_: told.append("module"))
    model["head"].register_full_backward_pre_hook(lambda *_: told.append("pre"))
    for p in model.parameters():
        p.register_hook(lambda _: told.append("tensor"))
        if how == "step in backward":
            optimizer = torch.optim.SGD([p], lr=0.1)
            p.register_post_accumulate_grad_hook(
                lambda _, optimizer=optimizer: (optimizer.step(), optimizer.zero_grad(), None)[-1]
            )

    def forward(x):
        told.append("forward")
        return model["body"](x) * torch.rand(1, generator=generator)

    def unpack(value):
        told.append("unpack")
        return value

    x = model["stem"](torch.randn(8, 4))
    if how == "reentrant":
        x = checkpoint(forward, x, use_reentrant=True)
    elif how == "checkpoint":
        x = checkpoint(forward, x, use_reentrant=False)
    elif how == "selective":
        policy = lambda ctx, op, *args, **kwargs: (  # noqa: E731
            CheckpointPolicy.MUST_SAVE if "addmm" in str(op) else CheckpointPolicy.PREFER_RECOMPUTE
        )
        x = checkpoint(
            forward,
            x,
            use_reentrant=False,
            context_fn=lambda: create_selective_checkpoint_contexts(policy),
        )
    elif how == "unpacked":
        with torch.autograd.graph.saved_tensors_hooks(lambda value: value, unpack):
            x = forward(x)
    else:
        x = forward(x)
    h = Counted.apply(x)
    h.register_hook(lambda _: told.append("once"))
    loss = model["head"](h).square().mean()
    loss.backward()
    everything = {
        **left(model),
        **{name: b.tolist() for name, b in (*model.named_buffers(), *model.named_parameters())},
    }
    return (
        loss,
        model,
        (everything, generator.get_state().tolist(), torch.get_rng_state().tolist(), Counted.ran),
    )


@pytest.mark.parametrize(
    "how", ["plain", "reentrant", "checkpoint", "selective", "unpacked", "step in backward"]
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_nothing_of_the_users_runs_that_did_not_run_without(how):
    plain, watched = [], []
    *_, expected = hostile(how, plain)
    with gradviz.trace() as trace:
        loss, model, found = hostile(how, watched)
    assert (watched, found) == (plain, expected)
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    report = trace.report(loss, model)
    assert watched == plain
    assert all(torch.equal(b, buffers[name]) for name, b in model.named_buffers())
    assert set(verdicts(report).values()) == {"reached"}
    assert trace._mode.failure == ""


def test_a_report_before_backward_runs_nothing_and_claims_nothing_that_only_a_backward_tells():
    told = []
    model = net()
    for p in model.parameters():
        p.register_hook(lambda _: told.append("tensor"))
    with gradviz.trace() as trace:
        h = model(X)
        h.register_hook(lambda _: told.append("value"))
        loss = (Counted.apply(h) * 0).sum()
    for report in (trace.report(loss, model), gradviz.report(loss, model)):
        assert set(verdicts(report).values()) == {"reached"}
        assert any("until backward() has run" in note for note in report.notes)
        assert {one.gradient_norm for one in report.parameters.values()} == {None}
    assert not told
    assert set(verdicts(trace.report(loss, model, backward=True)).values()) == {"zero"}
    assert told


@pytest.mark.parametrize("create", [False, True])
def test_a_gradient_penalty_is_watched(create):
    def step():
        model = net()
        x = X.clone().requires_grad_()
        (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
        loss = (slope.norm() - 1).square()
        loss.backward(create_graph=create)
        return loss, model

    _, plain = step()
    with gradviz.trace() as trace:
        loss, model = step()
    assert left(model) == left(plain)
    report = trace.report(loss, model)
    assert verdicts(report) == {
        "0.weight": "reached",
        "0.bias": "reached",
        "2.weight": "reached",
        "2.bias": "unused",
    }


def test_each_backward_of_a_closure_is_watched():
    def fit():
        model = net()
        optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)
        losses = []

        def closure():
            optimizer.zero_grad()
            loss = F.mse_loss(model(X), torch.ones(2, 2))
            loss.backward()
            losses.append(loss)
            return loss

        optimizer.step(closure)
        return model, losses

    plain, _ = fit()
    with gradviz.trace() as trace:
        model, losses = fit()
    assert [p.tolist() for p in model.parameters()] == [p.tolist() for p in plain.parameters()]
    assert len(trace._tape.backwards) == len(losses) > 1
    assert {tuple(verdicts(trace.report(loss, model)).values()) for loss in losses} == {
        ("reached",) * 4
    }


def test_a_leaf_that_was_not_asked_for_is_not_called_unused():
    model = net()
    with gradviz.trace() as trace:
        loss = model(X).sum()
        loss.backward(inputs=[model[2].weight])
    report = trace.report(loss, model)
    assert set(verdicts(report).values()) == {"reached"}
    assert [name for name, one in report.parameters.items() if one.gradient_norm is not None] == [
        "2.weight"
    ]


def test_losses_with_a_backward_each_have_their_own_numbers():
    model = net()
    with gradviz.trace() as trace:
        h = model(X)
        losses = {"nothing": (h * 0).sum(), "all": h.sum()}
        losses["nothing"].backward(retain_graph=True)
        losses["all"].backward()
    report = trace.report(losses, model)
    assert set(verdicts(report).values()) == {"reached"}
    assert set(verdicts(report.losses["nothing"]).values()) == {"zero"}
    assert set(verdicts(report.losses["all"]).values()) == {"reached"}


def test_of_two_losses_one_of_which_had_no_backward_yet_zero_is_not_claimed():
    model = net()
    with gradviz.trace() as trace:
        h = model(X)
        losses = {"nothing": (h * 0).sum(), "all": h.sum()}
        losses["nothing"].backward(retain_graph=True)
    assert set(verdicts(trace.report(losses, model)).values()) == {"reached"}


def test_a_backward_inside_a_hook_is_watched_with_the_one_around_it():
    other, model = net(), net()
    with gradviz.trace() as trace:
        h = model(X)
        h.register_hook(lambda _: torch.enable_grad()(lambda: other(X).sum().backward())())
        loss = h.sum()
        loss.backward()
    assert set(verdicts(trace.report(loss, model)).values()) == {"reached"}
    assert all(p.grad is not None for p in other.parameters())
    assert len(trace._tape.backwards) == 2


def test_a_backward_that_is_given_zeros_is_zero_from_its_start():
    model = net()
    with gradviz.trace() as trace:
        out = model(X)
        out.backward(torch.zeros_like(out))
    report = trace.report(out, model)
    assert {one.zero.why for one in report.parameters.values()} == {
        "backward() was begun with a gradient of zeros, or a hook on the loss or its node made"
        " it so"
    }


@pytest.mark.skipif(
    not hasattr(torch._dynamo, "compiled_autograd"), reason="this torch compiles no backwards"
)
def test_a_compiled_backward_is_left_alone():
    def run():
        model = net()
        with torch._dynamo.compiled_autograd._enable(lambda graph: graph):
            model(X).sum().backward()
        return left(model)

    plain = run()
    with gradviz.trace():
        assert run() == plain


def failing(kind):
    model = net()
    h = model[0](X)
    if kind == "in place":
        loss = model[2](h.exp().mul_(2)).sum() + h.tanh().add_(1).sum()
    elif kind == "function":
        loss = model[2](Fails.apply(h)).sum()
    elif kind == "hook":
        h.register_hook(lambda _: 1 / 0)
        loss = model[2](h).sum()
    elif kind == "checkpoint":
        loss = checkpoint(lambda x: model[2](x.exp().mul_(2)), h, use_reentrant=True).sum()
    return loss, model


class Fails(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise KeyError("no such weight")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("in place", "loss = model[2](h.exp().mul_(2)).sum() + h.tanh().add_(1).sum()"),
        ("function", 'raise KeyError("no such weight")'),
        ("hook", "h.register_hook(lambda _: 1 / 0)"),
        (
            "checkpoint",
            "loss = checkpoint(lambda x: model[2](x.exp().mul_(2)), h, use_reentrant=True).sum()",
        ),
    ],
)
def test_of_a_backward_that_raises_the_line_is_named_and_nothing_is_called_reached(kind, code):
    with (  # noqa: PT012
        gradviz.trace() as trace,
        pytest.raises((RuntimeError, KeyError, ZeroDivisionError)) as raised,
    ):
        loss, model = failing(kind)
        loss.backward()
    report = trace.report(loss, model)
    assert set(verdicts(report).values()) == {"cut"}
    (cut,) = report.cuts
    assert cut.operation.startswith("backward() raised")
    assert cut.code == code
    assert any(type(raised.value).__name__ in note for note in report.notes)
    assert trace._tape.backwards[-1].observation._off == []


def test_an_interrupted_backward_leaves_no_hook_and_is_not_swallowed():
    model = net()

    def interrupt(_):
        raise KeyboardInterrupt

    with gradviz.trace() as trace:
        h = model[0](X)
        handle = h.register_hook(interrupt)
        loss = model[2](h).sum()
        with pytest.raises(KeyboardInterrupt):
            loss.backward(retain_graph=True)
        handle.remove()
        loss.backward()
    assert set(verdicts(trace.report(loss, model)).values()) == {"reached"}


def test_a_failure_of_the_looking_stops_the_looking_alone(monkeypatch):
    expected = net()
    expected(X).sum().backward()
    monkeypatch.setattr("gradviz.recording.arithmetic.sizes.size_of", lambda gradient: 1 / 0)
    model = net()
    trace = gradviz.trace()
    trace.__enter__()
    loss = model(X).sum()
    loss.backward()
    with pytest.warns(RuntimeWarning, match="ZeroDivisionError"):
        trace.__exit__(None, None, None)
    assert left(model) == left(expected)
    report = trace.report(loss, model)
    assert set(verdicts(report).values()) == {"reached"}
    assert any("could not be watched" in note for note in report.notes)


def test_what_a_backward_brought_is_kept_without_its_gradients():
    model = copy.deepcopy(net())
    freed = []

    class Told:
        def __del__(self):
            freed.append(True)

    with gradviz.trace() as trace:
        h = model(X)
        h.grad_fn.metadata["told"] = Told()
        loss = h.sum()
        loss.backward()
        del h, loss
        assert freed == [True]
    assert trace._tape.backwards[0].observation.flows


# Views that one operation took in have no hook


def watched_views(*, values=False, change=None):
    """Trace a step of views between two products; return its report."""
    torch.manual_seed(0)
    a, b = nn.Parameter(torch.randn(4, 6)), nn.Parameter(torch.randn(3, 8))
    with gradviz.trace(values=values) as trace:
        flat = (a * 2).t().reshape(8, 3)
        if change is not None:
            flat.register_hook(change)
        loss = (flat @ b).view(2, 4, 8).transpose(0, 1).unsqueeze(0).squeeze(0).square().sum()
        loss.backward()
    return trace.report(loss, {"a": a, "b": b})


def test_what_comes_through_views_is_what_is_measured_at_each_of_them():
    in_passing, in_full = watched_views(), watched_views(values=True)
    assert str(in_passing) == str(in_full)
    for name, parameter in in_passing.parameters.items():
        assert parameter.gradient_norm == pytest.approx(in_full.parameters[name].gradient_norm)


@pytest.mark.parametrize("values", [False, True])
def test_a_hook_on_a_view_that_zeroes_what_comes_is_named(values):
    report = watched_views(values=values, change=torch.zeros_like)
    assert verdicts(report) == {"a": "zero", "b": "reached"}
    assert report.parameters["a"].zero.why == "a hook replaces the gradient by zeros"
    assert "flat.register_hook" in report.parameters["a"].zero.place.code


def test_a_hook_on_a_view_that_doubles_what_comes_is_in_the_norm():
    plain, doubled = watched_views(), watched_views(change=lambda gradient: gradient * 2)
    norms = [report.parameters["a"].gradient_norm for report in (plain, doubled)]
    assert norms[1] == 2 * norms[0]


def test_a_backward_that_raises_before_a_view_is_not_put_down_to_it():
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient.new_zeros(3)

    a = nn.Parameter(torch.ones(2, 3))
    with gradviz.trace() as trace:
        loss = Fails.apply(a.exp()).t().reshape(6).square().sum()
        with pytest.raises(RuntimeError, match="invalid gradient"):
            loss.backward()
    assert "backward() raised in fails at" in str(trace.report(loss, {"a": a}))
