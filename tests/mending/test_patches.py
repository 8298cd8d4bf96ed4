"""A patch is written only over what it was measured with."""

import subprocess

import pytest

from gradviz.errors import OutputError
from gradviz.mending.patches import folder_of, patch, write


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
