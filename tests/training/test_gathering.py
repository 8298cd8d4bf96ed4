"""What was seen of optimizers and parameters, put together."""

import torch

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
