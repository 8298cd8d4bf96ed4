"""A line that freezes too early is dropped."""

from edited import edited

from gradviz.mending.edits.freezing import drop


def test_the_line_goes_and_a_body_keeps_a_pass():
    assert edited(drop, "net.requires_grad_(False)\nh = net(x)\n", kind="frozen") == [
        "h = net(x)\n"
    ]
    text = "for p in ps:\n    p.requires_grad = False\n"
    assert edited(drop, text, 2, "frozen") == ["for p in ps:\n    pass\n"]


def test_a_loop_is_no_line_to_drop():
    assert edited(drop, "for p in ps:\n    f(p)\n", 1, "frozen") == []
