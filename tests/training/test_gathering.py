"""What was seen of optimizers and parameters, put together."""

import pytest
import torch

import gradviz
from gradviz.graph import Parameter, Verdict
from gradviz.judging.model_names import names_of
from gradviz.training.seen import Seen
from gradviz.training.watch import StepWatch


def test_an_optimizer_that_steps_before_any_call_is_told_and_no_parameter_is():
    watch = StepWatch()
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    watch.begin(lambda error: None)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    optimizer.step()
    watch.end()
    evidence, (stepper,) = watch.evidence(ended=True)
    assert evidence == []
    assert (stepper.kind, stepper.steps, stepper.strangers) == ("SGD", 1, 1)


def test_the_norm_of_a_gradient_is_that_which_the_step_finds():
    net = torch.nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with gradviz.trace() as trace:
        loss = net(torch.tensor([[3.0, 4.0]])).sum()
        loss.backward()
        net.weight.grad.mul_(2)
        optimizer.step()
    report = trace.report(loss, net)
    assert report.parameters["weight"].gradient_norm == 5.0
    assert report.training.parameters[0].gradient_norm == 10.0


@pytest.mark.parametrize("trains", [False, True])
def test_of_tensors_that_are_no_parameters_nothing_is_told_unless_one_changes(trains):
    watch, image = StepWatch(), torch.ones(2, requires_grad=True)
    roots = {"image": image}
    parameters = {"image": Parameter(name="image", verdict=Verdict.REACHED)}
    watch.begin(lambda error: None)
    for _ in range(2):
        watch.called(Seen(parameters=parameters, plain=True), names_of(roots), roots)
        if trains:
            image.data += 1
    evidence, _ = watch.evidence(ended=True)
    watch.end()
    assert [own.name for own in evidence] == (["image"] if trains else [])


@pytest.mark.parametrize(("dims", "trains"), [(3, 1), (2, 3)])
def test_what_gets_only_rounding_is_told_so_and_no_rate_is_to_be_raised(dims, trains):
    torch.manual_seed(0)
    net, scale = torch.nn.Linear(4, 3), torch.nn.Parameter(torch.ones(1))
    torch.nn.init.ones_(net.bias)
    model = torch.nn.ParameterDict({"weight": net.weight, "bias": net.bias, "scale": scale})
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    with gradviz.trace() as trace:
        z = torch.nn.functional.normalize(net(torch.randn(5, 4)), dim=-1)
        loss = (scale * z[:, :dims].norm(dim=-1) - 2).square().mean()  # the norm of all 3 is 1
        loss.backward()
        optimizer.step()
    training = trace.report(loss, model).training
    assert sum(bool(fate.trains) for fate in training.parameters) == trains
    assert sum(fate.rounding for fate in training.parameters) == 3 - trains
    assert not training.alarms


def test_two_optimizers_that_take_turns_with_one_module_are_given_nobody_elses():
    with gradviz.trace() as trace:
        net, judge = torch.nn.Linear(3, 3), torch.nn.Linear(3, 1)
        turns = [torch.optim.SGD(net.parameters(), lr=0.1) for _ in range(2)]
        for number in range(6):
            net.zero_grad()
            loss = judge(net(torch.ones(4, 3))).square().sum()
            loss.backward()
            turns[number % 2].step()
    assert not trace.report(loss, {"net": net, "judge": judge}).training.alarms


@pytest.mark.parametrize(("of", "is_alarm"), [("encoder", True), ("decoder", False)])
def test_an_optimizer_that_was_given_what_another_holds_is_named(of, is_alarm):
    with gradviz.trace() as trace:
        nets = {"encoder": torch.nn.Linear(3, 3), "decoder": torch.nn.Linear(3, 2)}
        optimizers = [
            torch.optim.SGD(nets["encoder"].parameters(), lr=0.1),
            torch.optim.SGD(nets[of].parameters(), lr=0.1),
        ]
        for _ in range(3):
            loss = nets["decoder"](nets["encoder"](torch.ones(4, 3))).square().sum()
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
    alarms = trace.report(loss, torch.nn.ModuleDict(nets)).training.alarms
    named = [(own.why, own.code) for own in alarms]
    made = "torch.optim.SGD(nets[of].parameters(), lr=0.1),"
    assert named == ([("not_held", made)] if is_alarm else [])
