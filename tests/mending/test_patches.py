"""A patch is written only over what it was measured with."""

import shutil
import subprocess

import pytest

from gradviz.errors import OutputError
from gradviz.mending.patches import folder_of, merged, patch, quoted, unified, write


def test_git_applies_one_patch_of_two_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    before = {str(tmp_path / name): b"a = 1\r\nb = 2\n" for name in ("x.py", "sub/y z.py")}
    after = {file: data.replace(b"2", b"3") for file, data in before.items()}
    for file, data in before.items():
        with open(file, "wb") as opened:
            opened.write(data)
    diff = patch(before, after)
    subprocess.run(["git", "apply", "-"], cwd=folder_of(after), input=diff, check=True)
    for file, data in after.items():
        with open(file, "rb") as opened:
            assert opened.read() == data


def test_a_file_that_has_changed_since_is_left_as_it_is_and_so_are_the_others(tmp_path):
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_bytes(b"a")
    second.write_bytes(b"changed since")
    before = {str(first): b"a", str(second): b"b"}
    with pytest.raises(OutputError, match="has changed since it was read"):
        write(before, {str(first): b"A", str(second): b"B"})
    assert (first.read_bytes(), second.read_bytes()) == (b"a", b"changed since")


LINES = [
    b"import torch\n",
    b"\n",
    b"def step(x):\n",
    b"    y = x.detach()\n",
    b"    return y\n",
    b"\n",
    b"\n",
    b"step(1)\n",
]
LIKE_A_DIFF = b"s = '''\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n'''\n"
CONTENTS = {
    "plain": (b"".join(LINES), b"".join(LINES).replace(b".detach()", b"")),
    "tabs": (b"if x:\n\ty = x.detach()\n\tz = y\n", b"if x:\n\ty = x\n\tz = y\n"),
    "crlf": (
        b"".join(LINES).replace(b"\n", b"\r\n"),
        b"".join(LINES).replace(b"\n", b"\r\n").replace(b".detach()", b""),
    ),
    "no newline at the end": (b"x = y.detach()", b"x = y"),
    "newline comes at the end": (b"x = y.detach()", b"x = y\n"),
    "newline goes at the end": (b"x = y.detach()\n", b"x = y"),
    "latin": (
        b"# -*- coding: latin-1 -*-\ns = '\xe9'\nx = y.detach()\n",
        b"# -*- coding: latin-1 -*-\ns = '\xe9'\nx = y\n",
    ),
    "not ASCII": ("größe = x.detach()  # ∇\n".encode(), "größe = x  # ∇\n".encode()),
    "lone carriage return": (b"s = 'a'\rx = y.detach()\nz = 1\n", b"s = 'a'\rx = y\nz = 1\n"),
    "lines that look like a diff": (LIKE_A_DIFF + b"x = y.detach()\n", LIKE_A_DIFF + b"x = y\n"),
    "first and last line": (
        b"a.detach()\n" + b"b\n" * 20 + b"c.detach()\n",
        b"a\n" + b"b\n" * 20 + b"c\n",
    ),
}
NAMES = [
    "train.py",
    "src/nets/train.py",
    "with blank.py",
    "größe ∇.py",
    'quote".py',
    "back\\slash.py",
    "tab\there.py",
    "-dash.py",
]
NAMES += ["a b/c d.py", "$HOME;rm.py"]


@pytest.mark.parametrize("tool", ["git", "patch"])
@pytest.mark.parametrize("content", CONTENTS)
def test_a_tool_makes_the_new_file_of_the_old_one(tmp_path, content, tool):
    before, after = CONTENTS[content]
    assert applied(tmp_path, "train.py", before, after, tool) == after


@pytest.mark.parametrize("tool", ["git", "patch"])
@pytest.mark.parametrize("name", NAMES)
def test_a_tool_finds_the_file_by_its_name(tmp_path, name, tool):
    before, after = CONTENTS["plain"]
    assert applied(tmp_path, name, before, after, tool) == after


def test_git_takes_a_name_with_a_line_end(tmp_path):
    before, after = CONTENTS["plain"]
    assert applied(tmp_path, "two\nlines.py", before, after, "git") == after


def test_text_around_a_diff_is_passed_over(tmp_path):
    before, after = CONTENTS["plain"]
    diff = (
        b"Cut by detach() at train.py:4: f1\n  patch     drop it\n\n"
        + unified("train.py", before, after)
        + b"\n  effect    f1\n"
    )
    for tool in ("git", "patch"):
        assert applied(tmp_path / tool, "train.py", before, after, tool, diff) == after


def test_nothing_is_said_where_nothing_differs():
    assert unified("train.py", b"a\n", b"a\n") == b""


def test_a_name_is_quoted_as_git_quotes_it():
    assert quoted("a/train.py") == b"a/train.py"
    assert quoted('a/"\n\xe9.py') == b'"a/\\"\\n\\303\\251.py"'


def applied(folder, name, before, after, tool, diff=None):
    """What the file holds after a tool has applied the diff."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(before)
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    if tool == "git":
        subprocess.run([program, "init", "-q"], cwd=folder, check=True)
    command = [program, "apply", "-"] if tool == "git" else [program, "-p1", "--binary", "--batch"]
    diff = unified(name, before, after) if diff is None else diff
    done = subprocess.run(command, cwd=folder, input=diff, capture_output=True, check=False)
    assert done.returncode == 0, done
    return path.read_bytes()


BEFORE = b"a\nb\nc\nd\n"


def test_patches_of_different_lines_go_together():
    assert merged({"f": BEFORE}, [{"f": b"A\nb\nc\nd\n"}, {"f": b"a\nb\nd\n"}]) == {
        "f": b"A\nb\nd\n"
    }


def test_patches_of_different_files_go_together():
    assert merged({"f": BEFORE, "g": b"x\n"}, [{"f": b"a\n"}, {"g": b"y\n"}]) == {
        "f": b"a\n",
        "g": b"y\n",
    }


def test_the_same_change_is_made_once():
    assert merged({"f": BEFORE}, [{"f": b"a\nB\nc\nd\n"}, {"f": b"a\nB\nc\nD\n"}]) == {
        "f": b"a\nB\nc\nD\n"
    }


def test_two_changes_of_one_line_do_not_go_together():
    assert merged({"f": BEFORE}, [{"f": b"a\nB\nc\nd\n"}, {"f": b"a\nX\nc\nd\n"}]) is None
    assert (
        merged({"f": BEFORE}, [{"f": b"a\nnew\nb\nc\nd\n"}, {"f": b"a\nother\nb\nc\nd\n"}]) is None
    )
