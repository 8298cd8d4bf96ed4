"""Graphviz on PATH draws, and what it fails at is said in a line."""

from pathlib import Path

import pytest

from gradviz.errors import EngineError
from gradviz.layout import dot, lay_out

SOURCE = 'digraph { node [fontname=Courier] a -> "b\u00e9" -> c; a -> c }'


def test_dot_asked_for_and_missing_is_an_error_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        EngineError,
        match=(
            r"cannot draw the SVG: 'dot' is not on PATH. Install Graphviz .*or use the engine"
            r" 'embedded'"
        ),
    ):
        lay_out(SOURCE, engine="dot")
    with pytest.raises(EngineError, match="cannot draw the PNG: 'dot' is not on PATH"):
        lay_out(SOURCE, format="png")


def test_a_dot_that_fails_or_hangs_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "dot"
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    for script, message, seconds in (
        (
            "echo 'Format: \"svg\" not recognized' >&2; exit 1",
            "'dot' could not draw the graph: Format: \"svg\" not recognized",
            60,
        ),
        ("exit 3", "exit status 3", 60),
        ("exec sleep 60", "'dot' did not lay out the graph in 0.3 s", 0.3),
    ):
        fake.write_text(f"#!/bin/sh\n{script}\n")
        fake.chmod(0o755)
        with pytest.raises(EngineError, match=message):
            lay_out(SOURCE, engine="dot", timeout=seconds)


@pytest.mark.skipif(not dot.is_available(), reason="no dot on PATH")
def test_dot_draws_png() -> None:
    assert lay_out(SOURCE, engine="dot", format="png").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("body", "given"),
    [
        ("echo garbage", "garbage"),
        (":", "nothing"),
        (r"printf '\377\376\000'", r"\x00"),
        ("echo '<svg>half'", "<svg>half"),
        ("echo '<svg></svg>'", "<svg></svg>"),
    ],
)
def test_a_dot_that_gives_no_drawing_is_an_error_of_one_line(
    body: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "dot"
    fake.write_text(f"#!/bin/sh\ncat >/dev/null\n{body}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(EngineError, match="gave no SVG but") as caught:
        lay_out(SOURCE, engine="dot")
    assert given in str(caught.value)
    assert str(caught.value).isprintable() or "\ufffd" in str(caught.value)


def test_what_dot_says_reaches_no_terminal_as_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "dot"
    fake.write_text("#!/bin/sh\ncat >/dev/null\nprintf '\\033]0;title\\007bad\\n' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(EngineError, match=r"could not draw the graph: \\x1b\]0;title\\x07bad"):
        lay_out(SOURCE, engine="dot")
