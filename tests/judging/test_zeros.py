"""Where an all-zero gradient begins is named.

The operation, the line, and whether it passes by itself.
"""

import linecache
import runpy
from pathlib import Path

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording import torch_inside
from gradviz.recording.names import operation_name

read = pytest.mark.skipif(
    not torch_inside.READS_SAVED,
    reason="this torch does not tell what hooks have packed, so nothing that nodes saved is read",
)

CASES = [
    path
    for path in sorted((Path(__file__).parents[1] / "cases").glob("[0-9]*.py"))
    if "\nZEROS = " in path.read_text()
]
PASSING = (
    "039_lora_standard_init_ok.py",
    "043_controlnet_zero_conv_ok.py",
    "366_rezero_residual_ok.py",
)


def report_of(path):
    case = runpy.run_path(str(path))
    with gradviz.trace() as trace:
        loss, model = case["step"]()
        loss.backward()
    return case, trace.report(loss, model)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_the_line_where_a_zero_begins_is_the_one_the_case_names(path):
    case, report = report_of(path)
    named = {
        parameter.zero.place.code for parameter in report.parameters.values() if parameter.zero
    }
    assert {line for _, line in case["ZEROS"]} <= named


@pytest.mark.parametrize("name", PASSING)
def test_a_zero_that_passes_with_the_next_step_is_said_to(name):
    _, report = report_of(CASES[0].parent / name)
    zeros = [parameter.zero for parameter in report.parameters.values() if parameter.zero]
    assert zeros
    assert all(zero.passing for zero in zeros)


def test_a_zero_that_stays_is_not_said_to_pass():
    _, report = report_of(CASES[0].parent / "040_relora_both_factors_zero.py")
    assert {
        parameter.zero.passing for parameter in report.parameters.values() if parameter.zero
    } == {False}


def test_routes_that_cancel_out_are_told_as_that():
    _, report = report_of(CASES[0].parent / "034_wgan_gp_critic_step_ok.py")
    assert (
        report.parameters["critic.2.bias"].zero.why == "what arrives on several routes cancels out"
    )


def a_constant_input_and_a_weight_of_zero(layer, x):
    moved = layer(torch.zeros_like(x))  # begins
    still = layer(torch.zeros_like(x))
    return moved.square().sum() + 0 * still.sum()


def a_dead_trunk_and_a_head_left_out(layer, x):
    h = (layer(x) - 100).relu()  # begins
    return (h + 1).square().sum() + (torch.zeros(2) * h.exp()).sum()


def a_clamp_at_the_parameter_and_an_auxiliary_term_off(layer, x):
    weight = layer.weight.clamp(5, 6)  # begins
    auxiliary = (x @ weight.T).mean()
    return (x @ weight.T).square().mean() + 0.0 * auxiliary


@pytest.mark.parametrize(
    "step",
    [
        a_constant_input_and_a_weight_of_zero,
        a_dead_trunk_and_a_head_left_out,
        a_clamp_at_the_parameter_and_an_auxiliary_term_off,
    ],
)
def test_of_several_beginnings_the_one_that_gradient_came_nearest_through_is_named(step):
    layer = nn.Linear(3, 2)
    with gradviz.trace() as trace:
        loss = step(layer, torch.randn(4, 3))
        loss.backward()
    place = trace.report(loss, layer).parameters["weight"].zero.place
    assert place.code.endswith("# begins")


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("NllLossBackward0", "nll_loss"),
        ("ReluBackward0", "relu"),
        ("PassThroughBackward", "pass_through"),
        ("CopyBackwards", "copy"),
    ],
)
def test_a_node_goes_by_the_name_of_its_operation(node, name):
    assert operation_name(node) == name


def test_there_are_cases_to_hold_it_against():
    assert len(CASES) > 10
    linecache.checkcache()


def zeroed(register):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    with gradviz.trace() as trace:
        middle = model[1](model[0](torch.randn(5, 3)))
        register(middle.grad_fn)
        loss = model[2](middle).pow(2).mean()
        loss.backward()
    return trace.report(loss, model).parameters["0.weight"].zero


def test_a_single_part_cannot_cancel_so_a_hook_on_the_node_is_named():
    begins = zeroed(lambda node: node.register_prehook(lambda came: (came[0] * 0,)))
    assert begins.operation == "hook"
    assert "cancels" not in begins.why


def test_what_was_looked_at_and_is_not_so_is_not_usual():
    begins = zeroed(lambda node: node.register_hook(lambda went, came: (went[0] * 0,)))
    assert "saturated" not in begins.why


def test_what_cancels_on_two_routes_is_told_as_that():
    model = nn.Linear(3, 4)
    with gradviz.trace() as trace:
        out = model(torch.randn(5, 3)).tanh()
        loss = (out - out.clone()).sum()
        loss.backward()
    assert "cancels out" in trace.report(loss, model).parameters["weight"].zero.why


def test_a_bias_that_a_difference_of_scores_cancels_is_no_zero_factor_that_passes():
    trunk, head = nn.Linear(3, 4), nn.Linear(4, 1)
    torch.manual_seed(0)
    with gradviz.trace() as trace:
        first, second = head(trunk(torch.randn(8, 3))).squeeze(-1).chunk(2)
        loss = (first - second).sum()
        loss.backward()
    zero = trace.report(loss, nn.Sequential(trunk, head)).parameters["1.bias"].zero
    assert (zero.operation, zero.passing) == ("sum", False)
    assert "cancels out" in zero.why


def test_a_bias_beside_a_zero_weight_gets_its_own_gradient():
    layer = nn.Linear(3, 1)
    with gradviz.trace() as trace:
        loss = layer(torch.ones(4, 3)).sum()
        loss.backward()
    assert str(trace.report(loss, layer).parameters["bias"].verdict) == "reached"


def test_a_binary_cross_entropy_that_is_won_is_not_told_of_ignored_targets():
    layer = nn.Linear(2, 1)
    nn.init.constant_(layer.bias, 200.0)
    with gradviz.trace() as trace:
        logits = layer(torch.ones(4, 2))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.ones(4, 1))
        loss.backward()
    why = trace.report(loss, layer).parameters["bias"].zero.why
    assert "predictions are their targets to the last bit" in why


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("MaxPool2DWithIndicesBackward0", "max_pool2d_with_indices"),
        ("NllLoss2DBackward0", "nll_loss2d"),
        ("NllLossBackward0", "nll_loss"),
    ],
)
def test_an_operation_of_two_dimensions_keeps_its_name(node, name):
    assert operation_name(node) == name


def test_a_factor_of_zero_that_gradient_comes_to_and_does_not_pass_is_not_said_to_get_any():
    torch.manual_seed(0)
    model = nn.ModuleDict({name: nn.Linear(4, 4) for name in ("stem", "up", "down")})
    with torch.no_grad():
        model["up"].bias.fill_(-50)
    with gradviz.trace() as trace:
        x = model["stem"](torch.randn(8, 4))
        loss = (x + model["down"](torch.relu(model["up"](x)))).square().sum()
        loss.backward()
    zero = trace.report(loss, model).parameters["down.weight"].zero
    assert (zero.why, zero.passing) == ("the other factor is zero", False)


def test_a_factor_of_zero_that_a_parameter_gets_gradient_through_passes():
    gate, weight = nn.Parameter(torch.zeros(4)), nn.Parameter(torch.ones(4))
    model = nn.ParameterDict({"gate": gate, "weight": weight})
    with gradviz.trace() as trace:
        loss = (torch.tanh(gate) * weight * torch.ones(4)).sum()
        loss.backward()
    zero = trace.report(loss, model).parameters["weight"].zero
    assert zero.passing
    assert "gets gradient itself" in zero.why


def penalised(activation):
    """Return the report on a penalty on a critic's slope at its input."""
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(2, 16), activation, nn.Linear(16, 1))
    x = torch.randn(5, 2, requires_grad=True)
    with gradviz.trace() as trace:
        (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        loss = (slope.norm(2, 1) - 1).square().mean()
        loss.backward()
    return trace.report(loss, critic)


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.LeakyReLU(0.2), nn.Hardtanh()])
def test_a_penalty_on_the_slope_of_straight_pieces_says_why_a_bias_gets_nothing(activation):
    report = penalised(activation)
    assert "straight pieces" in report.parameters["0.bias"].zero.why
    assert report.unregistered == ()


def test_where_every_unit_is_dead_a_penalty_on_the_slope_says_that():
    critic = nn.Sequential(nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Linear(3, 1, bias=False))
    nn.init.constant_(critic[0].weight, -1.0)
    x = torch.ones(5, 2, requires_grad=True)
    with gradviz.trace() as trace:
        (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        loss = (slope - 1).square().mean()
        loss.backward()
    zero = trace.report(loss, critic).parameters["2.weight"].zero
    assert zero.operation == "threshold_backward"
    assert "a dead unit" in zero.why


def test_a_penalty_on_the_slope_of_a_curve_reaches_the_bias_and_the_input():
    report = penalised(nn.Tanh())
    assert report.parameters["0.bias"].zero is None
    assert len(report.unregistered) == 1


def routes(*parts):
    weight = nn.Parameter(torch.tensor([0.2, -0.4]))
    with gradviz.trace() as trace:
        loss = sum(part(weight * 1).sum() for part in parts)
        loss.backward()
    return trace.report(loss, {"weight": weight}).parameters["weight"].zero


@read
def test_each_of_several_routes_that_end_is_told_and_it_lasts_where_all_do():
    dead = routes(lambda h: (h - 9).relu(), torch.round)
    assert dead.why.startswith("all 2 inputs are 0 or below, where it is flat (dead units);")
    assert "; another route ends at " in dead.why
    assert dead.why.endswith("its derivative is zero everywhere")
    assert (dead.lasting, bool(dead.mend)) == (False, True)
    assert not routes(lambda h: h * 0.0, torch.round).mend


@read
def test_a_route_that_may_pass_is_told_before_one_that_ends_nearer():
    gate = nn.Parameter(torch.zeros(2))
    zero = routes(lambda h: h * gate, torch.round)
    assert zero.passing
    assert "another route ends at " in zero.why
    assert zero.why.endswith("its derivative is zero everywhere")


@read
def test_one_line_that_ends_many_routes_is_told_once():
    def over_and_over(h):
        return sum((h - number).relu() for number in range(3, 9))

    assert "another route" not in routes(over_and_over).why


@read
def test_what_a_draw_is_made_by_gets_zeros_whatever_was_drawn():
    drawn = routes(lambda h: torch.bernoulli(h.sigmoid()), lambda h: torch.bernoulli(h.sigmoid()))
    assert drawn.why.startswith("its derivative is zero everywhere")
