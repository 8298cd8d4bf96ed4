"""One result of a comprehension, written with the element that it is made of."""

import ast
import heapq

import pytest
from traced import X, report_of

from gradviz.graph import Verdict
from gradviz.recording.reading.picked_out import (
    at,
    goes_through_columns,
    is_sample,
    keys_alone,
    names_of_items,
    order_of,
    ranks,
    under,
    with_maps_spelled,
)


def parsed(text):
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("{k: mean(v[-2:]) for k, v in log.items()}", "mean(log['a'][-2:])"),
        ("{k: log[k] + n for k in log}", "log['a'] + n"),
        ("{k: [v for v in log[k]] for k, v in log.items()}", "[v for v in log['a']]"),
        ("{f'm/{k}': v for k, v in log.items()}", "v"),
    ],
)
def test_a_dicts_value_is_written_with_its_key(text, written):
    assert ast.unparse(under(parsed(text), "['a']")) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("[array(z) for z in zip(*rows)]", "array(zip(*rows)[1])"),
        ("[array(z) for z in zip(*rows) if z]", "array(z)"),
        ("[array(z) for z in rows]", "array(z)"),
    ],
)
def test_a_column_is_written_with_its_place(text, written):
    assert ast.unparse(at(parsed(text), "[1]")) == written


def test_only_a_zip_of_all_rows_goes_through_columns():
    told = [
        goes_through_columns(parsed(f"[z for z in {source}]").generators[0])
        for source in ("zip(*rows)", "zip(rows, others)", "rows")
    ]
    assert told == [True, False, False]


def test_the_names_of_items_are_those_of_keys_and_values():
    assert names_of_items(parsed("[v for k, v in rows.items()]").generators[0]) == ("k", "v")
    assert names_of_items(parsed("[v for k, v in rows]").generators[0]) is None


def test_a_sample_of_a_distribution_is_none_of_rows():
    assert is_sample(parsed("random.sample(rows, k=8)"))
    assert not is_sample(parsed("normal.sample(shape)"))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sorted(rows, key=lambda r: r['n'])", "(r['n'] for r in rows)"),
        ("max(log, key=log.get)", "(log.get(row) for row in log)"),
        ("sorted(rows)", "(row[0] for row in rows)"),
    ],
)
def test_what_a_call_ranks_by_is_written_for_each_element(text, written):
    assert [*map(ast.unparse, ranks(parsed(text), text.partition("(")[0], of_parts=True))] == [
        written
    ]


def test_a_call_that_keeps_the_order_ranks_by_nothing():
    assert not ranks(parsed("reversed(rows)"), "reversed", of_parts=True)
    assert not ranks(parsed("sorted(rows)"), "sorted", of_parts=False)


def by_their_scores(scores):
    return sorted(range(4), key=lambda place: scores[place])[:2]


def second_of_pairs(scores):
    return [place for _, place in sorted(zip(scores, range(4), strict=True))[:2]]


def out_of_a_heap(scores):
    heap = []
    for place, score in enumerate(scores):
        heapq.heappush(heap, (-score, place))
    return [heapq.heappop(heap)[1] for _ in range(2)]


@pytest.mark.parametrize("ranked", [by_their_scores, second_of_pairs, out_of_a_heap])
def test_which_rows_are_taken_has_something_of_what_they_are_ranked_by(ranked):
    def step(net):
        chosen = ranked(net.first(X).sum(1).tolist())
        return net.last(X)[chosen].sum()

    assert report_of(step).parameters["first.weight"].verdict is Verdict.CUT


def test_which_rows_are_taken_has_nothing_of_what_they_are_not_ranked_by():
    def step(net):
        scores = enumerate(net.first(X).sum(1).tolist())
        rows = [{"name": -n, "n": n, "score": score} for n, score in scores]
        rows = sorted(rows, key=lambda row: row["name"])
        return net.last(X)[rows[0]["n"]].sum()

    assert report_of(step).parameters["first.weight"].verdict is Verdict.UNUSED


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("lambda r: r.n", "(r.n for r in rows)"),
        ("itemgetter(1)", "(row[1] for row in rows)"),
        ("itemgetter('a', 'b')", "((row['a'], row['b']) for row in rows)"),
        ("attrgetter('n')", "(row.n for row in rows)"),
        ("attrgetter('n.m')", "(attrgetter('n.m')(row) for row in rows)"),
        ("by_name", "(by_name(row) for row in rows)"),
    ],
)
def test_rows_are_put_in_order_by_what_their_key_takes_of_each(key, written):
    assert ast.unparse(order_of(parsed(f"rows.sort(key={key})"))) == written
    assert ast.unparse(ranks(parsed(f"f(rows, key={key})"), "sorted", of_parts=True)[0]) == written


def test_other_calls_put_nothing_in_order_by_a_key():
    others = ("rows.sort()", "rows.sort(other, key=f)", "rows.append(key)", "sort(key=f)")
    assert [order_of(parsed(text)) for text in others] == [None] * 4


def test_only_functions_of_one_element_that_rank_are_keys_alone():
    text = "sorted(a, key=lambda r: 1), f(key=lambda r: 2), max(a, key=lambda r, n=0: 3)"
    assert [key.body.value for key in keys_alone(parsed(text))] == [1]


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("sum(map(f, rows))", "sum((f(row) for row in rows))"),
        ("list(pool.map(f, rows))", "list((f(row) for row in rows))"),
        ("map(g, rows), map(f, rows, others), apply(f, rows)", None),
    ],
)
def test_a_map_of_a_function_of_the_file_is_a_call_for_each_element(text, spelled):
    written = ast.unparse(with_maps_spelled(parsed(text), {"f"}))
    assert written == (spelled or f"({text})")
