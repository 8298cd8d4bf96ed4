import os
import stat
from pathlib import Path

import pytest

from gradviz.errors import OutputError
from gradviz.render.files import write


def test_text_is_written_as_utf_8_with_the_line_ends_it_has(tmp_path: Path) -> None:
    write(tmp_path / "a.svg", "caf\u00e9\n\r\n")
    assert (tmp_path / "a.svg").read_bytes() == b"caf\xc3\xa9\n\r\n"


def test_no_folder_is_made_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(
        OutputError,
        match=r"^cannot write '.*': there is no folder '.*folder'. Make it first, or name another$",
    ):
        write(tmp_path / "new" / "folder" / "a.svg", "text")
    assert list(tmp_path.iterdir()) == []


def test_nothing_but_the_file_is_left_behind_and_it_has_the_usual_permissions(
    tmp_path: Path,
) -> None:
    write(tmp_path / "a.svg", b"one")
    write(tmp_path / "a.svg", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
    (tmp_path / "plain").touch()
    assert stat.S_IMODE((tmp_path / "a.svg").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


def test_a_folder_is_an_error_of_one_line_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(
        OutputError,
        match=r"^cannot write '.*': it is a folder. Name a file in it, such as '.*graph.svg'$",
    ):
        write(tmp_path, "text")


@pytest.mark.parametrize("name", ["file/a.svg", "x" * 300, "nul\0.svg"])
def test_what_cannot_be_written_is_an_error_of_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match=r"^cannot write ") as caught:
        write(tmp_path / name, "text")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_old_content_stays_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.svg"
    path.write_text("old")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        write(path, "new")
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.svg"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "text"
