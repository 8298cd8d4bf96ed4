import stat
from pathlib import Path

import pytest

from gradviz.errors import EngineError
from gradviz.layout import ENGINES, lay_out

SOURCE = 'digraph { node [fontname=Courier] a -> "b\u00e9" -> c; a -> c }'


def test_an_unknown_engine_is_an_error_that_lists_the_engines() -> None:
    with pytest.raises(
        EngineError,
        match=r"unknown engine: 'neato' \(must be one of \['auto', 'dot', 'embedded'\]\)",
    ):
        lay_out(SOURCE, engine="neato")
    assert ENGINES == ("auto", "dot", "embedded")


def test_auto_takes_dot_where_it_is_on_path_and_the_embedded_engine_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "dot"
    drawing = '<svg><g class="graph">from dot</g></svg>'
    fake.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{drawing}'\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert lay_out(SOURCE) == f"{drawing}\n".encode()
    monkeypatch.setenv("PATH", "")
    assert lay_out(SOURCE) == lay_out(SOURCE, engine="embedded")
