"""What somebody else may have written is not read, and nothing that stands in a file's place is
waited for.
"""

import os
import socket
from pathlib import Path

import pytest

from gradviz.layout import embedded
from gradviz.system import owned

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="owners and permissions as POSIX has them"
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "kept"
    owned.write(path, b"mine")
    return path


def test_what_is_written_is_read_again_and_is_this_users_alone(kept: Path) -> None:
    assert owned.read(kept) == b"mine"
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("which", ["file", "folder"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_what_others_may_write_is_not_read(kept: Path, which: str, mode: int) -> None:
    path = kept if which == "file" else kept.parent
    path.chmod(path.stat().st_mode | mode)
    assert owned.read(kept) is None
    owned.write(kept, b"anew")
    assert owned.read(kept) == b"anew"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_belongs_to_another_user_is_not_read(kept: Path, which: str) -> None:
    os.chown(kept if which == "file" else kept.parent, 65534, 65534)
    assert owned.read(kept) is None
    if which == "file":
        owned.write(kept, b"anew")
        assert owned.read(kept) == b"anew"
    else:
        with pytest.raises(PermissionError, match="not this user's alone"):
            owned.write(kept, b"anew")


@pytest.mark.parametrize("stands", ["pipe", "socket", "folder", "link"])
def test_what_is_no_plain_file_is_neither_read_nor_waited_for(tmp_path: Path, stands: str) -> None:
    path = tmp_path / "kept"
    if stands == "pipe":
        os.mkfifo(path)
    elif stands == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
    elif stands == "folder":
        path.mkdir()
    else:
        (tmp_path / "elsewhere").write_bytes(b"theirs")
        path.symlink_to(tmp_path / "elsewhere")
    assert owned.read(path) is None
    if stands == "folder":
        with pytest.raises(OSError, match="directory"):
            owned.write(path, b"mine")
    else:
        owned.write(path, b"mine")
        assert owned.read(path) == b"mine"


def test_a_link_to_a_folder_of_this_users_own_is_followed(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(kept.parent)
    assert owned.read(tmp_path / "link" / "kept") == b"mine"


def test_a_compiled_program_that_others_may_have_written_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "user_cache_path", lambda *_, **__: tmp_path)
    program = embedded._Kept(b"program", "1")
    program.write(b"code")
    assert program.read() == b"code"
    program._path.chmod(0o666)
    assert program.read() is None
