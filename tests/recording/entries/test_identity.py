"""A trace knows every tensor, holds none, and puts no weak reference to any."""

import gc
import weakref

import pytest
import torch
from torch import nn
from torch.utils import swap_tensors

import gradviz
from gradviz.recording.entries.identity import Tensors


@pytest.fixture
def swapping():
    torch.__future__.set_swap_module_params_on_conversion(True)
    yield
    torch.__future__.set_swap_module_params_on_conversion(False)


def verdicts(report):
    return {name: str(parameter.verdict) for name, parameter in report.parameters.items()}


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))


def test_no_tensor_of_a_step_has_a_weak_reference():
    model = net()
    with gradviz.trace():
        frozen = model[0].weight.requires_grad_(False)
        hidden = model[0](torch.ones(2, 4))
        cut = hidden.detach()
        cut.add_(hidden.mean())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loss = model[2](cut + hidden).sum()
        loss.backward()
        for tensor in (*model.parameters(), frozen, hidden, cut, loss):
            assert weakref.getweakrefcount(tensor) == 0
    del optimizer


@pytest.mark.usefixtures("swapping")
def test_a_model_that_is_converted_by_swapping_keeps_its_verdicts():
    model = net()
    model[2].bias.requires_grad_(False)
    with gradviz.trace() as trace:
        model(torch.ones(2, 4))
        model.to(torch.float64)
        loss = model[2](model[:2](torch.ones(2, 4, dtype=torch.float64)).detach()).sum()
        loss.backward()
    expected = {"0.weight": "cut", "0.bias": "cut", "2.weight": "reached", "2.bias": "frozen"}
    assert verdicts(trace.report(loss, model)) == expected


@pytest.mark.usefixtures("swapping")
def test_a_state_that_is_loaded_by_swapping_severs_nothing():
    model, other = net(), net()
    with gradviz.trace() as trace:
        model.load_state_dict(other.state_dict())
        loss = model(torch.ones(2, 4)).sum()
    report = trace.report(loss, {"model": model, "other": other})
    # The other one's values went in, and nothing leads to them
    assert set(verdicts(report).values()) == {"reached", "cut"}
    assert {cut.parameters for cut in report.cuts} <= {
        tuple(f"other.{name}" for name in verdicts_of(other))
    }


def verdicts_of(model):
    return [name for name, _ in model.named_parameters()]


def test_a_value_computed_before_a_swap_is_still_the_parameters():
    model = net()
    with gradviz.trace() as trace:
        with torch.no_grad():
            hidden = model[0](torch.ones(2, 4))
        # By a name that was imported before
        swap_tensors(model[0].weight, nn.Parameter(torch.ones(5, 4)))
        loss = model[2](hidden).sum()
    assert verdicts(trace.report(loss, model)) == {
        "0.weight": "cut",
        "0.bias": "cut",
        "2.weight": "reached",
        "2.bias": "reached",
    }


def test_what_a_parameter_gets_by_a_swap_is_what_the_other_was_made_of():
    model, teacher = net(), nn.Linear(4, 5)
    with gradviz.trace() as trace:
        torch.utils.swap_tensors(model[0].weight, nn.Parameter(teacher.weight * 2))
        loss = model(torch.ones(2, 4)).sum()
    told = verdicts(trace.report(loss, {"model": model, "teacher": teacher}))
    assert (told["model.0.weight"], told["teacher.weight"], told["teacher.bias"]) == (
        "reached",
        "cut",
        "unused",
    )


def test_a_parameter_with_other_memory_is_the_same_leaf():
    model = net()
    with gradviz.trace() as trace:
        with torch.no_grad():
            hidden = model[0](torch.ones(2, 4))
        model[0].weight.data = torch.ones(5, 4)
        loss = model[2](hidden).sum()
    assert verdicts(trace.report(loss, model))["0.weight"] == "cut"


def test_a_tensor_that_stands_where_another_stood_is_not_taken_for_it():
    model = net()
    with gradviz.trace() as trace:
        hidden = model[:2](torch.ones(2, 4))
        places = set()
        for _ in range(50):
            places.add(id(hidden.detach()))  # gone at once, and its place is free
            shape = hidden.view(2, 5)
            places.add(id(shape))
            del shape
        kept = [hidden.view(2, 5) for _ in range(50)]
        assert places & {id(view) for view in kept}
        loss = sum(model[2](view).sum() for view in kept)
    report = trace.report(loss, model)
    assert set(verdicts(report).values()) == {"reached"}
    assert report.cuts == ()


@pytest.mark.parametrize("layout", ["strided", "sparse", "sparse_csr", "meta"])
def test_what_is_known_goes_with_the_memory(layout):
    made = {
        "strided": lambda: torch.eye(3),
        "sparse": lambda: torch.eye(3).to_sparse(),
        "sparse_csr": lambda: torch.eye(3).to_sparse_csr(),
        "meta": lambda: torch.eye(3, device="meta"),
    }
    tensors = Tensors()
    tensor = made[layout]()
    facts = tensors.know(tensor)
    assert tensors.find(tensor) is facts
    assert tensors.is_valid(facts)
    assert weakref.getweakrefcount(tensor) == 0
    del tensor
    gc.collect()
    assert not tensors.is_valid(facts)
    other = tensors.know(torch.ones(1))  # the next one that is met puts it out
    assert facts not in tensors.by_key.values()
    assert other.key not in tensors.by_key or tensors.by_key[other.key] is other


def test_memory_is_given_back_while_the_trace_runs():
    model = nn.Linear(64, 64)
    with gradviz.trace():
        references = []
        for _ in range(20):
            hidden = model(torch.ones(2, 64))
            array = hidden.detach().numpy()
            references.append(weakref.ref(hidden.untyped_storage()))
            del hidden, array
        gc.collect()
        assert [reference() for reference in references] == [None] * 20
