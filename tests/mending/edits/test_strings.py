"""Code in a string is edited as code in a file is."""

from edited import edited

from gradviz.mending import edits
from gradviz.mending.edits.strings import inside

assert edits


def test_a_taker_in_a_string_is_dropped_where_it_stands():
    text = 'code = """\ndef run(x, gate):\n    return x * gate.item()\n"""\nfused = compile(code)\n'
    assert text.replace(".item()", "") in edited(inside, text, 5, "item")


def test_a_block_in_a_string_is_dropped():
    text = 'code = """\ndef run(x):\n    with torch.no_grad():\n        y = x\n    return y\n"""\n'
    without = 'code = """\ndef run(x):\n    y = x\n    return y\n"""\n'
    assert without in edited(inside, text, 1, "no_grad")


def test_a_text_that_is_no_code_or_is_written_with_escapes_stays():
    assert edited(inside, '"""Call detach() and def.\n\nMore."""\n') == []
    assert edited(inside, 'code = "def f(x):\\n    return x.detach()\\n"\n') == []
