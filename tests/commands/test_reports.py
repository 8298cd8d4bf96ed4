"""``gradviz diff`` as it is typed."""

import json
from pathlib import Path

import pytest

from differing import several
from gradviz import article, cli


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    article.follow("none").report.to_json("before.json")
    article.follow("detach").report.to_json("after.json")

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main(list(arguments))
        return stopped.value.code, *capsys.readouterr()

    return run


def test_the_command_says_what_changed_as_text(run):
    status, out, err = run("diff", "before.json", "after.json")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[:4] == [
        "reached -> cut",
        "  f1.* (2 tensors, 4 values)",
        "  f2.* (2 tensors, 9 values)",
        "Cuts that came",
    ]
    assert lines[4].startswith("  detach_() at ")
    assert lines[4].endswith("article.py:59: h.detach_()")
    assert lines[5:] == ["    f1.* (2 tensors, 4 values)", "    f2.* (2 tensors, 9 values)"]


def test_the_command_says_what_changed_as_json(run):
    status, out, _ = run("diff", "after.json", "before.json", "--format", "json")
    assert status == 0
    document = json.loads(out)
    assert document["changed"][0] == {
        "name": "f1.weight",
        "name_before": "f1.weight",
        "before": {"verdict": "cut", "partial": False},
        "after": {"verdict": "reached", "partial": False},
    }
    assert [cut["code"] for cut in document["cuts_went"]] == ["h.detach_()"]
    assert (
        document["came"] == document["went"] == document["renamed"] == document["cuts_came"] == []
    )


def test_the_exit_status_tells_of_a_difference_only_where_it_is_asked_to(run):
    assert run("diff", "before.json", "after.json", "--exit-code")[0] == 1
    assert run("diff", "before.json", "before.json", "--exit-code") == (
        0,
        "Nothing that the gradients depend on differs.\n",
        "",
    )
    assert run("diff", "before.json", "missing.json")[0] == 2


def test_a_renaming_alone_is_told_and_is_no_difference(run):
    text = Path("before.json").read_text().replace('"f2.', '"g2.')
    Path("renamed.json").write_text(text)
    status, out, _ = run("diff", "before.json", "renamed.json", "--exit-code")
    assert (status, out) == (
        0,
        "Nothing that the gradients depend on differs.\nRenamed\n  f2 -> g2 (2 parameters)\n",
    )


@pytest.mark.parametrize(
    ("file", "begins"),
    [
        ("d.svg", "<svg"),
        ("d.html", "<!DOCTYPE html>"),
        ("d.json", "{"),
        ("d.txt", "reached -> cut\n"),
        ("d.dot", "digraph"),
    ],
)
def test_the_command_writes_what_the_name_of_the_file_says(run, file, begins):
    status, out, err = run("diff", "before.json", "after.json", "--engine", "embedded", "-o", file)
    assert (status, out, err) == (0, "", f"gradviz: wrote {file}\n")
    text = Path(file).read_text()
    assert text.startswith(begins)
    assert "detach_()" in text
    run("diff", "before.json", "after.json", "--engine", "embedded", "-o", f"again-{file}")
    assert Path(f"again-{file}").read_text() == text
    assert run("diff", "before.json", "after.json", "-o", "d.bmp")[0] == 2


def test_one_of_several_losses_is_compared_where_it_is_named(run):
    several().to_json("several.json")
    several(norm={"a.w": "cut"}).to_json("other.json")
    assert (
        run("diff", "several.json", "other.json", "--loss", "norm")[1]
        == "reached -> cut\n  a.w (2 values)\n"
    )
    assert run("diff", "several.json", "other.json", "--loss", "task", "--exit-code")[0] == 0
    assert (
        run("diff", "several.json", "other.json", "--loss", "tsk")[2]
        == "gradviz: unknown loss: 'tsk' (there is task, norm)\n"
    )
