"""Why normalisations, spreads and samplings pass on zeros; each with a twin that passes more."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import gradviz
from gradviz.recording import torch_inside

STILL_ZERO = "the other factor is still zero, but it gets gradient itself"


class Net(nn.Module):
    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)


def why(loss_of, net: nn.Module, name: str = "a.weight") -> tuple[str, bool]:
    """Return why the gradient of a parameter is zero and whether that passes; nothing where it is
    not zero.
    """
    with gradviz.trace() as trace:
        loss = loss_of(net)
        loss.backward()
        zero = trace.report(loss, net).parameters[name].zero
    return ("", False) if zero is None else (zero.why, zero.passing)


def residual(net: Net) -> torch.Tensor:
    x = torch.arange(12.0).view(4, 3)
    return (net.n(net.a(x)) + x[:, :1]).pow(2).mean()


@pytest.mark.parametrize("kind", [nn.LayerNorm, nn.BatchNorm1d, lambda n: nn.GroupNorm(2, n)])
def test_a_gain_that_begins_at_zero_is_said_to_pass(kind):
    torch.manual_seed(0)
    net = Net(a=nn.Linear(3, 4), n=kind(4))
    assert why(residual, net) == ("", False)
    nn.init.zeros_(net.n.weight)
    assert why(residual, net) == (STILL_ZERO, True)
    net.n.weight.requires_grad_(False)
    assert why(residual, net) == ("the other factor is zero", False)


def test_a_normalisation_over_one_value_is_constant():
    torch.manual_seed(0)
    assert why(residual, Net(a=nn.Linear(3, 1), n=nn.LayerNorm(1))) == (
        "a normalisation over a single value is constant",
        False,
    )
    assert why(residual, Net(a=nn.Linear(3, 2), n=nn.LayerNorm(2, elementwise_affine=False))) == (
        "",
        False,
    )


@pytest.mark.parametrize("dims", [(), (1,), (-1,)])
@pytest.mark.parametrize("spread", [torch.var, torch.std])
def test_the_spread_of_equal_values_passes_nothing(spread, dims):
    def loss_of(net: nn.Module) -> torch.Tensor:
        return spread(net.a.weight, *dims).sum()

    net = Net(a=nn.Linear(3, 2))
    assert why(loss_of, net) == ("", False)
    nn.init.ones_(net.a.weight)
    assert why(loss_of, net)[0].startswith("the values that it is of are all equal")


@pytest.mark.parametrize(
    ("mode", "shift", "said"),
    [
        ("nearest", 0.0, "the nearest pixel is taken"),
        ("bilinear", 0.0, ""),
        ("bilinear", 50.0, "every point that it samples lies outside of the image"),
    ],
)
def test_where_an_image_is_sampled_matters_between_pixels_alone(mode, shift, said):
    torch.manual_seed(0)
    net = Net(a=nn.Linear(4, 6))

    def loss_of(net: Net) -> torch.Tensor:
        image = torch.randn(2, 1, 5, 5)
        theta = (net.a(torch.ones(2, 4)) + shift).view(2, 2, 3)
        grid = functional.affine_grid(theta, [2, 1, 5, 5], align_corners=False)
        return functional.grid_sample(image, grid, mode=mode, align_corners=False).sum()

    assert why(loss_of, net)[0].startswith(said)
    assert bool(why(loss_of, net)[0]) == bool(said)


def test_a_bag_of_padding_alone_passes_nothing():
    bag = nn.EmbeddingBag(5, 3, padding_idx=0, mode="sum")

    def sum_of(indices: list[list[int]]) -> tuple[str, bool]:
        return why(lambda net: net.a(torch.tensor(indices)).sum(), Net(a=bag))

    assert sum_of([[0, 0], [0, 0]])[0] == "all 4 indices are padding_idx, which gets no gradient"
    assert sum_of([[0, 1], [2, 0]]) == ("", False)


@pytest.mark.skipif(not torch_inside.READS_SAVED, reason="nothing that nodes saved is read")
@pytest.mark.parametrize(
    ("dropout", "dtype"), [(0.1, torch.float32), (0.0, torch.float16), (0.1, torch.float16)]
)
def test_attention_to_a_single_key_is_told_also_with_dropout_and_in_half_precision(dropout, dtype):
    torch.manual_seed(1)
    query, other = (nn.Parameter(torch.randn(8, 1, 1, 8).to(dtype)) for _ in range(2))
    with gradviz.trace() as trace:
        made = functional.scaled_dot_product_attention(query, other, other, dropout_p=dropout)
        loss = made.float().square().mean()
        loss.backward()
    zero = trace.report(loss, {"query": query, "other": other}).parameters["query"].zero
    assert zero.why.startswith("a softmax over a single value is constant")
    assert (zero.lasting, zero.passing) == (True, False)
