"""The ``dot`` program of Graphviz, where it is installed."""

import shutil
import subprocess
from xml.etree import ElementTree

from gradviz.errors import EngineError
from gradviz.system.voice import printable

_LONGEST = 120  # of what another program says
_BEGINS = {"svg": b"<", "png": b"\x89PNG", "pdf": b"%PDF"}


def is_available() -> bool:
    """Return whether ``dot`` is on PATH."""
    return shutil.which("dot") is not None


def run(dot_source: str, format: str, timeout: float | None) -> bytes:
    """Return ``dot_source`` as drawn by ``dot -T<format>``.

    Raises:
        EngineError: ``dot`` is not on PATH, cannot be started, refuses the graph or the format, or
            is not done after ``timeout`` seconds.
    """
    program = shutil.which("dot")
    if program is None:
        way_out = (
            "or use the engine 'embedded'"
            if format == "svg"
            else "or draw an SVG, which needs no dot"
        )
        raise EngineError(
            f"cannot draw the {format.upper()}: 'dot' is not on PATH. Install Graphviz"
            f" (https://graphviz.org/download), {way_out}"
        )
    try:
        done = subprocess.run(
            [program, f"-T{format}"],
            input=dot_source.encode(),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"'dot' did not lay out the graph in {timeout:g} s: it is too large. Draw a part of it,"
            " or save it as JSON"
        ) from None
    except OSError as error:
        raise EngineError(
            f"cannot start {program!r}: {error.strerror}. Use the engine 'embedded'"
        ) from error
    if done.returncode != 0:
        line = done.stderr.decode(errors="replace").strip().partition("\n")[0][:_LONGEST]
        message = printable(line) or f"exit status {done.returncode}"
        raise EngineError(f"'dot' could not draw the graph: {message}. Try the engine 'embedded'")
    if not done.stdout.startswith(_BEGINS.get(format, b"")) or (
        format == "svg" and not _is_drawing(done.stdout)
    ):
        given = (
            printable(done.stdout[:_LONGEST].decode(errors="replace")) if done.stdout else "nothing"
        )
        raise EngineError(
            f"{program!r} gave no {format.upper()} but {given}: it is not Graphviz's. Use the"
            " engine 'embedded'"
        )
    return done.stdout


def _is_drawing(output: bytes) -> bool:
    """Say whether what dot gave is an SVG of a graph, in UTF-8."""
    try:
        drawing = ElementTree.fromstring(output.decode())
    except (UnicodeDecodeError, ElementTree.ParseError):
        return False
    return drawing.find("{*}g[@class='graph']") is not None
