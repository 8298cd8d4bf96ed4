"""Gradients that torch.func takes, with no backward call that could be reported on."""

import json

import pytest

MODEL = """
import torch
from torch.func import functional_call, grad, grad_and_value, jacrev, vjp
torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
def loss_of(parameters, x):
    return functional_call(model, parameters, (x,)).square().mean()
"""
BY_HAND = """
parameters = {name: value.detach() for name, value in model.named_parameters()}
for _ in range(3):
    gradients = grad(loss_of)(parameters, torch.ones(2, 4))
    parameters = {name: value - 0.1 * gradients[name] for name, value in parameters.items()}
print(parameters["bias"].item())
"""
BY_OPTIMIZER = """
def main():
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(3):
        parameters = dict(model.named_parameters())
        loss, pull = vjp(lambda given: loss_of(given, torch.ones(2, 4)), parameters)
        gradients, = pull(torch.ones(()))
        for name, parameter in model.named_parameters():
            parameter.grad = {gradient}
        optimizer.step()
    print(loss.item())
main()
"""
UNSEEN = "gradviz: No backward call was seen in this process: torch.func took gradients 3 times"


@pytest.mark.parametrize("function", ["grad(loss_of)", "grad_and_value(loss_of)"])
def test_of_a_dict_that_is_trained_by_hand_it_is_said_that_nothing_can_be_said(scripts, function):
    taken = f"{function}(parameters, torch.ones(2, 4))" + "[0]" * ("value" in function)
    scripts.write(
        "train.py", MODEL + BY_HAND.replace("grad(loss_of)(parameters, torch.ones(2, 4))", taken)
    )
    ran = scripts.run("-o", "report.json", "train.py")
    assert (ran.code, ran.out) == (0, scripts.python("train.py").out)
    assert ran.err == (
        f"{UNSEEN}, first at train.py:11, and handed them to the script.\n"
        "gradviz: No optimizer stepped while it was watched, so whether parameters train is not"
        " known.\n"
    )


def test_what_an_optimizer_steps_by_such_gradients_trains(scripts):
    scripts.write("train.py", MODEL + BY_OPTIMIZER.format(gradient="gradients[name]"))
    ran = scripts.run("-o", "report.json", "train.py")
    assert (ran.code, ran.out) == (0, scripts.python("train.py").out)
    assert ran.err.startswith(UNSEEN)
    assert ran.end == "gradviz: All 2 parameters train.\n"
    training = json.loads((scripts.folder / "report.json").read_text())["training"]
    assert [fate["trains"] for fate in training["parameters"]] == [True, True]


def test_what_stays_where_it_was_does_not_train_and_no_cause_is_made_up(scripts):
    scripts.write("train.py", MODEL + BY_OPTIMIZER.format(gradient="gradients[name] * 0"))
    ran = scripts.run("train.py")
    assert "ALARM" not in ran.err
    assert ran.end == (
        "gradviz: 0 of 2 parameters train; whether their values went into the loss cannot be"
        " seen.\n"
    )


WRITTEN = """
def main():
    for _ in range(3):
        gradients = grad(loss_of)(dict(model.named_parameters()), torch.ones(2, 4))
        with torch.no_grad():
            model.weight.sub_(0.1 * gradients["weight"])
{call}
"""


@pytest.mark.parametrize(
    "call", ["main()", "model = torch.nn.Linear(4, 1)\nmain()\ndel model, main"]
)
def test_what_the_script_itself_moves_by_such_gradients_trains(scripts, call):
    scripts.write("train.py", MODEL + WRITTEN.format(call=call))
    ran = scripts.run("train.py")
    assert (ran.code, ran.out) == (0, scripts.python("train.py").out)
    assert "ALARM" not in ran.err
    assert ran.end == (
        "gradviz: 1 of 2 parameters trains, by hand at train.py:13;"
        " model.bias does not: whether its value went into the loss cannot be seen.\n"
    )


def test_a_jacobian_beside_a_loss_changes_nothing_of_what_is_said(scripts):
    scripts.write(
        "train.py",
        MODEL
        + """
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for _ in range(2):
    optimizer.zero_grad()
    slope = jacrev(model)(torch.ones(4))
    (model(torch.ones(2, 4)).square().mean() + slope.square().sum()).backward()
    optimizer.step()
""",
    )
    ran = scripts.run("train.py")
    assert "torch.func" not in ran.err
    assert ran.end == "gradviz: All 2 parameters train.\n"


META = """
import torch
from torch import nn
from torch.func import functional_call

torch.manual_seed(0)
net = nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(8, 2)
for _ in range(3):
    own = dict(net.named_parameters())
    inner = functional_call(net, own, (x,)).pow(2).mean()
    grads = torch.autograd.grad(inner, [*own.values()])
    fast = {name: p.data - 0.1 * g for (name, p), g in zip(own.items(), grads)}
    optimizer.zero_grad()
    outer = functional_call(net, {n: p.requires_grad_() for n, p in fast.items()}, (x,))
    outer.pow(2).mean().backward()
    optimizer.step()
"""
"""Model-agnostic meta-learning, whose fast weights lose the way back to the slow ones."""


def last(scripts, text):
    scripts.write("train.py", text)
    return scripts.run("train.py").err.splitlines()[-1]


def test_gradient_that_an_inner_loop_gets_back_does_not_hide_what_cuts_the_outer_loss_off(scripts):
    assert last(scripts, META) == (
        "gradviz: 0 of 2 parameters train; cut off from the loss at train.py:14."
    )


def test_an_inner_loop_whose_fast_weights_lead_back_is_none_of_its_business(scripts):
    healthy = META.replace("p.data", "p").replace("p.requires_grad_()", "p")
    assert last(scripts, healthy) == "gradviz: All 2 parameters train."


HYPERNETWORK = """
import torch
from torch import nn

torch.manual_seed(0)
hyper, main = nn.Linear(2, 3), nn.Linear(2, 1)
optimizer = torch.optim.SGD(hyper.parameters(), lr=0.1)
for _ in range(3):
    made = hyper(torch.randn(2))
    nn.utils.vector_to_parameters(made, main.parameters())
    loss = main(torch.randn(4, 2)).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def test_what_computes_the_parameters_of_another_is_cut_off_and_not_replaced_by_them(scripts):
    assert last(scripts, HYPERNETWORK) == (
        "gradviz: 2 of 4 parameters train, by hand at train.py:10; hyper.* (2) do not: cut off from"
        " the loss at train.py:10."
    )


def test_a_network_that_is_called_with_what_another_computes_trains_that(scripts):
    healthy = HYPERNETWORK.replace(
        "    nn.utils.vector_to_parameters(made, main.parameters())\n", ""
    ).replace("main(torch.randn(4, 2))", "nn.functional.linear(torch.randn(4, 2), made[None, :2])")
    assert "All 2 parameters train; no loss uses main.*" in last(scripts, healthy)
