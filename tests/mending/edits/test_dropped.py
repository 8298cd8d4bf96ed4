"""A line that registers a hook, freezes too early or has a result require grad is dropped."""

from edited import edited

from gradviz.mending.edits.dropped import drop_flag, drop_freeze, drop_hook


def test_the_line_of_a_hook_goes():
    assert edited(drop_hook, "h.register_hook(zero)\nz = 1\n", kind="hook") == ["z = 1\n"]


def test_a_handle_that_is_kept_is_used_later_and_so_is_its_line():
    assert edited(drop_hook, "handle = h.register_hook(zero)\n", kind="hook") == []


def test_the_line_of_a_freeze_goes_and_a_body_keeps_a_pass():
    assert edited(drop_freeze, "net.requires_grad_(False)\nh = net(x)\n", kind="frozen") == [
        "h = net(x)\n"
    ]
    text = "for p in ps:\n    p.requires_grad = False\n"
    assert edited(drop_freeze, text, 2, "frozen") == ["for p in ps:\n    pass\n"]


def test_a_loop_is_no_line_to_drop():
    assert edited(drop_freeze, "for p in ps:\n    f(p)\n", 1, "frozen") == []


def test_the_line_that_has_a_loss_require_grad_goes():
    text = "loss = f(x)\nloss.requires_grad = True\nloss.backward()\n"
    assert edited(drop_flag, text, 2, "error") == ["loss = f(x)\nloss.backward()\n"]


def test_another_line_stays():
    assert edited(drop_flag, "loss.grad = None\n", 1, "error") == []
    assert edited(drop_flag, "requires_grad = True\n", 1, "error") == []
