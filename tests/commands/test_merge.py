"""``gradviz merge``: what it reads and writes."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["a.json", "-o", "ranks.html"],
            "the table is written to a name that ends in .txt or .json",
        ),
        (["a.json", "-o", "no/ranks.txt"], "cannot write 'no/ranks.txt'"),
        (["a.json"], "one report is nothing to merge"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("merge", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err
