"""The ``dot`` program of Graphviz, where it is installed."""

import shutil
import subprocess

from gradviz.errors import EngineError


def is_available() -> bool:
    """Return whether ``dot`` is on PATH."""
    return shutil.which("dot") is not None


def run(dot_source: str, format: str, timeout: float | None) -> bytes:
    """Return ``dot_source`` as drawn by ``dot -T<format>``.

    Raises:
        EngineError: ``dot`` is not on PATH, cannot be started, refuses the graph or the format, or is not done after ``timeout`` seconds.
    """
    program = shutil.which("dot")
    if program is None:
        way_out = "or use the engine 'embedded'" if format == "svg" else "or draw an SVG, which needs no dot"
        raise EngineError(
            f"cannot draw the {format.upper()}: 'dot' is not on PATH. Install Graphviz (https://graphviz.org/download), {way_out}"
        )
    try:
        done = subprocess.run([program, f"-T{format}"], input=dot_source.encode(), capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"'dot' did not lay out the graph in {timeout:g} s: it is too large. Draw a part of it, or save it as JSON"
        ) from None
    except OSError as error:
        raise EngineError(f"cannot start {program!r}: {error.strerror}. Use the engine 'embedded'") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0] or f"exit status {done.returncode}"
        raise EngineError(f"'dot' could not draw the graph: {said}. Try the engine 'embedded'")
    return done.stdout
