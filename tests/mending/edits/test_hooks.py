"""A line that registers a hook is dropped."""

from edited import edited

from gradviz.mending.edits.hooks import drop


def test_the_line_goes():
    assert edited(drop, "h.register_hook(zero)\nz = 1\n", kind="hook") == ["z = 1\n"]


def test_a_handle_that_is_kept_is_used_later_and_so_is_its_line():
    assert edited(drop, "handle = h.register_hook(zero)\n", kind="hook") == []
