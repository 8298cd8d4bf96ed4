"""A number that goes through a text is used itself."""

import pytest
from edited import edited

from gradviz.mending.edits.texts import unwritten


@pytest.mark.parametrize(
    "text",
    [
        'float(f"{t.item():.6f}")',
        'float("{:.8f}".format(t.item()))',
        'float("%.4f" % t)',
        'float("%f" % (t.item(),))',
        "float(str(t.item()))",
        'eval(format(t.item(), ".5f"))',
    ],
)
def test_the_value_stands_where_its_text_was_read(text):
    assert edited(unwritten, f"scale = {text}\n", kind="item") == ["scale = t\n"]


def test_a_text_that_has_a_name_is_seen_through():
    text = 's = f"{t.item()}"\ny = x * float(s)\n'
    assert edited(unwritten, text, kind="item") == ['s = f"{t.item()}"\ny = x * t\n']


@pytest.mark.parametrize(
    "text",
    [
        'float(f"-{t.item()}")',  # another number
        'float("1{}".format(t))',
        'float("%d" % t)',  # a whole one
        'eval("x * {}".format(t.item()))',
        'f"{t.item()}"',
        "float(t)",
    ],
)
def test_a_text_that_holds_more_than_the_number_stays(text):
    assert edited(unwritten, f"scale = {text}\n", kind="item") == []
