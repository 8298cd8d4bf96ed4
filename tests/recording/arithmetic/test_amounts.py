"""How much gradient passes each node, held against hooks that are set by hand."""

import math
import weakref

import pytest
import torch
from torch import nn

import gradviz
from gradviz.graph import Amount, Node, NodeKind
from gradviz.recording.arithmetic.amounts import Meter, amount_of
from gradviz.recording.arithmetic.sizes import unseen


def by_hand(gradient: torch.Tensor | None) -> Amount | None:
    """What a person computes of a gradient in a hook."""
    if gradient is None:
        return None
    dense = gradient.to_dense() if gradient.layout != torch.strided else gradient
    wide = dense.to(torch.complex128 if dense.is_complex() else torch.float64)
    return Amount(
        norm=float(torch.linalg.vector_norm(wide)),
        largest=float(wide.abs().max()),
        zeros=float((dense == 0).double().mean()),
        not_finite=int((~dense.isfinite()).sum()),
        numel=dense.numel(),
    )


def measured(gradient: torch.Tensor) -> Amount | None:
    size = unseen(Meter().measure, gradient)
    assert isinstance(size, float)
    return amount_of(size)


def block() -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 2, 24, dropout=0.0, batch_first=True)
    return nn.Sequential(
        layer, nn.Conv1d(5, 3, 3), nn.GroupNorm(1, 3), nn.ReLU(), nn.Flatten(), nn.Linear(42, 2)
    ), torch.randn(3, 5, 16)


def hooked(model: nn.Module, x: torch.Tensor) -> dict[str, list[tuple[Amount | None, ...]]]:
    """What hooks by hand say of every node of a plain step, as a list for each kind of node."""
    loss = model(x).square().mean()
    said: dict[str, list[tuple[Amount | None, ...]]] = {}
    stack, seen = [loss.grad_fn], set()
    while stack:
        node = stack.pop()
        if node is None or node in seen or not hasattr(node, "next_functions"):
            continue
        seen.add(node)

        def hook(
            passed: tuple[torch.Tensor | None, ...],
            came: tuple[torch.Tensor | None, ...],
            node: object = node,
        ) -> None:
            said.setdefault(type(node).__name__, []).append(
                (*map(by_hand, came), None, *map(by_hand, passed))
            )

        if type(node).__name__ != "AccumulateGrad":
            node.register_hook(hook)
        stack += [before for before, _ in node.next_functions]
    loss.backward()
    return said


def of_node(node: Node) -> tuple[Amount | None, ...]:
    return (*node.incoming, None, *node.outgoing)


def test_what_passes_each_node_is_what_hooks_by_hand_see_to_the_last_bit() -> None:
    model, x = block()
    expected = hooked(model, x)
    model.zero_grad()
    with gradviz.trace(values=True) as trace:
        loss = model(x).square().mean()
        loss.backward()
    report = trace.report(loss, model)
    found: dict[str, list[tuple[Amount | None, ...]]] = {}
    for node in report.graph.nodes:
        if node.kind is NodeKind.OPERATION:
            found.setdefault(node.operation, []).append(of_node(node))
    assert set(found) == set(expected)
    for kind, some in expected.items():
        # a gradient for what takes none is measured by the hook alone
        assert sorted(map(_bare, found[kind])) == sorted(map(_bare, some)), kind
    for name, parameter in model.named_parameters():
        node = next(node for node in report.graph.nodes if node.name == name)
        assert node.incoming == (by_hand(parameter.grad),)
        assert report.parameters[name].gradient_norm == float(
            torch.linalg.vector_norm(parameter.grad, dtype=torch.float64)
        )
    assert gradviz.reports.read_json(report.to_json()) == report


def _bare(amounts: tuple[Amount | None, ...]) -> str:
    return repr([amount for amount in amounts if amount is not None])


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
        torch.complex64,
        torch.complex128,
    ],
)
def test_every_dtype_is_measured_as_by_hand(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    gradient = torch.randn(37, 19, dtype=dtype)
    gradient[3] = 0
    for view in (gradient, gradient.t(), gradient[::2], gradient[:1].expand(5, 19), gradient[:0]):
        expected = by_hand(view) if view.numel() else Amount(norm=0.0, largest=0.0)
        assert measured(view) == expected


def test_a_sparse_gradient_counts_what_it_leaves_out_as_zeros() -> None:
    table = nn.Embedding(50, 4, sparse=True)
    table(torch.tensor([1, 1, 7])).square().sum().backward()
    assert table.weight.grad is not None
    assert table.weight.grad.is_sparse
    assert measured(table.weight.grad) == by_hand(table.weight.grad)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1e-40, torch.float32),
        (3e38, torch.float32),
        (1e-300, torch.float64),
        (1e300, torch.float64),
        (6e-8, torch.float16),
        (6e4, torch.float16),
    ],
)
def test_nothing_overflows_or_underflows_in_the_measuring(value: float, dtype: torch.dtype) -> None:
    gradient = torch.full((4,), value, dtype=dtype)
    amount = measured(gradient)
    assert amount is not None
    assert amount.norm == 2 * float(gradient[0].double())
    assert amount.largest == float(gradient[0].double())
    assert not amount.zeros
    assert not amount.not_finite


def test_what_is_not_finite_is_counted() -> None:
    amount = measured(torch.tensor([1.0, math.nan, math.inf, 0.0]))
    assert amount is not None
    assert (amount.not_finite, amount.zeros) == (2, 0.25)
    assert math.isnan(amount.norm)


def test_never_more_than_the_gradients_of_one_node_are_held() -> None:
    torch.manual_seed(0)
    layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(12))
    alive: list[int] = []
    passed: list[weakref.ref[torch.Tensor]] = []

    def hook(gradient: torch.Tensor) -> None:
        alive.append(sum(reference() is not None for reference in passed))
        passed.append(weakref.ref(gradient))

    with gradviz.trace(values=True) as trace:
        h = torch.randn(2, 8)
        for layer in layers:
            h = torch.tanh(layer(h))
            h.register_hook(hook)
        loss = h.sum()
        loss.backward()
    assert trace.report(loss, layers).graph.nodes[1].incoming
    assert len(alive) == 12
    assert max(alive) <= 1
    assert not any(reference() is not None for reference in passed)


def test_the_amounts_of_a_traced_step_leave_its_gradients_as_they_are() -> None:
    model, x = block()
    model(x).square().mean().backward()
    plain = [
        parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None
    ]
    model.zero_grad()
    with gradviz.trace(values=True):
        model(x).square().mean().backward()
    for one, other in zip(plain, model.parameters(), strict=True):
        assert other.grad is not None
        assert torch.equal(one, other.grad)


def test_without_values_the_nodes_say_nothing_of_amounts() -> None:
    model, x = block()
    with gradviz.trace() as trace:
        loss = model(x).square().mean()
        loss.backward()
    assert not any(node.incoming or node.outgoing for node in trace.report(loss, model).graph.nodes)


def test_a_backward_inside_a_checkpoint_is_measured_too() -> None:
    from torch.utils.checkpoint import checkpoint

    torch.manual_seed(0)
    first, second = nn.Linear(4, 4), nn.Linear(4, 1)
    x = torch.randn(2, 4, requires_grad=True)
    for reentrant in (False, True):
        model = nn.ModuleList([first, second])
        model.zero_grad()
        with gradviz.trace(values=True) as trace:
            loss = second(checkpoint(first, x, use_reentrant=reentrant)).sum()
            loss.backward()
        report = trace.report(loss, model)
        node = next(node for node in report.graph.nodes if node.name == "0.weight")
        assert node.incoming == (by_hand(first.weight.grad),)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("numel", [1, 4097, 65_537, 200_003])
def test_pieces_in_the_cache_change_no_bit(dtype: torch.dtype, numel: int) -> None:
    torch.manual_seed(numel)
    gradient = torch.randn(numel, dtype=dtype)
    gradient[::7] = 0
    assert measured(gradient) == by_hand(gradient)


def test_the_order_of_the_memory_is_that_in_which_torch_adds_up() -> None:
    torch.manual_seed(0)
    channels_last = torch.randn(3, 64, 17, 19).to(memory_format=torch.channels_last)
    transposed = torch.randn(300, 500).t()
    for gradient in (
        channels_last,
        transposed,
        transposed[3:, 1::2],
        channels_last.permute(3, 0, 2, 1),
    ):
        assert measured(gradient) == by_hand(gradient)


@pytest.mark.parametrize("place", [0, 40_000, 99_999])
@pytest.mark.parametrize(("value", "norm"), [(math.nan, "nan"), (math.inf, "inf")])
def test_what_is_not_finite_is_counted_wherever_it_lies(
    place: int, value: float, norm: str
) -> None:
    gradient = torch.ones(100_000)
    gradient[place] = value
    amount = measured(gradient)
    assert amount is not None
    assert (str(amount.norm), str(amount.largest), amount.not_finite) == (norm, norm, 1)


def test_a_very_large_gradient_is_added_up_without_a_wide_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gradviz.recording.arithmetic.amounts.MOST_EXACT", 50_000)
    torch.manual_seed(0)
    gradient = torch.randn(400, 251)
    gradient[5] = -0.0
    amount, expected = measured(gradient), by_hand(gradient)
    assert amount is not None
    assert expected is not None
    exact = math.sqrt(math.fsum(value * value for value in gradient.double().flatten().tolist()))
    assert abs(amount.norm - exact) <= abs(expected.norm - exact) + 1e-13
    assert amount.largest == expected.largest
    assert amount.zeros == expected.zeros
    gradient[7, 7] = math.nan
    gradient[8, 8] = math.inf
    spoiled = measured(gradient)
    assert spoiled is not None
    assert math.isnan(spoiled.norm)
    assert spoiled.not_finite == 2


def test_minus_zero_is_zero_and_a_negated_view_is_read() -> None:
    gradient = torch.tensor([-0.0, 0.0, -3.0, 2.0])
    assert measured(gradient) == by_hand(gradient)
    negated = torch.tensor([1 + 2j, 3 - 4j]).conj().imag
    assert negated.is_neg()
    assert measured(negated) == by_hand(negated)
