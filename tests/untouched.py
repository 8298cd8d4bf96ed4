"""Whether a traced step computes what the untraced step computes, bit for bit."""

import random

import numpy as np
import torch

import gradviz


def seed():
    random.seed(11)
    np.random.seed(12)
    torch.manual_seed(13)


def states_of_chance():
    kind, keys, position, has_gauss, cached = np.random.get_state()
    return (
        torch.get_rng_state().tolist(),
        random.getstate(),
        (kind, keys.tolist(), position, has_gauss, cached),
    )


def bits(tensor):
    """A tensor's bits, so that -0.0 is not 0.0 and one NaN is another."""
    if tensor is None:
        return None
    plain = tensor.detach().to_dense() if tensor.layout != torch.strided else tensor.detach()
    if plain.is_complex():
        plain = torch.view_as_real(plain.resolve_conj())
    return (
        tensor.dtype,
        tuple(tensor.shape),
        (
            plain.contiguous().view(torch.uint8).tolist()
            if plain.numel() and plain.dim()
            else str(plain)
        ),
    )


def everything(loss, model):
    """All that a step leaves for anyone to see."""
    parameters, buffers = dict(model.named_parameters()), dict(model.named_buffers())
    return {
        "loss": bits(loss),
        "loss requires grad": loss.requires_grad,
        "chance": states_of_chance(),
        "parameters": {name: bits(p) for name, p in parameters.items()},
        "requires grad": {name: p.requires_grad for name, p in parameters.items()},
        "grad fields": {name: bits(p.grad) for name, p in parameters.items()},
        "buffers": {name: bits(b) for name, b in buffers.items()},
        "versions": {
            name: t._version for name, t in (parameters | buffers).items() if not t.is_inference()
        },
        "types": {name: type(t) for name, t in (parameters | buffers).items()},
        "hooks": hooks_of(model),
    }


def hooks_of(model):
    tables = (
        "_forward_hooks",
        "_forward_pre_hooks",
        "_backward_hooks",
        "_backward_pre_hooks",
        "_state_dict_hooks",
    )
    return {
        (name, table): len(getattr(module, table))
        for name, module in model.named_modules()
        for table in tables
    } | {(name, "tensor"): len(p._backward_hooks or ()) for name, p in model.named_parameters()}


def gradients_of(model):
    return {
        name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()
    }


def after_backward(loss, model):
    if loss.requires_grad:
        loss.sum().backward()
    return {name: bits(p.grad) for name, p in model.named_parameters()} | {
        "chance": states_of_chance()
    }


def near(gradients, others):
    """Whether gradients are the same up to the order in which they were summed."""
    return gradients.keys() == others.keys() and all(
        bits(gradients[name]) == bits(others[name])
        or torch.allclose(gradients[name], others[name], rtol=1e-5, atol=1e-6)
        for name in gradients
    )


def run_both_ways(step, *, ordered=True):
    """Run a step untraced and traced; return what the trace changed, and its report.

    Where threads record (`ordered` is false), the order in which backward sums a gradient is
    chance, traced or not: its last bits are not compared.
    """
    seed()
    loss, model = step()
    plain = everything(loss, model)
    plain_gradients = after_backward(loss, model)
    plain_tensors = gradients_of(model)
    torch.set_grad_enabled(True)

    seed()
    with gradviz.trace() as trace:
        loss, model = step()
    torch.set_grad_enabled(True)
    changes = differing("the trace changed", plain, everything(loss, model))
    report = trace.report(loss, model)
    changes += differing("the report changed", plain, everything(loss, model))
    gradients = after_backward(loss, model)
    if ordered:
        return changes + differing("gradient differs", plain_gradients, gradients), report
    if not near(gradients_of(model), plain_tensors):
        changes.append("gradients differ")
    return changes, report


def differing(what, before, after):
    return [f"{what}: {name}" for name in before if after[name] != before[name]]


def compare(step, *, ordered=True):
    """Hold a traced step against the same step untraced, as above."""
    changes, _ = run_both_ways(step, ordered=ordered)
    assert not changes, "\n".join(changes)
