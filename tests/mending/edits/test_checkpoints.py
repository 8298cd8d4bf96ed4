"""A reentrant checkpoint is told not to be, or given an input that requires grad."""

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
