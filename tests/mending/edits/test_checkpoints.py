"""A reentrant checkpoint is told not to be, or given an input that requires grad."""

import pytest
import torch
from edited import edited

from gradviz.mending.edits.checkpoints import live_input, not_reentrant, with_input_gradients


def test_it_is_told_not_to_be_reentrant_once():
    assert edited(not_reentrant, "h = checkpoint(f, x)\n", kind="checkpoint") == [
        "h = checkpoint(f, x, use_reentrant=False)\n"
    ]
    assert edited(
        not_reentrant, "h = checkpoint(f, x, use_reentrant=True)\n", kind="checkpoint"
    ) == ["h = checkpoint(f, x, use_reentrant=False)\n"]


def test_its_input_may_require_grad():
    assert edited(live_input, "h = checkpoint(f, x)\n", kind="checkpoint") == [
        "h = checkpoint(f, x.requires_grad_())\n"
    ]
    assert edited(live_input, "h = checkpoint(f, g(x))\n", kind="checkpoint") == []


def test_a_model_of_transformers_is_told_where_it_switches_checkpoints_on():
    text = "model.gradient_checkpointing_enable()\nloss = model(x).loss\n"
    made = edited(with_input_gradients, text, 2, kind="checkpoint")
    assert made == [
        'model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})\n'
        "loss = model(x).loss\n",
        "model.gradient_checkpointing_enable()\nmodel.enable_input_require_grads()\n"
        "loss = model(x).loss\n",
    ]


def test_a_flag_that_is_handed_to_a_partial_is_turned_over():
    text = "remat = partial(cp.checkpoint, use_reentrant=True)\ny = remat(f, x)\n"
    assert text.replace("True", "False") in edited(not_reentrant, text, 2, "checkpoint")


def test_the_switch_of_transformers_is_known_by_its_new_name_and_with_what_it_was_given():
    text = 'model.activation_checkpointing_enable({"use_reentrant": True})\nloss = model(x).loss\n'
    assert edited(with_input_gradients, text, 2, kind="checkpoint") == [
        text.replace("True", "False"),
        text.replace("\n", "\nmodel.enable_input_require_grads()\n", 1),
    ]
    plain = "model.activation_checkpointing_enable()\nloss = model(x).loss\n"
    made = edited(with_input_gradients, plain, 2, kind="checkpoint")
    assert 'enable(activation_checkpointing_kwargs={"use_reentrant": False})' in made[0]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_both_changes_bring_gradient_to_a_real_model_behind_frozen_embeddings():
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    config = transformers.ViTConfig(
        hidden_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=4,
        image_size=4,
        patch_size=2,
    )
    text = """
torch.manual_seed(0)
model = ViTForImageClassification(config).train()
model.vit.embeddings.requires_grad_(False)
model.gradient_checkpointing_enable({"use_reentrant": True})
loss = model(pixel_values=images, labels=labels).loss
"""
    changed = edited(with_input_gradients, text, 6, kind="checkpoint")
    assert len(changed) == 2
    losses = set()
    for code, arrives in ((text, False), *((code, True) for code in changed)):
        names = {
            "torch": torch,
            "config": config,
            "ViTForImageClassification": transformers.ViTForImageClassification,
            "images": torch.ones(2, 3, 4, 4),
            "labels": torch.tensor([0, 1]),
        }
        exec(code, names)
        names["loss"].backward()
        inside = [
            parameter.grad is not None
            for name, parameter in names["model"].named_parameters()
            if name.startswith("vit.layers.")
        ]
        assert inside
        assert all(has is arrives for has in inside)
        losses.add(names["loss"].item())
    assert len(losses) == 1
