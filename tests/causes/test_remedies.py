"""What a cause says to do mends it: each remedy is applied to a small program and tried.

Of every cause one program has the fault and another is the same as its remedy has it.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint
from traced import report_of

import gradviz
from gradviz.causes import BY_OPERATION, EXPLANATIONS, captured, explain, raised

X = torch.linspace(-1, 1, 12).reshape(4, 3)


class Net(nn.Module):
    """``a`` is what a fault cuts off, ``b`` what trains all the same."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 2)
        self.t = nn.Parameter(torch.tensor(0.7))
        self.register_buffer("kept", torch.zeros(4, 3))
        self.taken_before = [self.a.weight.data]


@dataclass(frozen=True)
class Remedy:
    """A fault and its remedies.

    Attributes:
        name: What the fault is.
        says: Words of the remedy that were followed.
        fault, mended: Each takes the net and returns the loss.
        verdict: Of ``a.weight`` where the fault is.
    """

    name: str
    says: str
    fault: Callable[[Net], torch.Tensor] = field(repr=False)
    mended: Callable[[Net], torch.Tensor] = field(repr=False)
    verdict: str = "cut"


def loss_of(net, hidden):
    return net.b(hidden).square().mean()


def nearest(z):
    """The entry of a codebook that is nearest to each row."""
    codebook = torch.eye(3)
    return codebook[torch.cdist(z, codebook).argmin(1)]


def detached_in_place(net):
    hidden = net.a(X)
    hidden.detach_()
    return loss_of(net, hidden)


def under_no_grad(net):
    with torch.no_grad():
        hidden = net.a(X)
    return loss_of(net, hidden)


def in_the_memory_of_another(net):
    hidden = net.a(X)
    with torch.no_grad():
        other = torch.empty(0).set_(hidden)
    return loss_of(net, other)


def switched_off(net, on=False):
    with torch.set_grad_enabled(on):
        hidden = net.a(X)
    return loss_of(net, hidden)


def in_inference_mode(net):
    with torch.inference_mode():
        hidden = net.a(X)
    return loss_of(net, hidden.clone())


def checkpointed(net, reentrant=True):
    return loss_of(net, checkpoint(net.a, X, use_reentrant=reentrant))


def copied_deeply(net):
    twin = copy.deepcopy(net.a)
    return loss_of(net, twin(X))


def by_functional_call(net):
    twin = {name: value * 0.5 for name, value in net.a.named_parameters()}
    return loss_of(net, torch.func.functional_call(net.a, twin, (X,)))


def written_into_a_buffer(net):
    hidden = net.a(X)
    with torch.no_grad():
        net.kept.copy_(hidden)
    return loss_of(net, net.kept)


class Lossy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return None


class Whole(Lossy):
    @staticmethod
    def backward(ctx, grad):
        return grad * 2


class Raising(Lossy):
    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError("no derivative here")


def captured_tensor(net, x=X):
    hidden = net.a(X)

    class Captures(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * hidden

        @staticmethod
        def backward(ctx, grad):
            return grad

    return loss_of(net, Captures.apply(x))


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * y, grad * x


def hooked(net, what):
    hidden = net.a(X)
    hidden.register_hook(what)
    return loss_of(net, hidden)


def penalty(net, graph=False):
    x = X.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net.a(x).tanh().sum(), x, create_graph=graph)
    return loss_of(net, slope)


def penalty_by_backward(net, graph=False):
    net.a(X).tanh().sum().backward(create_graph=graph)
    slope = net.a.weight.grad.clone()
    net.a.weight.grad = net.a.bias.grad = None
    return loss_of(net, slope)


def functional_jacobian(net, graph=False):
    slope = torch.autograd.functional.jacobian(
        lambda x: net.a(x).tanh().sum(0), X, create_graph=graph
    )
    return loss_of(net, slope.sum((0, 1)))


def jacobian_in_a_weight(net, graph=False):
    slope = torch.autograd.functional.jacobian(
        lambda w: (w @ X.T).tanh().sum(1), net.a.weight, create_graph=graph
    )
    return loss_of(net, slope.sum(0))


def by_memory(net):
    hidden = net.a(X)
    read = torch.empty(0).set_(hidden.untyped_storage(), 0, hidden.shape)
    return loss_of(net, torch.tanh(read))


def linearized(net):
    _, slope = torch.func.linearize(lambda x: net.a(x).tanh(), X)
    return loss_of(net, slope(torch.ones_like(X)))


def pushed_forward(net):
    _, slope = torch.func.jvp(lambda x: net.a(x).tanh(), (X,), (torch.ones_like(X),))
    return loss_of(net, slope)


def thawed_late(net):
    net.a.requires_grad_(False)
    hidden = net.a(X)
    net.a.requires_grad_(True)
    return loss_of(net, hidden)


def thawed_before(net):
    net.a.requires_grad_(False)
    net.a.requires_grad_(True)
    return loss_of(net, net.a(X))


def state_taken(net):
    size = sum(value.square().sum() for value in net.a.state_dict().values())
    return loss_of(net, X) * size


def parameters_taken(net):
    size = sum(value.square().sum() for _, value in net.a.named_parameters())
    return loss_of(net, X) * size


def sparse_values(net, public=False):
    sparse = net.a(X).to_sparse()
    values = sparse.coalesce().values() if public else sparse._values()
    return loss_of(net, X) + values.square().sum()


def counted(net):
    return loss_of(net, X) * torch.histc(net.a(X), 4).square().mean()


def counted_softly(net):
    centres, width = torch.linspace(-1, 1, 4), 0.6
    x = net.a(X).flatten()
    counts = (1 - (x[:, None] - centres).abs() / width).clamp(min=0).sum(0)
    return loss_of(net, X) * counts.square().mean()


def sampled(net):
    chosen = torch.distributions.Normal(net.a(X), 1.0).sample()
    return loss_of(net, chosen)


def sampled_along(net):
    return loss_of(net, torch.distributions.Normal(net.a(X), 1.0).rsample())


def by_numpy(net):
    return loss_of(net, torch.from_numpy(np.tanh(net.a(X).numpy(force=True))))


REMEDIES = (
    Remedy(
        "detach",
        "Drop detach()",
        lambda net: loss_of(net, net.a(X).detach()),
        lambda net: loss_of(net, net.a(X)),
    ),
    Remedy("detach_", "Drop it", detached_in_place, lambda net: loss_of(net, net.a(X))),
    Remedy(
        "data",
        "Use the tensor itself",
        lambda net: loss_of(net, net.a(X).data),
        lambda net: loss_of(net, net.a(X)),
    ),
    Remedy(
        "set_",
        "Use the other tensor itself",
        in_the_memory_of_another,
        lambda net: loss_of(net, net.a(X)),
    ),
    Remedy(
        "shared memory",
        "Read the parameter itself",
        lambda net: loss_of(net, X @ net.taken_before[0].t()),
        lambda net: loss_of(net, X @ net.a.weight.t()),
    ),
    Remedy(
        "no_grad", "out of the no_grad block", under_no_grad, lambda net: loss_of(net, net.a(X))
    ),
    Remedy(
        "set_grad_enabled",
        "See what the condition was",
        switched_off,
        lambda net: switched_off(net, on=True),
    ),
    Remedy(
        "inference_mode",
        "Run what should train outside of it",
        in_inference_mode,
        lambda net: loss_of(net, net.a(X)),
    ),
    Remedy(
        "checkpoint",
        "use_reentrant=False",
        checkpointed,
        lambda net: checkpointed(net, reentrant=False),
    ),
    Remedy(
        "new_tensor",
        "Use the tensor as it is",
        lambda net: loss_of(net, torch.tensor(net.a(X))),
        lambda net: loss_of(net, net.a(X)),
    ),
    Remedy(
        "new_tensor of several",
        "torch.stack",
        lambda net: loss_of(net, torch.tensor([*net.a(X).mean(0)])),
        lambda net: loss_of(net, torch.stack([*net.a(X).mean(0)])),
    ),
    Remedy("deepcopy", "torch.func.functional_call", copied_deeply, by_functional_call),
    Remedy(
        "copy_under_no_grad",
        "Pass the value on itself",
        written_into_a_buffer,
        lambda net: loss_of(net, net.a(X)),
    ),
    Remedy(
        "item",
        "Compute with the tensor",
        lambda net: loss_of(net, X * net.a(X).mean().item()),
        lambda net: loss_of(net, X * net.a(X).mean()),
    ),
    Remedy(
        "numpy",
        "the torch function of the same name",
        by_numpy,
        lambda net: loss_of(net, torch.tanh(net.a(X))),
    ),
    Remedy(
        "memory",
        "with the tensor itself",
        by_memory,
        lambda net: loss_of(net, torch.tanh(net.a(X))),
    ),
    Remedy(
        "integer_cast",
        "x + (x.round() - x).detach()",
        lambda net: loss_of(net, (net.a(X) * 9).long().float()),
        lambda net: loss_of(net, (x := net.a(X) * 9) + (x.round() - x).detach()),
    ),
    Remedy(
        "non_differentiable",
        "softmax",
        lambda net: loss_of(net, F.one_hot(net.a(X).argmax(1), 3).float()),
        lambda net: loss_of(net, net.a(X).softmax(1)),
    ),
    Remedy(
        "nearest",
        "z + (q - z).detach()",
        lambda net: loss_of(net, nearest(net.a(X))),
        lambda net: loss_of(net, net.a(X) + (nearest(net.a(X)) - net.a(X)).detach()),
    ),
    Remedy(
        "comparison",
        "torch.sigmoid((x - threshold) / temperature)",
        lambda net: loss_of(net, (net.a(X) > 0.1).float()),
        lambda net: loss_of(net, torch.sigmoid((net.a(X) - 0.1) / 0.5)),
    ),
    Remedy("count", "Count softly", counted, counted_softly),
    Remedy("sample", "Use rsample()", sampled, sampled_along),
    Remedy(
        "sample of categories",
        "gumbel_softmax",
        lambda net: loss_of(
            net, F.one_hot(torch.multinomial(net.a(X).softmax(1), 1)[:, 0], 3).float()
        ),
        lambda net: loss_of(net, F.gumbel_softmax(net.a(X), hard=True)),
    ),
    Remedy(
        "bounds",
        "low + (high - low) * torch.linspace(0, 1, steps)",
        lambda net: loss_of(net, torch.linspace(0.0, net.a(X).mean(), 3)),
        lambda net: loss_of(net, 0.0 + (net.a(X).mean() - 0.0) * torch.linspace(0, 1, 3)),
    ),
    Remedy("state", "named_parameters()", state_taken, parameters_taken),
    Remedy(
        "sparse values",
        "coalesce().values()",
        sparse_values,
        lambda net: sparse_values(net, public=True),
    ),
    Remedy(
        "custom function",
        "Return a gradient for it from backward()",
        lambda net: loss_of(net, Lossy.apply(net.a(X))),
        lambda net: loss_of(net, Whole.apply(net.a(X))),
    ),
    Remedy(
        "captured",
        "hand it to apply()",
        captured_tensor,
        lambda net: loss_of(net, Product.apply(X, net.a(X))),
    ),
    Remedy(
        "captured beside what trains",
        "Hand the tensor to apply()",
        lambda net: captured_tensor(net, net.t * X),
        lambda net: loss_of(net, Product.apply(net.t * X, net.a(X))),
    ),
    Remedy(
        "hook",
        "None leaves everything as it is",
        lambda net: hooked(net, torch.zeros_like),
        lambda net: hooked(net, lambda grad: None),
        verdict="zero",
    ),
    Remedy(
        "gradient without graph",
        "create_graph=True",
        penalty,
        lambda net: penalty(net, graph=True),
    ),
    Remedy(
        "gradient of backward()",
        "create_graph=True to that backward()",
        penalty_by_backward,
        lambda net: penalty_by_backward(net, graph=True),
    ),
    Remedy(
        "functional derivative",
        "create_graph=True to jacobian()",
        functional_jacobian,
        lambda net: functional_jacobian(net, graph=True),
    ),
    Remedy(
        "functional derivative in a weight",
        "create_graph=True to jacobian()",
        jacobian_in_a_weight,
        lambda net: jacobian_in_a_weight(net, graph=True),
    ),
    Remedy("linearized", "by torch.func.jvp()", linearized, pushed_forward),
    Remedy(
        "thawed too late", "before the forward that should train it", thawed_late, thawed_before
    ),
)


def reported(step):
    return report_of(step, Net)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda remedy: remedy.name)
def test_a_remedy_that_is_followed_mends_the_fault(remedy):
    faulty, mended = reported(remedy.fault), reported(remedy.mended)
    assert str(faulty.parameters["a.weight"].verdict) == remedy.verdict
    texts = {explain(cut).mend for cut in faulty.parameters["a.weight"].cuts}
    assert any(remedy.says in text for text in texts), texts
    assert str(mended.parameters["a.weight"].verdict) == "reached"
    assert str(mended.parameters["b.weight"].verdict) == "reached"


@pytest.mark.filterwarnings("ignore")
def test_every_remedy_is_tried():
    tried = {
        explain(cut)
        for remedy in REMEDIES
        for cut in reported(remedy.fault).parameters["a.weight"].cuts
    }
    elsewhere = {
        EXPLANATIONS[gradviz.CutKind.COLLECTIVE],  # needs several processes
        *(refusal.explanation for refusal in raised.REFUSALS),  # below
    }
    known = {
        *EXPLANATIONS.values(),
        *BY_OPERATION.values(),
        captured.CAPTURED,
    }
    alike = {text.mend.replace("jacobian", "NAME") for text in tried}
    untried = [
        text.mend
        for text in known - tried - elsewhere
        if not any(
            text.mend.replace(name, "NAME") in alike
            for name in ("hessian", "vjp", "jvp", "hvp", "vhp")
        )
    ]
    assert not untried


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["hessian", "vjp", "jvp", "hvp", "vhp"])
def test_each_functional_derivative_takes_the_argument_that_its_remedy_names(name):
    function = getattr(torch.autograd.functional, name)

    def step(net, graph):
        given = (X.mean(0), torch.ones(3)) if name != "hessian" else (X.mean(0),)
        if name == "vjp":
            given = (X.mean(0), torch.ones(()))
        slopes = function(lambda x: net.a(x).tanh().sum(), *given, create_graph=graph)
        slope = slopes if name == "hessian" else slopes[1]
        return loss_of(net, X) * slope.square().sum()

    faulty, mended = reported(lambda net: step(net, False)), reported(lambda net: step(net, True))
    assert str(faulty.parameters["a.weight"].verdict) == "cut"
    assert f"create_graph=True to {name}()" in explain(faulty.cuts[0]).mend
    assert str(mended.parameters["a.weight"].verdict) == "reached"


def test_a_derivative_that_raises_is_mended_by_one_that_does_not():
    torch.manual_seed(0)
    net = Net()
    with gradviz.trace() as trace:
        loss = loss_of(net, Raising.apply(net.a(X)))
        with pytest.raises(NotImplementedError):
            loss.backward()
    report = trace.report(loss, net)
    assert "a derivative" in raised.REFUSALS[-1].explanation.mend
    assert str(report.parameters["a.weight"].verdict) == "cut"
    mended = reported(lambda net: loss_of(net, Whole.apply(net.a(X))))
    assert str(mended.parameters["a.weight"].verdict) == "reached"


@pytest.mark.parametrize(
    ("words", "wrong", "right"),
    [
        (
            "x = x + 1 in place of x += 1",
            lambda net: loss_of(net, net.a(X).exp().add_(1)).backward(),
            lambda net: loss_of(net, net.a(X).exp() + 1).backward(),
        ),
        (
            "detach() what a step hands to the next",
            lambda net: handed_on(net, lambda state: state),
            lambda net: handed_on(net, lambda state: state.detach()),
        ),
        (
            "once on their sum",
            lambda net: two_losses(
                net, lambda first, second: (first.backward(), second.backward())
            ),
            lambda net: two_losses(net, lambda first, second: (first + second).backward()),
        ),
        (
            "retain_graph=True to the first",
            lambda net: two_losses(
                net, lambda first, second: (first.backward(), second.backward())
            ),
            lambda net: two_losses(
                net, lambda first, second: (first.backward(retain_graph=True), second.backward())
            ),
        ),
        (
            "one value with mean() or sum()",
            lambda net: net.a(X).exp().backward(),
            lambda net: net.a(X).exp().sum().backward(),
        ),
        (
            "pass gradient= to backward()",
            lambda net: net.a(X).exp().backward(),
            lambda net: net.a(X).exp().backward(gradient=torch.ones(4, 3)),
        ),
        (
            "step once backward() has run on every loss",
            lambda net: stepped_between(net, early=True),
            lambda net: stepped_between(net, early=False),
        ),
    ],
)
def test_what_a_backward_raises_goes_by_what_its_remedy_says(words, wrong, right):
    assert any(words in refusal.explanation.mend for refusal in raised.REFUSALS)
    net = Net()
    with pytest.raises(RuntimeError):
        wrong(net)
    net.zero_grad()
    right(net)
    assert net.a.weight.grad.count_nonzero()


def handed_on(net, keep):
    state = torch.zeros(())
    for _ in range(2):
        loss = loss_of(net, net.a(X).exp() + state)
        loss.backward()
        state = keep(loss)


def two_losses(net, run):
    shared = net.a(X).exp()
    run(loss_of(net, shared), shared.sum())


def stepped_between(net, *, early):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    first = loss_of(net, net.a(X).exp())
    second = first.exp()
    first.backward(retain_graph=True)
    if early:
        optimizer.step()
    second.backward()
    optimizer.step()
