"""Where a function computes with an element that a value which left torch chose."""

import pytest

from gradviz.recording.reading.chosen import chosen_by

ROWS = (
    "rows = [{'name': m, 'n': n, 'score': s} for n, (m, s) in enumerate(zip('ba', scores))]\n    "
)


def test_an_index_chooses_what_is_computed_with_its_element(program):
    text = "def f(x, rows):\n    k = x.item()\n    return rows[k](1) + rows[0]\n"
    file = program(text)
    places = chosen_by(*file.at("f", "x.item()"))
    lines = text.splitlines()
    assert {lines[first - 1][column:end] for first, column, _, end in places} == {
        "rows[k](1)",
        "rows[k](1) + rows[0]",
    }


@pytest.mark.parametrize(
    ("helper", "chooses"),
    [
        ("return sorted(scores)[:2]", True),
        ("return [n for n, s in enumerate(scores) if s > 0]", True),
        ("return [row[1] for row in [(n, s) for n, s in enumerate(scores)]]", True),
        ("return [row[0] for row in [(n, s) for n, s in enumerate(scores)]]", False),
        ("row = {'n': 1, 'score': scores[0]}\n    return row['n']", False),
        (ROWS + "return [r['n'] for r in sorted(rows, key=lambda q: q['score'])]", True),
        (ROWS + "return [r['n'] for r in sorted(rows, key=lambda q: q['name'])]", False),
        (ROWS + "rows.sort(key=itemgetter('score'))\n    return [r['n'] for r in rows]", True),
        (ROWS + "rows.sort(key=itemgetter('name'))\n    return [r['n'] for r in rows]", False),
        (ROWS + "return nlargest(1, rows, key=lambda q: q['score'])[0]['n']", True),
        (ROWS + "return nlargest(1, rows, key=lambda q: q['name'])[0]['n']", False),
    ],
)
@pytest.mark.parametrize("by", ["return {}", "k = {}\n    return {}"])
def test_a_function_chooses_by_what_its_results_have_something_of(program, helper, chooses, by):
    call = "helper(x.item())"
    taken = by.format("rows[" + call + "] + 1") if "k" not in by else by.format(call, "rows[k] + 1")
    file = program(f"def helper(scores):\n    {helper}\ndef f(x, rows):\n    {taken}\n")
    assert bool(chosen_by(*file.at("f", "x.item()"))) is chooses
