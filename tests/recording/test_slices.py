"""Numbers are followed through Python code that keeps no trace of them."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import gradviz


def judged(step):
    """Return what is cut, and the lines that sever, of a step over one parameter ``a`` whose number
    comes back and ``b`` that is live.
    """
    model = nn.ParameterDict({"a": torch.tensor(2.0), "b": torch.tensor(3.0)})
    with gradviz.trace() as trace:
        loss = step(model["a"] * 1.0, model["b"])
    report = trace.report(loss, model)
    return str(report.parameters["a"].verdict), [cut.code for cut in report.cuts]


def through_float(a, b):
    weight = float(a)
    return b * (0.5 * weight)


def through_math(a, b):
    return b / math.sqrt(a)


def through_numpy(a, b):
    scale = np.mean([a.item(), 1.0])
    return b * float(scale)


def through_a_list(a, b):
    kept = []
    for _ in range(2):
        kept.append(float(a))  # noqa: PERF401  this is what is tested
    return b * (sum(kept) / len(kept))


def number_of(value):
    return 2 * float(value)


def through_a_function(a, b):
    return b * number_of(a)


def scaled(value, factor):
    return value * factor


def through_an_argument(a, b):
    size = float(a)
    return scaled(b, size + 1)


def through_a_new_tensor(a, b):
    return b * torch.tensor([math.exp(float(a))])


@pytest.mark.parametrize(
    "step",
    [
        through_float,
        through_math,
        through_numpy,
        through_a_list,
        through_a_function,
        through_an_argument,
        through_a_new_tensor,
    ],
)
def test_a_number_that_comes_back_severs(step):
    verdict, lines = judged(step)
    assert verdict == "cut"
    assert len(lines) == 1
    assert any(word in lines[0] for word in ("float(", "sqrt(", "item()"))


def only_printed(a, b):
    print(f"{float(a):.1f}")
    return b * 2.0


def only_compared(a, b):
    return b * 2.0 if float(a) > 0 else b * 3.0


def only_kept(a, b, kept):
    kept.append(float(a))
    size = 2.0
    return b * size


@pytest.mark.parametrize(
    "step",
    [only_printed, only_compared, partial(only_kept, kept=[])],
    ids=["printed", "compared", "kept"],
)
def test_a_number_that_does_not_come_back_severs_nothing(step):
    assert judged(step) == ("unused", [])


def test_what_python_may_have_chosen_by_an_index_is_said_not_guessed():
    model = nn.ModuleDict(
        {"router": nn.Linear(2, 2), "experts": nn.ModuleList(nn.Linear(2, 2) for _ in range(2))}
    )
    x = torch.ones(1, 2)
    with gradviz.trace() as trace:
        chosen = model["router"](x).argmax(1).tolist()[0]
        loss = model["experts"][chosen](x).sum()
    report = trace.report(loss, model)
    assert report.parameters["router.weight"].verdict == "unused"
    assert report.parameters["router.weight"].uncertain
    assert not report.parameters["experts.0.weight"].uncertain
    assert any(
        "router.weight" in note and "whether they came back cannot be seen" in note
        for note in report.notes
    )


def test_what_a_loop_does_in_its_body_is_no_part_of_its_next_item():
    model = nn.Linear(2, 1)
    data = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.ones(4, 2)), batch_size=2
    )
    with gradviz.trace() as trace:
        for (batch,) in data:
            loss = model(batch).mean()
            said = "%f" % loss.item()  # noqa: UP031
    report = trace.report(loss, model)
    assert said
    assert report.cuts == ()
