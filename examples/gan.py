"""A GAN: the discriminator's step must not train the generator, and the generator's step must."""

import torch
from torch import nn
from torch.nn.functional import softplus

import gradviz


def networks():
    """Make a generator and a discriminator."""
    return nn.ModuleDict({"generator": nn.Linear(2, 3), "discriminator": nn.Linear(3, 1)})


def step():
    """Run the discriminator's step: detach() keeps the generator out of it, as is meant."""
    model = networks()
    fake = model.generator(torch.ones(1, 2)).detach()
    real = torch.ones(1, 3)
    loss = softplus(model.discriminator(fake)).mean() + softplus(-model.discriminator(real)).mean()
    return loss, model


def generator_step():
    """Run the generator's step."""
    model = networks()
    fake = model.generator(torch.ones(1, 2))
    return softplus(-model.discriminator(fake)).mean(), model


def broken_generator_step():
    """Run the generator's step with a line that was copied from the discriminator's."""
    model = networks()
    fake = model.generator(torch.ones(1, 2)).detach()
    return softplus(-model.discriminator(fake)).mean(), model


if __name__ == "__main__":
    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)
    report.to_svg("gan.svg", engine="embedded")
