"""Healthy programs of many sorts.

Each is run as it is and with gradviz, and must come to the same, to the bit.

A program returns or prints whatever it comes to. It is seeded before it begins.
"""

import asyncio
import concurrent.futures
import contextlib
import copy
import functools
import gc
import io
import pickle
import re
import threading
import warnings
import weakref
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def net():
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))


def data():
    return torch.randn(6, 4), torch.randint(0, 3, (6,))


def gradients(model):
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def trained(model, steps=2, loss_of=None):
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    losses = []
    for _ in range(steps):
        x, y = data()
        loss = F.cross_entropy(model(x), y) if loss_of is None else loss_of(model, x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model.state_dict()


# Identity: swapping, converting, other memory


@program
def two_parameters_are_swapped():
    model, other = net(), net()
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        torch.utils.swap_tensors(ours, theirs)
    return trained(model), other.state_dict()


@contextlib.contextmanager
def swapping():
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        yield
    finally:
        torch.__future__.set_swap_module_params_on_conversion(False)


@program
def a_module_is_converted_by_swapping_after_a_forward():
    with swapping():
        model = net()
        model(data()[0]).sum().backward()
        model.zero_grad()
        identities = [id(p) for p in model.parameters()]
        model.double().float().to("meta").to_empty(device="cpu")
        for p in model.parameters():
            nn.init.normal_(p, std=0.1)
        return [id(p) for p in model.parameters()] == identities, trained(model)


@program
def a_module_is_converted_by_swapping_after_a_step():
    with swapping():
        model = net()
        losses, _ = trained(model)
        held = [weakref.getweakrefs(p) for p in model.parameters()]
        model.to(torch.float64).to(torch.float32)
        return losses, held, trained(model)


@program
def a_state_is_loaded_by_swapping_and_by_assigning():
    with swapping():
        model, state = net(), {name: value.clone() for name, value in net().state_dict().items()}
        model.load_state_dict(state)
        model.load_state_dict({name: value.clone() for name, value in state.items()}, assign=True)
        return trained(model)


@program
def weak_references_are_the_users_alone():
    model = net()
    x, _ = data()
    hidden = model[0](x).detach()
    loss = model[2](hidden).sum()
    counts = [weakref.getweakrefcount(tensor) for tensor in (*model.parameters(), hidden, loss, x)]
    loss.backward()
    return counts, [
        weakref.getweakrefcount(tensor) for tensor in (*model.parameters(), hidden, loss, x)
    ]


@program
def memory_falls_where_the_last_reference_goes():
    model, gone = net(), []
    for _ in range(3):
        x, _ = data()
        hidden = model[0](x)
        weakref.finalize(hidden.untyped_storage(), gone.append, len(gone))
        weakref.finalize(x, gone.append, "input")
        copied, array = hidden.detach().clone(), hidden.detach().numpy()
        leaf = torch.zeros(3, requires_grad=True)
        weakref.finalize(leaf, gone.append, "leaf")
        (leaf * 2).sum().item()
        del hidden, x, copied, array, leaf
        gone.append("end")
    return gone


@program
def parameters_move_to_other_memory():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    flat = torch.cat([p.detach().reshape(-1) for p in model.parameters()])
    start = 0
    for p in model.parameters():
        p.data = flat[start : start + p.numel()].view_as(p)
        start += p.numel()
    x, y = data()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    return flat, gradients(model)


# Torch compiles and traces


@program
def a_branch_is_chosen_by_cond():
    model, other = net(), nn.Linear(3, 3)

    def loss_of(model, x, y):
        out = model(x)
        return torch.cond(
            out.sum() > 0,
            lambda h: other(h).square().mean(),
            lambda h: h.abs().mean() + other(h).mean(),
            (out,),
        )

    return trained(model, loss_of=loss_of), gradients(other)


@program
def rows_are_mapped():
    model, other = net(), nn.Linear(3, 3)
    loss = torch._higher_order_ops.map(lambda row: (other(row) * row).sum(), model(data()[0])).sum()
    loss.backward()
    return loss, gradients(model), gradients(other)


@program
def a_while_loop_under_no_grad():
    model = net()
    x, _ = data()
    with torch.no_grad():
        count, value = torch._higher_order_ops.while_loop(
            lambda i, v: i < 3, lambda i, v: (i + 1, v * 1.5), (torch.tensor(0), model(x))
        )
    (model(x) * value).sum().backward()
    return count, value, gradients(model)


@program
def compiled_functions_and_modules():
    model = net()
    compiled = torch.compile(model, backend="eager")
    inner = torch.compile(backend="eager", fullgraph=True)(lambda h: torch.tanh(h).sum())
    x, _ = data()
    loss = inner(compiled(x))
    loss.backward()
    return loss, gradients(model), list(compiled.state_dict())


@program
def a_model_is_exported_and_traced():
    model = net().eval()
    x, _ = data()
    exported = torch.export.export(model, (x,))
    traced, scripted, symbolic = (
        torch.jit.trace(model, (x,)),
        torch.jit.script(model),
        torch.fx.symbolic_trace(model),
    )
    outs = [way(x) for way in (exported.module(), traced, scripted, symbolic)]
    sum(out.sum() for out in outs).backward()
    # TorchScript's gradients vary from run to run
    return outs, symbolic.code, unmangled(traced.graph), exported.graph_module.code


def unmangled(graph):
    """A graph of TorchScript without the numbers that it gives to the classes of a process."""
    return re.sub(r"\.___torch_mangle_\d+", "", str(graph))


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        h = torch.relu(self.inner(x)).clone()
        h.add_(1)
        h[0] = 2
        h[:, 1:].mul_(h.detach()[:, 1:])
        return h.T.contiguous().data + h.T


@program
def what_torch_traces_has_nothing_else_in_it():
    from torch.fx.experimental.proxy_tensor import make_fx

    model = InPlace()
    x, _ = data()
    return (
        unmangled(torch.jit.trace(model, (x,)).inlined_graph),
        make_fx(lambda a: model(a))(x).code,
        make_fx(model.inner)(x).code,
    )


@program
def scripted_modules_train():
    model = torch.jit.script(net())
    return trained(model), [type(p).__name__ for p in model.parameters()]


@program
def traced_modules_train():
    model = torch.jit.trace(net(), (data()[0],))
    return trained(model)


@program
def functional_transforms():
    model = net()
    parameters = dict(model.named_parameters())
    x, y = data()

    def loss(parameters, x, y):
        return F.cross_entropy(torch.func.functional_call(model, parameters, (x[None],)), y[None])

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(parameters, x, y)
    jacobian = torch.func.jacrev(model[0])(x[0])
    hessian = torch.func.hessian(lambda v: model(v).pow(3).sum())(x[0])
    value, tangent = torch.func.jvp(model, (x,), (torch.ones_like(x),))
    (
        jacobian.sum()
        + hessian.sum()
        + value.sum()
        + tangent.sum()
        + sum(g.sum() for g in each.values())
    ).backward()
    return (
        {name: g.detach() for name, g in each.items()},
        jacobian,
        hessian,
        value,
        tangent,
        gradients(model),
    )


@program
def a_derivative_is_mapped_after_numbers_have_left():
    model = net()
    x, _ = data()
    first = model(x).detach().numpy().tobytes()
    model(x).pow(2).sum().item()
    each = torch.func.vmap(
        torch.func.grad(lambda p, row: torch.func.functional_call(model, p, (row,)).pow(2).sum()),
        in_dims=(None, 0),
    )
    return (
        first,
        each(dict(model.named_parameters()), x),
        torch.func.vmap(torch.func.jacfwd(torch.sin))(x),
    )


@program
def ensembles_by_stacking():
    models = [net() for _ in range(3)]
    parameters, buffers = torch.func.stack_module_state(models)
    x, _ = data()
    out = torch.func.vmap(
        lambda p, b, x: torch.func.functional_call(models[0], (p, b), (x,)), in_dims=(0, 0, None)
    )(parameters, buffers, x)
    out.sum().backward()
    return out, {name: p.grad for name, p in parameters.items()}


@program
def fake_tensors():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        model = net()
        x, _ = data()
        out = model(x)
        out.detach().add_(1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        out.sum().backward()
        optimizer.step()
        return out, gradients(model), dict(model.named_parameters())


@program
def the_meta_device():
    with torch.device("meta"):
        model = net()
        out = model(torch.randn(6, 4))
    out.sum().backward()
    return out, gradients(model)


# The user's own modes, subclasses, patches


class Logging(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.calls.append(getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


class LoggingDispatch(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.calls.append(str(func))
        return func(*args, **(kwargs or {}))


@program
def function_modes_see_the_same_calls():
    model = net()
    with Logging() as logging:
        x, y = data()
        hidden = model[0](x)
        hidden[0] = 0
        hidden.detach().add_(1)
        F.cross_entropy(model[2](torch.tanh(hidden)), y).backward()
        with torch.no_grad():
            model[0].weight.mul_(2)
    return logging.calls, gradients(model)


@program
def dispatch_modes_see_the_same_calls():
    model = net()
    with LoggingDispatch() as logging:
        x, y = data()
        hidden = model[0](x)
        hidden[0] = 0
        hidden.detach().add_(1)
        F.cross_entropy(model[2](torch.tanh(hidden)), y).backward()
        hidden.mean().item()
    return logging.calls, gradients(model)


def operations(events):
    """Torch's own; a GPU's driver counts every kernel, also those that gradviz measures with."""
    return sorted(event.name for event in events if not event.name.startswith("cuda"))


@program
def profilers_count_the_same_operations():
    model = net()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        trained(model)
    with torch.autograd.profiler.profile() as older:
        trained(model)
    return [operations(events) for events in (profiler.events(), older.function_events)]


@program
def a_profiler_counts_the_same_on_a_default_device():
    with torch.device("cpu"), torch.profiler.profile() as profiler:
        trained(net())
    return operations(profiler.events())


@program
def a_profiler_counts_the_same_where_weights_are_written_by_hand():
    model = net()
    with torch.profiler.profile() as profiler, torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.5)
            parameter.add_(parameter, alpha=0.1)
    return operations(profiler.events())


@program
def flops_are_counted():
    model = net()
    with FlopCounterMode(display=False) as counter:
        trained(model)
    return counter.get_total_flops()


@program
def a_default_device_is_set():
    torch.set_default_device("cpu")
    try:
        return trained(net())
    finally:
        torch.set_default_device(None)


class Logged(torch.Tensor):
    calls: ClassVar = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.calls.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})


@program
def tensor_subclasses_see_the_same_calls():
    Logged.calls = []
    model = net()
    x = data()[0].as_subclass(Logged)
    hidden = model[0](x)
    hidden[0] = 0
    hidden.detach().add_(1)
    loss = model[2](hidden).sum()
    loss.backward()
    return (
        Logged.calls,
        type(loss).__name__,
        type(hidden).__name__,
        loss.as_subclass(torch.Tensor),
        gradients(model),
    )


class Quantity:
    """Like a tensor, with a unit."""

    def __init__(self, value, unit):
        self.value, self.unit = value, unit

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        plain = [a.value if isinstance(a, Quantity) else a for a in args]
        return Quantity(func(*plain, **(kwargs or {})), "?")


@program
def what_is_like_a_tensor():
    model = net()
    out = torch.square(torch.add(Quantity(model(data()[0]), "m"), 1.0))
    out.value.sum().backward()
    return type(out).__name__, out.value, gradients(model)


class Wrapper(torch.Tensor):
    """A subclass that holds another tensor."""

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, dtype=inner.dtype, requires_grad=inner.requires_grad
        )

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        def unwrap(t):
            return t.inner if isinstance(t, Wrapper) else t

        out = func(
            *torch.utils._pytree.tree_map(unwrap, args),
            **torch.utils._pytree.tree_map(unwrap, kwargs or {}),
        )
        return torch.utils._pytree.tree_map(
            lambda t: Wrapper(t) if isinstance(t, torch.Tensor) else t, out
        )


class Counting(Wrapper):
    """A wrapper that lists the operations on it, and can be written to."""

    operations: ClassVar[list[str]] = []

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        cls.operations.append(func.name())
        out = super().__torch_dispatch__(func, types, args, kwargs)
        if func.name().split(".")[0].endswith("_"):
            return args[0]
        return torch.utils._pytree.tree_map(
            lambda t: cls(t.inner) if isinstance(t, Wrapper) else t, out
        )


@program
def an_optimizer_steps_parameters_of_a_class_with_operations_of_its_own():
    Counting.operations.clear()
    weight = nn.Parameter(Counting(torch.randn(4, 3)))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9, foreach=False)
    for _ in range(3):
        (data()[0] @ weight).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return weight.inner, Counting.operations


@program
def subclasses_that_dispatch():
    model = net()
    x = Wrapper(data()[0])
    out = model(x)
    out.detach().add_(1)
    loss = out.sum()
    loss.backward()
    return (
        type(out).__name__,
        loss.inner,
        {name: (type(g).__name__, getattr(g, "inner", g)) for name, g in gradients(model).items()},
    )


@program
def a_patched_tensor_backward_runs_once():
    calls, original = [], torch.Tensor.backward

    def mine(self, *args, **kwargs):
        calls.append(tuple(self.shape))
        return original(self, *args, **kwargs)

    torch.Tensor.backward = mine
    try:
        return trained(net()), calls
    finally:
        torch.Tensor.backward = original


@program
def a_patched_autograd_backward_runs_once():
    calls, original = [], torch.autograd.backward

    def mine(*args, **kwargs):
        calls.append(len(args))
        return original(*args, **kwargs)

    torch.autograd.backward = mine
    try:
        return trained(net()), calls
    finally:
        torch.autograd.backward = original


@program
def a_patched_module_call_runs_once():
    calls, original = [], nn.Module.__call__

    def mine(self, *args, **kwargs):
        calls.append(type(self).__name__)
        return original(self, *args, **kwargs)

    nn.Module.__call__ = mine
    try:
        return trained(net()), calls
    finally:
        nn.Module.__call__ = original


@program
def a_patched_optimizer_step_and_init():
    calls, step, init = [], torch.optim.SGD.step, torch.optim.Optimizer.__init__

    def stepping(self, *args, **kwargs):
        calls.append("step")
        return step(self, *args, **kwargs)

    def making(self, *args, **kwargs):
        calls.append("made")
        return init(self, *args, **kwargs)

    torch.optim.SGD.step, torch.optim.Optimizer.__init__ = stepping, making
    try:
        return trained(net()), calls
    finally:
        torch.optim.SGD.step, torch.optim.Optimizer.__init__ = step, init


# Modules of every sort


class Recursive(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.itself = self
        self.other = nn.Module()
        self.other.back = self

    def forward(self, x):
        return self.layer(x)


@program
def a_module_that_contains_itself():
    model = Recursive()
    x, y = data()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    return loss, gradients(model)


@program
def a_module_that_is_shared_in_a_diamond():
    shared = nn.Linear(4, 4)
    left, right = nn.Sequential(shared, nn.ReLU()), nn.Sequential(shared, nn.Tanh())
    model = nn.ModuleDict({"left": left, "right": right, "head": nn.Linear(4, 3)})
    return trained(
        model, loss_of=lambda m, x, y: F.cross_entropy(m["head"](m["left"](x) + m["right"](x)), y)
    )


@program
def lazy_modules():
    model = nn.Sequential(nn.LazyLinear(5), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(3))
    kinds = [type(p).__name__ for p in model.parameters()]
    before = [id(p) for p in model.parameters()]
    model(data()[0])
    after = [id(p) for p in model.parameters()]
    return (
        kinds,
        before == after,
        [type(p).__name__ for p in model.parameters()],
        trained(model),
        [type(m).__name__ for m in model],
    )


@program
def lazy_modules_that_stay_lazy():
    model = nn.ModuleDict({"used": nn.Linear(4, 3), "never": nn.LazyLinear(2)})
    x, y = data()
    F.cross_entropy(model["used"](x), y).backward()
    return type(model["never"].weight).__name__, gradients(model["used"])


class Strange(nn.Module):
    """Attributes and properties that do not do what they should."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.asked = []

    def __getattr__(self, name):
        if name == "ghost":
            raise RuntimeError("no ghosts")
        return super().__getattr__(name)

    @property
    def training_state(self):
        raise RuntimeError("not now")

    def named_parameters(self, *args, **kwargs):
        self.asked.append("named_parameters")
        return super().named_parameters(*args, **kwargs)

    def parameters(self, *args, **kwargs):
        self.asked.append("parameters")
        return super().parameters(*args, **kwargs)

    def __len__(self):
        raise RuntimeError("no length")

    def __eq__(self, other):
        raise RuntimeError("not to be compared")

    __hash__ = nn.Module.__hash__

    def __bool__(self):
        raise RuntimeError("neither true nor false")

    def forward(self, x):
        return self.layer(x)


@program
def a_module_with_strange_attributes():
    model = Strange()
    return trained(model), model.asked


@program
def parametrized_pruned_normed():
    model = net()
    parametrizations.spectral_norm(model[0])
    parametrizations.weight_norm(model[2])
    other = nn.Linear(4, 4)
    prune.l1_unstructured(other, "weight", amount=0.5)
    third = nn.Linear(4, 4)
    parametrizations.orthogonal(third)
    whole = nn.Sequential(other, third, model)
    losses = trained(whole)
    with parametrize.cached():
        model(data()[0]).sum().backward()
    parametrize.remove_parametrizations(model[2], "weight")
    prune.remove(other, "weight")
    return losses, sorted(whole.state_dict())


@program
def old_norms():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nn.Sequential(
            nn.utils.spectral_norm(nn.Linear(4, 8)), nn.utils.weight_norm(nn.Linear(8, 3))
        )
    return trained(model)


@program
def a_model_is_copied_pickled_and_saved_in_the_step():
    model = net()
    model(data()[0]).sum().backward()
    twin = copy.deepcopy(model)
    pickled = pickle.dumps(model)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "x": torch.ones(3), "loss": 1.5}, file)
    file.seek(0)
    loaded = torch.load(file)
    again = pickle.loads(pickled)
    again.load_state_dict(loaded["model"], assign=True)
    return trained(twin), trained(again), len(pickled), len(file.getvalue()), loaded["loss"]


@program
def quantisation_aware_training():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nn.Sequential(
            torch.ao.quantization.QuantStub(), nn.Linear(4, 3), torch.ao.quantization.DeQuantStub()
        )
        model.qconfig = torch.ao.quantization.get_default_qat_qconfig("fbgemm")
        prepared = torch.ao.quantization.prepare_qat(model.train())
    return trained(prepared)


@program
def quantised_tensors():
    q = torch.quantize_per_tensor(torch.randn(4), 0.1, 0, torch.qint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dynamic = torch.ao.quantization.quantize_dynamic(net(), {nn.Linear}, dtype=torch.qint8)
    return q.dequantize(), q.int_repr(), dynamic(data()[0])


# Kinds of tensors


@program
def sparse_tensors():
    weight = nn.Parameter(torch.randn(4, 3))
    sparse = torch.sparse_coo_tensor(
        [[0, 1, 2], [1, 2, 3]], torch.randn(3, requires_grad=True), (3, 4)
    )
    embedding = nn.Embedding(5, 3, sparse=True)
    loss = torch.sparse.mm(sparse, weight).sum() + embedding(torch.tensor([0, 2])).sum()
    sparse.detach()
    loss.backward()
    torch.optim.SparseAdam(embedding.parameters()).step()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = (sparse.coalesce().to_sparse_csr() @ weight).sum()
    return loss, weight.grad, embedding.weight.grad.to_dense(), embedding.weight, rows


@program
def nested_tensors():
    model = nn.Linear(4, 3)
    x = torch.nested.nested_tensor([torch.randn(2, 4), torch.randn(3, 4)], layout=torch.jagged)
    out = model(x)
    loss = out.values().pow(2).mean()
    loss.backward()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = torch.nested.nested_tensor([torch.randn(2, 4), torch.randn(3, 4)])
        padded = torch.nested.to_padded_tensor(model(old), 0.0)
    return loss, gradients(model), padded, type(out).__name__, out.detach().values()


@program
def complex_tensors():
    weight = nn.Parameter(torch.randn(3, dtype=torch.complex64))
    out = (
        torch.fft.fft(weight * torch.randn(3)).abs().sum()
        + torch.view_as_real(weight).sum()
        + weight.conj().imag.sum()
    )
    out.backward()
    return out, weight.grad, weight.detach().resolve_conj(), weight.real.detach()


@program
def masked_tensors():
    from torch.masked import masked_tensor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = torch.randn(4, requires_grad=True)
        masked = masked_tensor(value, torch.tensor([True, False, True, True]))
        total = (masked * 2).sum()
        return total.get_data(), total.get_mask(), type(masked * 2).__name__


@program
def low_precision_and_autocast():
    model = net()
    scaler = torch.amp.GradScaler("cpu")
    optimizer = torch.optim.Adam(model.parameters())
    x, y = data()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = model(x)
        loss = F.cross_entropy(out.float(), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    return out, loss, gradients(model), scaler.get_scale(), model.state_dict()


# Autograd


class Square(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x, power):
        return x**power

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])
        ctx.power = inputs[1]

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * ctx.power * x ** (ctx.power - 1), None


class Old(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.mark_dirty(x)
        ctx.save_for_backward(y)
        x.mul_(y)
        return x, y.detach() * 2

    @staticmethod
    def backward(ctx, g, h):
        (y,) = ctx.saved_tensors
        assert ctx.needs_input_grad == (True, False)
        return g * y, None


@program
def custom_functions():
    model = net()
    x, _ = data()
    out = Square.apply(model(x), 3)
    mapped = torch.vmap(lambda row: Square.apply(row, 2))(model(x))
    dirty, aside = Old.apply(model(x) + 0, torch.randn(6, 3))
    (out.sum() + mapped.sum() + dirty.sum() + aside.sum()).backward()
    return (
        out,
        mapped,
        dirty,
        aside,
        gradients(model),
        torch.autograd.gradcheck(
            lambda v: Square.apply(v, 2), torch.randn(3, dtype=torch.double, requires_grad=True)
        ),
    )


@program
def double_backward():
    model = net()
    x = data()[0].requires_grad_()
    (g,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
    penalty = (g.norm(dim=1) - 1).pow(2).mean()
    penalty.backward()
    return penalty, gradients(model), x.grad


@program
def custom_operators():
    library = torch.library.custom_op(
        "healthy::twice", lambda x: x * 2, mutates_args=(), schema="(Tensor x) -> Tensor"
    )
    library.register_autograd(lambda ctx, g: g * 2)
    library.register_fake(lambda x: torch.empty_like(x))
    model = net()
    out = library(model(data()[0])) + torch.ops.healthy.twice.default(model(data()[0]))
    out.sum().backward()
    return out, gradients(model)


@program
def hooks_of_every_sort():
    model, told = net(), []
    model[0].register_forward_pre_hook(lambda m, args: told.append(("pre", type(args[0]).__name__)))
    model[0].register_forward_hook(lambda m, args, out: out * 2)
    model[1].register_full_backward_hook(
        lambda m, gi, go: told.append(("full", go[0].norm().item()))
    )
    model[1].register_full_backward_pre_hook(
        lambda m, go: told.append(("full pre", go[0].sum().item()))
    )
    model[2].weight.register_hook(lambda g: g * 0.5)
    model[2].bias.register_post_accumulate_grad_hook(
        lambda p: told.append(("after", p.grad.sum().item()))
    )
    x, y = data()
    out = model(x)
    out.register_hook(lambda g: told.append(("out", g.sum().item())))
    out.grad_fn.register_prehook(lambda gs: told.append(("node", len(gs))))
    out.retain_grad()
    F.cross_entropy(out, y).backward()
    return told, out.grad, gradients(model), len(out._backward_hooks)


@program
def a_hook_that_raises():
    model = net()
    x, y = data()
    out = model(x)
    out.register_hook(lambda g: 1 / 0)
    try:
        F.cross_entropy(out, y).backward()
    except ZeroDivisionError as error:
        return str(error), gradients(model)


@program
def an_exception_inside_the_step():
    model = net()
    x, _ = data()
    told = []
    for wrong in (
        lambda: model(torch.ones(2, 5)),
        lambda: model(x) + torch.ones(7),
        lambda: torch.ones(2).backward(),
        lambda: x[99],
    ):
        try:
            with torch.no_grad():
                wrong()
        except (RuntimeError, IndexError) as error:
            told.append((type(error).__name__, str(error)))
    return told, torch.is_grad_enabled(), trained(model)


@program
def optimizers_that_step_inside_backward():
    model = net()
    optimizers = {p: torch.optim.Adam([p], lr=1e-2) for p in model.parameters()}

    def step_now(p):
        optimizers[p].step()
        optimizers[p].zero_grad()

    for p in model.parameters():
        p.register_post_accumulate_grad_hook(step_now)
    for _ in range(2):
        x, y = data()
        F.cross_entropy(model(x), y).backward()
    return gradients(model), model.state_dict()


@program
def saved_tensors_are_packed():
    model, sizes = net(), []

    def pack(t):
        sizes.append(tuple(t.shape))
        return t.to(torch.float64)

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t.float()):
        loss = model(data()[0]).pow(2).sum()
    loss.backward()
    with torch.autograd.graph.save_on_cpu():
        model(data()[0]).sum().backward()
    return sizes, loss, gradients(model)


@program
def checkpoints():
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.BatchNorm1d(4), nn.Linear(4, 3))
    x = data()[0].requires_grad_()
    loss = (
        checkpoint(model, x, use_reentrant=True).sum()
        + checkpoint(model, x, use_reentrant=False).pow(2).sum()
    )
    loss.backward()
    return loss, x.grad, gradients(model), dict(model.named_buffers())


@program
def grad_modes_of_every_sort():
    model = net()
    x, y = data()

    @torch.no_grad()
    def evaluate():
        return model(x)

    @torch.no_grad()
    def stream():
        for row in x:
            yield model(row), torch.is_grad_enabled()

    @torch.inference_mode()
    def infer():
        return model(x)

    outs = [evaluate(), infer()]
    for out, enabled in stream():
        outs.append((out, enabled, torch.is_grad_enabled()))
    torch.set_grad_enabled(False)
    outs.append(model(x).requires_grad)
    torch.set_grad_enabled(True)
    with torch.no_grad(), torch.enable_grad():
        outs.append(model(x).requires_grad)
    with torch.inference_mode():
        kept = model(x)
        outs += [kept.is_inference(), torch.is_inference_mode_enabled()]
    with (
        torch.autograd.set_multithreading_enabled(False),
        torch.autograd.detect_anomaly(check_nan=False),
    ):
        F.cross_entropy(model(x), y).backward()
    return outs, gradients(model), torch.is_grad_enabled()


@program
def forward_mode():
    import torch.autograd.forward_ad as fwad

    model = net()
    with fwad.dual_level():
        out = fwad.unpack_dual(model(fwad.make_dual(data()[0], torch.ones(6, 4))))
        primal, tangent = out.primal.detach().clone(), out.tangent.detach().clone()
    return primal, tangent


# Python around it


@program
def a_loader_with_workers():
    dataset = torch.utils.data.TensorDataset(torch.arange(12.0).view(6, 2), torch.arange(6))
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=2, num_workers=1, multiprocessing_context="fork"
    )
    model = nn.Linear(2, 1)
    for x, _ in loader:
        model(x).sum().backward()
    return gradients(model)


@program
def threads_train_side_by_side():
    seeds = {}

    def work(number):
        generator = torch.Generator().manual_seed(number)
        model = nn.Linear(4, 3)
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(torch.randn(p.shape, generator=generator))
        model(torch.randn(6, 4, generator=generator)).pow(2).sum().backward()
        seeds[number] = gradients(model)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(3, 6)))
    return dict(sorted(seeds.items()))


@program
def coroutines():
    async def train(model):
        x, y = data()
        loss = F.cross_entropy(model(x), y)
        await asyncio.sleep(0)
        loss.backward()
        return loss.item()

    async def both():
        models = [net(), net()]
        return await asyncio.gather(*(train(model) for model in models)), [
            gradients(model) for model in models
        ]

    return asyncio.run(both())


@program
def a_frozen_collector():
    model = net()
    first = trained(model)
    gc.freeze()
    try:
        return first, trained(model)
    finally:
        gc.unfreeze()


@program
def a_step_under_functools_and_context_stacks():
    model = net()
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.autograd.profiler.record_function("step"))
        stack.enter_context(torch.random.fork_rng())
        forward = functools.partial(model, data()[0])
        forward().sum().backward()
    return gradients(model), torch.randn(2)


@program
def optimizers_of_every_sort():
    told = []
    for kind in (
        torch.optim.Adam,
        torch.optim.AdamW,
        torch.optim.RMSprop,
        torch.optim.Adagrad,
        torch.optim.NAdam,
    ):
        model = net()
        optimizer = kind(model.parameters(), lr=0.01)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
        average = torch.optim.swa_utils.AveragedModel(model)
        for _ in range(2):
            x, y = data()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(model)
        told += [model.state_dict(), average.state_dict()]
    model = net()
    x, y = data()
    search = torch.optim.LBFGS(model.parameters(), max_iter=3)

    def closure():
        search.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    return told, search.step(closure), model.state_dict()


@program
def recurrent_and_attention_layers():
    lstm, attention, layer = (
        nn.LSTM(4, 5),
        nn.MultiheadAttention(4, 2),
        nn.TransformerEncoderLayer(4, 2, 8),
    )
    x = torch.randn(3, 2, 4)
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([3, 2]))
    out, _ = lstm(packed)
    total = (
        out.data.sum()
        + attention(x, x, x)[0].sum()
        + layer(x).sum()
        + F.scaled_dot_product_attention(x, x, x).sum()
    )
    total.backward()
    layer.eval()
    with torch.no_grad():
        fast = layer(x)
    return total, [gradients(m) for m in (lstm, attention, layer)], fast


@program
def calls_of_a_method_are_counted():
    counts = {"detach": 0, "backward": 0}

    def counted(name):
        method = getattr(torch.Tensor, name)

        def call(*args, **kwargs):
            counts[name] += 1
            return method(*args, **kwargs)

        return call

    before = {name: getattr(torch.Tensor, name) for name in counts}
    for name in counts:
        setattr(torch.Tensor, name, counted(name))
    try:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(3):
            loss = model(torch.ones(2, 3)).pow(2).mean() + 0 * model.weight.detach().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    finally:
        for name, method in before.items():
            setattr(torch.Tensor, name, method)
    return sorted(counts.items()), gradients(model)
