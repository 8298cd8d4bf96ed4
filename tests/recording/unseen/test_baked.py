"""A constant of a traced model that stands in the source was made of no tensor."""

import warnings

import pytest
import torch
from torch import nn

import gradviz


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.spare = nn.Linear(3, 3), nn.Linear(3, 3)
        self.norm, self.several = nn.LayerNorm(3), nn.ModuleList(nn.Linear(3, 3) for _ in range(2))
        self.act, self.pick = nn.ReLU(), Pick()
        self.pick.spare = self.spare


class Pick(nn.Module):
    def forward(self, x):
        return x


class Plain(Model):
    def forward(self, x):
        h = self.act(self.norm(self.first(x)))
        h = torch.cat([h, -h], dim=1).view(x.shape[0], -1)
        return nn.functional.leaky_relu(h, 0.1) * 2.0 + 1


class Rounded(Model):
    def forward(self, x):
        return self.first(x) * float(self.spare.bias.sum()) * 2.0


class Counted(Model):
    def forward(self, x):
        for _ in range(1 + int(self.spare.bias.abs().sum())):
            x = self.first(x) * 2.0
        return x


class Helped(Model):
    def forward(self, x):
        return self.first(x) * self.helper() * 2.0

    def helper(self):
        return 2.0 if self.spare.bias.sum() > 0 else 1.0


class Chosen(Model):
    def forward(self, x):
        return self.several[self.spare.bias.argmax() % 2](x) * 2.0


class Told(Model):
    def forward(self, x):
        return self.first(x) @ self.kept.weight * 2.0

    @property
    def kept(self):
        return self.several[0] if self.spare.bias.sum() > 0 else self.several[1]


class Weights(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.spare, self.several = model.spare, model.several

    def forward(self):
        return self.several[0 if self.spare.bias.sum() > 0 else 1].weight


class Handed(Model):
    def __init__(self):
        super().__init__()
        self.weights = Weights(self)

    def forward(self, x):
        return self.first(x) @ self.weights() * 2.0


def parameters_of(kind):
    with warnings.catch_warnings(), gradviz.trace() as trace:
        warnings.simplefilter("ignore")
        model = kind()
        run = torch.jit.trace(model, torch.ones(2, 3), check_trace=False)
        loss = run(torch.ones(2, 3)).sum()
        loss.backward()
    return trace.report(loss, model).parameters


def test_what_a_traced_model_with_numbers_of_the_source_does_not_read_is_unused_for_certain():
    parameters = parameters_of(Plain)
    assert str(parameters["spare.bias"].verdict) == "unused"
    assert not any(parameter.uncertain for parameter in parameters.values())


@pytest.mark.parametrize("kind", [Rounded, Counted, Helped, Chosen, Told, Handed])
def test_what_may_have_chosen_or_made_a_number_in_a_traced_model_is_in_doubt(kind):
    assert parameters_of(kind)["spare.bias"].uncertain
