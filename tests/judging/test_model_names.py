"""What a model calls its parameters and modules."""

import torch
from torch import nn

from gradviz.judging.model_names import leaf_names, models_of, names_of
from gradviz.recording.tape import Tape


def test_parameters_are_named_as_the_model_does():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    names = names_of(model)
    assert names.tensors == dict(model.named_parameters())
    assert names.modules[id(model[2])] == "2"
    assert names.classes == {"": "Sequential", "0": "Linear", "1": "ReLU", "2": "Linear"}


def test_a_tied_parameter_is_one_with_several_names():
    model = nn.ModuleDict({"a": nn.Linear(2, 2, bias=False), "b": nn.Linear(2, 2, bias=False)})
    model["b"].weight = model["a"].weight
    names = names_of(model)
    assert list(names.tensors) == ["a.weight"]
    assert names.parameters[id(model["a"].weight)] == ("a.weight", "b.weight")


def test_models_and_tensors_may_be_given_by_name():
    layer, scale = nn.Linear(1, 1, bias=False), torch.ones(1, requires_grad=True)
    names = names_of({"net": layer, "scale": scale})
    assert list(names.tensors) == ["net.weight", "scale"]
    assert names.modules[id(layer)] == "net"


def test_what_was_computed_in_the_place_of_a_parameter_is_none():
    model = nn.Linear(2, 2)
    model._parameters["weight"] = model.weight * 2
    assert list(names_of(model).tensors) == ["bias"]


def test_without_a_model_nothing_has_a_name():
    assert names_of(None).tensors == {}


def test_a_module_that_is_inside_itself_is_entered_once():
    model = nn.Sequential(nn.Linear(1, 1, bias=False))
    model.append(model)
    assert list(names_of(model).tensors) == ["0.weight"]


def test_a_module_that_many_share_gets_as_many_names_as_anybody_reads():
    shared = nn.Linear(1, 1, bias=False)
    names = names_of(nn.ModuleList([nn.Sequential(shared) for _ in range(40)]))
    assert len(names.parameters[id(shared.weight)]) == 16


def test_an_attribute_that_freezes_nothing_is_noted():
    model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    model[1].requires_grad = False
    assert names_of(model).switched_off == ["1"]
    model.requires_grad = False
    assert names_of(model).switched_off == ["model", "1"]


def test_only_parameters_that_a_trace_has_met_have_numbers():
    model, tape = nn.Linear(2, 2), Tape()
    number = tape.leaf(model.weight)
    assert leaf_names(tape, names_of(model)) == {number: "weight"}


def test_of_all_modules_that_a_trace_knows_the_model_is_the_one_that_was_asked_for():
    model, other = nn.Sequential(nn.Linear(2, 2)), nn.Linear(2, 2)
    tape = Tape()
    numbers = [tape.module(module) for module in (other, model[0], model)]
    assert models_of(tape, names_of(model)) == {numbers[2]}
    assert models_of(tape, names_of({"net": model, "head": other})) == {numbers[0], numbers[2]}
