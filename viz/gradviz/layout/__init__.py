"""Layout engines: DOT source in, the bytes of a picture out.

One file per engine. Each takes the same DOT and gives back the same bytes for it in every process;
no two engines agree on coordinates.
"""

from collections.abc import Callable

from gradviz.errors import EngineError
from gradviz.layout import dot, embedded

ENGINES = ("auto", "dot", "embedded")
PATIENCE = 60.0  # seconds


def lay_out(
    dot_source: str, *, engine: str = "auto", format: str = "svg", timeout: float | None = PATIENCE
) -> bytes:
    """Return ``dot_source`` laid out and drawn.

    Args:
        dot_source: A graph in the DOT language.
        engine: ``"dot"``, ``"embedded"``, or ``"auto"``: the first where it is on PATH, else the
            second.
        format: ``"svg"``, or what only ``dot`` draws: ``"png"``, ``"pdf"``.
        timeout: Seconds to wait before giving up; None waits as long as it takes.

    Raises:
        EngineError: The engine is unknown or missing, draws no such format, refuses the graph, or
            takes too long.

    >>> lay_out("digraph {}", engine="neat")
    Traceback (most recent call last):
    gradviz.errors.EngineError: unknown engine: 'neat' (must be one of ['auto', 'dot', 'embedded'])
    """
    return _engine(engine, format)(dot_source, format, timeout)


def _engine(name: str, format: str) -> Callable[[str, str, float | None], bytes]:
    if name not in ENGINES:
        raise EngineError(f"unknown engine: {name!r} (must be one of {list(ENGINES)})")
    if name == "dot" or (name == "auto" and (dot.is_available() or format not in embedded.FORMATS)):
        return dot.run
    return embedded.run
