"""Terms of a loss that move nothing are found in faulty programs, and none in healthy ones.

``test_cases.py`` looks for them in every case.
"""

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import gradviz
from gradviz.facts.constant_terms import find_constant_terms


def terms(step):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with gradviz.trace() as trace:
            loss, model = step()
            if isinstance(loss, torch.Tensor) and loss.requires_grad:
                loss.backward()
        torch.set_grad_enabled(True)
        return find_constant_terms(trace.report(loss, model).graph)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        h = torch.tanh(self.body(x))
        return h, self.head(h)


def faulty_penalty():
    model = Net()
    h, y = model(torch.randn(5, 3))
    with torch.no_grad():
        penalty = h.abs().mean()
    return F.cross_entropy(y, torch.tensor([0, 1, 0, 1, 0])) + 0.1 * penalty, model


def healthy_straight_through():
    model = Net()
    _, y = model(torch.randn(5, 3))
    hard = y + (y.round() - y).detach()
    return hard.mean(), model


def healthy_target():
    model = Net()
    h, y = model(torch.randn(5, 3))
    return F.mse_loss(h, h.roll(1, 0).detach()) + y.square().mean(), model


def healthy_ratio_of_one():
    model = Net()
    h, y = model(torch.randn(5, 3))
    one, other = h.square().mean(), y.square().mean()
    return one / one.detach() + other / other.detach(), model


def healthy_self_distillation():
    model = Net()
    x = torch.randn(5, 3)
    teacher = model(x)[1].softmax(-1).detach()
    return F.kl_div(model(x + 0.1)[1].log_softmax(-1), teacher, reduction="batchmean"), model


def healthy_baseline():
    model = Net()
    h, y = model(torch.randn(5, 3))
    value = h.mean(1)
    logp = torch.distributions.Categorical(logits=y)
    action = logp.sample()
    advantage = torch.randn(5) - value.detach()
    return -(logp.log_prob(action) * advantage).mean() + (value - 1).square().mean(), model


def returns_that_are_a_target_too(kept):
    """The returns follow from what was sampled, and the value is drawn to them."""
    model = Net()
    h, y = model(torch.randn(5, 3))
    value = h.mean(1)
    policy = torch.distributions.Categorical(logits=y)
    action = policy.sample()
    returns = torch.tensor([float(number) for number in action])
    terms = kept(policy.log_prob(action)) * (returns - value.detach())
    return -terms.mean() + (returns - value).square().mean() - policy.entropy().mean(), model


def faulty_policy_beside_a_target():
    return returns_that_are_a_target_too(lambda logp: torch.tensor(logp.tolist()))


def healthy_policy_beside_a_target():
    return returns_that_are_a_target_too(lambda logp: logp)


def healthy_shift_that_is_in_the_logarithm_too():
    model = Net()
    _, y = model(torch.randn(5, 3))
    shift = y.max().detach()
    return shift + (y - shift).exp().sum().log(), model


def healthy_shift_that_is_computed_twice():
    model = Net()
    h, y = model(torch.randn(5, 3))
    shift, scale = y.max().detach(), h.std().item()
    normaliser = shift * scale + (y - shift * scale).exp().sum().log()
    return normaliser + h.square().mean(), model


def faulty_penalties_of_one_value():
    model = Net()
    h, y = model(torch.randn(5, 3))
    norm = h.detach().abs()
    return y.square().mean() + norm.mean() + norm.square().mean(), model


@pytest.mark.parametrize(
    ("step", "count"),
    [
        (faulty_penalty, 1),
        (healthy_shift_that_is_computed_twice, 0),
        (faulty_penalties_of_one_value, 1),
        (faulty_policy_beside_a_target, 1),
        (healthy_policy_beside_a_target, 0),
        (healthy_shift_that_is_in_the_logarithm_too, 0),
        (healthy_straight_through, 0),
        (healthy_target, 0),
        (healthy_ratio_of_one, 0),
        (healthy_self_distillation, 0),
        (healthy_baseline, 0),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_stop_gradient_that_is_meant_is_no_constant_term(step, count):
    assert len(terms(step)) == count


def faulty_ratio():
    model = Net()
    h, y = model(torch.randn(5, 3))
    value = h.mean(1)
    now = y.log_softmax(-1)[:, 0].detach()
    with torch.no_grad():
        before = model(torch.randn(5, 3))[1].log_softmax(-1)[:, 0]
    advantage = torch.randn(5) - value.detach()
    return -((now - before).exp() * advantage).mean() + value.square().mean(), model


def test_a_term_is_severed_where_a_parameter_loses_all_its_gradient_and_not_by_a_baseline():
    (term,) = terms(faulty_ratio)
    assert term.place.code == "now = y.log_softmax(-1)[:, 0].detach()"


def student_and_teacher(detached):
    student, teacher = nn.Linear(3, 2), nn.Linear(3, 2)
    x = torch.randn(5, 3)
    optimizer = torch.optim.SGD(student.parameters(), lr=0.1)  # noqa: F841
    with torch.no_grad():
        wanted = teacher(x).softmax(-1)
    y = student(x)
    told = y.detach() if detached else y
    near = F.kl_div(told.log_softmax(-1), wanted, reduction="batchmean")
    return near + F.cross_entropy(y, torch.tensor([0, 1, 0, 1, 0])), student, teacher


@pytest.mark.parametrize("detached", [True, False])
def test_a_term_is_severed_from_what_optimizers_hold_and_not_from_a_teacher(detached):
    with gradviz.trace() as trace:
        loss, student, teacher = student_and_teacher(detached)
    graph = trace.report(loss, {"student": student, "teacher": teacher}).graph
    held = ["student.weight", "student.bias"]
    found = find_constant_terms(graph, held)
    told = [(term.place.code, sorted(term.parameters)) for term in found]
    assert told == [("told = y.detach() if detached else y", sorted(held))] * detached
