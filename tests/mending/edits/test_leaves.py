"""A line that tells a result to require grad is dropped."""

from edited import edited

from gradviz.mending.edits.leaves import drop_flag


def test_the_line_goes():
    text = "loss = f(x)\nloss.requires_grad = True\nloss.backward()\n"
    assert edited(drop_flag, text, 2, "error") == ["loss = f(x)\nloss.backward()\n"]


def test_another_line_stays():
    assert edited(drop_flag, "loss.grad = None\n", 1, "error") == []
    assert edited(drop_flag, "requires_grad = True\n", 1, "error") == []
