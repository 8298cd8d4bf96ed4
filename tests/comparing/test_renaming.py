import random
import time

import pytest
from torch import nn

from gradviz.comparing.renaming import pair
from gradviz.graph import Parameter


def parameters(model, prefix=""):
    return {
        f"{prefix}{name}": Parameter(name=f"{prefix}{name}", shape=tuple(p.shape))
        for name, p in model.named_parameters()
    }


def found(before, after):
    names, renamed = pair(before, after)
    return names, [(each.before, each.after, each.parameters) for each in renamed]


def block(size=4):
    return nn.ModuleDict(
        {
            "attention": nn.ModuleDict({"q": nn.Linear(size, size), "v": nn.Linear(size, size)}),
            "norm": nn.LayerNorm(size),
        }
    )


def stack(depth=3, size=4):
    return nn.ModuleDict(
        {
            "embed": nn.Embedding(9, size),
            "layers": nn.ModuleList(block(size) for _ in range(depth)),
            "head": nn.Linear(size, 9),
        }
    )


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "module._orig_mod.", "base_model.model."]
)
def test_a_wrapper_around_the_model_is_seen_through_in_both_directions(prefix):
    plain, wrapped = parameters(stack()), parameters(stack(), prefix)
    path = prefix.rstrip(".")
    assert found(plain, wrapped) == (
        {name: prefix + name for name in plain},
        [("", path, len(plain))],
    )
    assert found(wrapped, plain) == (
        {prefix + name: name for name in plain},
        [(path, "", len(plain))],
    )


def test_one_wrapper_in_the_place_of_another_is_seen_through():
    assert found(parameters(stack(), "module."), parameters(stack(), "_orig_mod."))[1] == [
        ("module", "_orig_mod", len(parameters(stack())))
    ]


def test_a_wrapper_around_one_module_is_seen_through():
    model = stack()
    wrapped = {
        name.replace("layers.1.", "layers.1._orig_mod."): p for name, p in parameters(model).items()
    }
    assert found(parameters(model), wrapped)[1] == [("layers.1", "layers.1._orig_mod", 6)]


def test_lora_wraps_the_model_and_some_of_its_layers():
    transformers, peft = pytest.importorskip("transformers"), pytest.importorskip("peft")
    config = transformers.LlamaConfig(
        vocab_size=11,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    before = parameters(transformers.LlamaForCausalLM(config))
    lora = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"])
    after = parameters(peft.get_peft_model(transformers.LlamaForCausalLM(config), lora))
    names, renamed = found(before, after)
    assert len(names) == len(before)
    assert all(
        new.removeprefix("base_model.model.").replace(".base_layer", "") == old
        for old, new in names.items()
    )
    attention = "model.layers.{}.self_attn.{}_proj"
    wrapped = [attention.format(layer, each) for layer in range(2) for each in "qv"]
    assert renamed == [
        ("", "base_model.model", len(before)),
        *((path, f"base_model.model.{path}.base_layer", 1) for path in wrapped),
    ]


def test_numbered_siblings_make_room_for_a_new_one():
    before = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 2))
    after = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 2))
    names, renamed = found(parameters(before), parameters(after))
    assert names == {
        f"{n}.{last}": f"{n + 1}.{last}" for n in range(3) for last in ("weight", "bias")
    }
    assert renamed == [("0", "1", 2), ("1", "2", 2), ("2", "3", 2)]
    assert found(parameters(after), parameters(before))[1] == [
        ("1", "0", 2),
        ("2", "1", 2),
        ("3", "2", 2),
    ]


def test_equal_siblings_keep_their_numbers_where_one_came_or_some_were_wrapped():
    before = parameters(stack(depth=4))
    assert found(before, parameters(stack(depth=5))) == ({name: name for name in before}, [])
    some = {
        name.replace("layers.1.attention.q.", "layers.1.attention.q.base_layer."): p
        for name, p in before.items()
    }
    assert found(before, some)[1] == [
        ("layers.1.attention.q", "layers.1.attention.q.base_layer", 2)
    ]


def test_a_module_that_moved_into_another_is_found_and_what_stayed_outside_too():
    before = nn.ModuleDict({"f1": nn.Linear(2, 3), "f2": nn.Linear(3, 4), "head": nn.Linear(4, 1)})
    after = nn.ModuleDict(
        {"backbone": nn.ModuleDict({"f1": before.f1, "f2": before.f2}), "head": before.head}
    )
    names, _ = found(parameters(before), parameters(after))
    assert names == {
        name: name if name.startswith("head") else f"backbone.{name}" for name in parameters(before)
    }


def test_a_module_that_was_renamed_and_has_something_new_in_it_is_found():
    before, after = stack(), stack()
    after["backbone"] = after.layers
    del after["layers"]
    after.backbone[0]["adapter"] = nn.Linear(4, 4)
    assert found(parameters(before), parameters(after))[1] == [("layers", "backbone", 18)]


def test_no_parameter_is_found_twice_and_an_equal_model_is_found_as_it_is():
    rng = random.Random(3)
    for _ in range(60):
        words = [".".join(rng.choice("ab01") for _ in range(rng.randint(0, 3))) for _ in range(8)]
        old, new = (
            {
                name: Parameter(name=name, shape=(rng.randint(1, 2),))
                for name in {f"{word}.w".lstrip(".") for word in rng.sample(words, 5)}
            }
            for _ in range(2)
        )
        names, renamed = found(old, new)
        assert names.keys() <= old.keys()
        assert len(set(names.values())) == len(names)
        assert set(names.values()) <= new.keys()
        assert all(count for *_, count in renamed)
        assert found(old, old) == ({name: name for name in old}, [])


def test_large_models_are_paired_quickly():
    def large(*parts):
        names = [
            f"model.layers.{layer}.{part}.{n}.weight"
            for layer in range(100)
            for part in parts
            for n in range(16)
        ]
        return {name: Parameter(name=name, shape=(n % 7,)) for n, name in enumerate(names)}

    start = time.process_time()
    names, _ = found(large("attention", "mlp"), large("mixer", "mlp", "adapter"))
    assert len(names) >= 1600
    assert time.process_time() - start < 5  # seconds; it takes a tenth of that
