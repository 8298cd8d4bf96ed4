"""Keys in the place of the names that stand for them."""

import ast

from gradviz.recording.reading.filled_in import eval_part, filled_in


def test_a_name_that_is_read_becomes_the_key_that_it_is():
    value = ast.parse("rows[k] + k2", mode="eval").body
    keyed = filled_in(value, (("k", "['loss']"),))
    assert ast.unparse(keyed) == "rows['loss'] + k2"
    assert ast.unparse(value) == "rows[k] + k2"


def test_a_key_or_a_number_is_read_from_a_part():
    assert (eval_part("['a b']"), eval_part("[-2]")) == ("a b", -2)
