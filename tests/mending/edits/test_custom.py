"""Autograd goes through the forward of a custom Function in the place of its backward."""

from edited import edited

from gradviz.mending.edits.custom import through_forward


def test_forward_is_called_with_a_context_and_without():
    assert edited(through_forward, "y = Scale.apply(x)\n", kind="custom_function") == [
        "y = Scale.forward(torch.autograd.function.FunctionCtx(), x)\n",
        "y = Scale.forward(x)\n",
    ]


def test_without_arguments_the_context_stands_alone():
    assert edited(through_forward, "y = Scale.apply()\n", kind="custom_function")[0] == (
        "y = Scale.forward(torch.autograd.function.FunctionCtx())\n"
    )


def test_a_plain_function_called_apply_is_none():
    assert edited(through_forward, "y = apply(x)\n", kind="custom_function") == []
