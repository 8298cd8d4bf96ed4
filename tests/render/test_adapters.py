"""Adapters are told in PEFT's words: a row for each tensor of an adapter."""

import pytest

from gradviz.graph import Parameter, Verdict
from gradviz.render.adapters import fold, trainable

LAYERS = [f"h.{i}.{layer}" for i in range(3) for layer in ("q_proj", "v_proj")]


def among(*names):
    return {name: Parameter(name=name, numel=8) for name in names}


def folded(meant, others=()):
    return [str(group) for group in fold(meant, among(*meant, *others))]


@pytest.mark.parametrize("tensor", ["lora_A", "lora_B", "vera_lambda_b", "ia3_l"])
def test_a_tensor_of_an_adapter_is_a_row_with_the_layers_it_is_in(tensor):
    names = [f"base_model.model.{layer}.{tensor}.default.weight" for layer in LAYERS]
    assert folded(names) == [f"{tensor}.default in q_proj and v_proj (6 tensors, 48 values)"]


def test_a_tensor_of_an_adapter_that_is_meant_in_part_keeps_its_names():
    names = [f"{layer}.lora_A.default.weight" for layer in LAYERS]
    assert folded(names[:2], others=[*names[2:], "h.0.norm.weight"]) == [
        "h.0.q_proj.lora_A.default.weight (8 values)",
        "h.0.v_proj.lora_A.default.weight (8 values)",
    ]


def test_two_adapters_of_one_model_are_two_rows():
    names = [f"{layer}.lora_A.{name}.weight" for layer in LAYERS for name in ("first", "second")]
    assert folded(names) == [
        "lora_A.first in q_proj and v_proj (6 tensors, 48 values)",
        "lora_A.second in q_proj and v_proj (6 tensors, 48 values)",
    ]


def test_what_is_no_adapter_is_folded_by_module_behind_them():
    names = ["h.0.q.lora_A.default.weight", "h.1.q.lora_A.default.weight", "head.w", "head.b"]
    assert folded(names) == [
        "lora_A.default in q (2 tensors, 16 values)",
        "head.* (2 tensors, 16 values)",
    ]


def test_how_much_is_trainable_is_said_as_peft_says_it():
    parameters = [
        Parameter(name="h.q.lora_A.default.weight", numel=8, verdict=Verdict.REACHED),
        Parameter(name="h.q.base_layer.weight", numel=92, verdict=Verdict.FROZEN),
    ]
    assert trainable(parameters) == ("trainable params: 8 || all params: 100 || trainable%: 8.0000")
    assert trainable(parameters[1:]) == ""
