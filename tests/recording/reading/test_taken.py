"""A part that a call takes is written as the element or attribute that it is."""

import ast

import pytest

from gradviz.recording.reading.taken import plain


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('operator.itemgetter("w")(row)', "row['w']"),
        ('attrgetter("loss.mean")(row)', "row.loss.mean"),
        ("map(itemgetter(1), rows)", "(<item>[1] for <item> in rows)"),
        ('vars(config)["rate"]', "config.rate"),
        ('dataclasses.asdict(config)["rate"]', "config.rate"),
        ('point._asdict()["x"]', "point.x"),
        ('config.__dict__["rate"] = 1', "config.rate = 1"),
        ('rows().pop("w", 0)', "rows()['w']"),
        ("rows().pop(key)", "rows().pop(key)"),
        ('f(*(a, b), **{"c": d})', "f(a, b, c=d)"),
        ("functools.partial(f, a, c=1)(b)", "f(a, b, c=1)"),
        ("f(*rows, **{key: d})", "f(*rows, **{key: d})"),
        ("itemgetter(key)(row)", "itemgetter(key)(row)"),
        ("itemgetter(0, 1)(row)", "itemgetter(0, 1)(row)"),
        ("vars(config)[key]", "vars(config)[key]"),
        ('vars()["rate"]', "vars()['rate']"),
        ("map(str, rows)", "map(str, rows)"),
    ],
)
def test_a_part_that_a_call_takes_is_written_plainly(written, meant):
    assert ast.unparse(plain(ast.parse(written))) == meant


def test_what_is_written_anew_stands_where_it_stood():
    tree = plain(ast.parse("x = map(itemgetter(1), rows)"))
    value = tree.body[0].value
    assert (value.col_offset, value.end_col_offset) == (4, 28)
    assert all(hasattr(node, "lineno") for node in ast.walk(value) if isinstance(node, ast.expr))
