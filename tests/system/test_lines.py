"""The lines of a script that comes through standard input."""

import os
import threading

import pytest

from gradviz.system import lines


@pytest.fixture
def read(monkeypatch):
    """Read ahead of what a file stands for, and return what is left there."""
    own = os.dup(0)
    monkeypatch.setattr(lines, "_read", [])

    def read(source):
        os.dup2(source, 0)
        lines.read_ahead()
        return b"".join(iter(lambda: os.read(0, 1 << 20), b""))

    yield read
    os.dup2(own, 0)
    os.close(own)


def piped(data):
    source, end = os.pipe()

    def write():
        with open(end, "wb") as file:
            file.write(data)

    threading.Thread(target=write).start()
    return source


# The last fits into no pipe
@pytest.mark.parametrize("data", [b"", b"one\ntwo", b"one\n" * 50_000, b"one\n" * 1_000_000])
def test_a_pipe_brings_the_same_after_it_was_read(read, data):
    source = piped(data)
    assert read(source) == data
    os.close(source)
    assert "".join(lines.getlines("<stdin>")) == data.decode()


def test_a_file_is_left_where_it_was(read, tmp_path):
    path = tmp_path / "train.py"
    path.write_bytes(b"first\nsecond\nthird")
    with open(path, "rb", buffering=0) as file:
        file.seek(6)
        assert read(file.fileno()) == b"second\nthird"
    assert [lines.getline("<stdin>", number) for number in range(4)] == [
        "",
        "second\n",
        "third",
        "",
    ]


def test_what_is_typed_is_not_read_ahead(read):
    with open(os.devnull, "rb") as nothing:
        assert read(nothing.fileno()) == b""
    assert lines.getlines("<stdin>") == []


def test_lines_of_a_file_are_those_of_any_reader():
    assert lines.getline(__file__, 1).startswith('"""The lines')
    assert lines.getlines("no such file") == []
