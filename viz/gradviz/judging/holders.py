"""What held a value that was not finite before the forward: its name, and who wrote it."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, NamedTuple

from torch import Tensor

from gradviz.graph import NodeKind, Place
from gradviz.judging.build import Built
from gradviz.judging.model_names import Names
from gradviz.recording.arithmetic.birth_causes import causes_of
from gradviz.recording.arithmetic.held import Held, holding
from gradviz.recording.arithmetic.sizes import plain
from gradviz.recording.entries.rewritten import MADE, STEP, LastWrite
from gradviz.recording.reading import where
from gradviz.recording.reading.instructions import scope_of
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import address, region
from gradviz.recording.torch_inside import FOREACH

_MOST = 64  # items of one container that are looked at
_DATA = "Look at what makes it: the data, or what is computed from them before they go in."
_LINE = "Look at what made it so."
_MENDS = {
    MADE: (
        "Give it values where it is made (zeros, randn, nn.init): torch.empty() holds what lay in"
        " memory before."
    ),
    STEP: (
        "Look at the step that wrote it: its gradient may have been NaN already, or its learning"
        " rate too large."
    ),
    "copy_": "Look at what was copied into it: a checkpoint, or another model.",
}
_DID = {MADE: "it was made", STEP: "an optimizer wrote it last"}


@dataclass(frozen=True, slots=True)
class Holder:
    """What held it.

    Attributes:
        name: Of the parameter, the buffer or the variable; empty where none is known.
        why: A sentence.
        mend: What mends it.
        place: The line that wrote it, or gave the variable its value; None where none was seen.
    """

    name: str
    why: str
    mend: str
    place: Place | None = None


def holder_of(tape: Tape, built: Built, names: Names, value: Held) -> Holder | None:
    """Say what held a value; None where neither its name nor who wrote it is known."""
    write, line = value.write, None
    name = parameter = _parameter(built, value)
    buffer = None if name else _buffer(tape, names, value, is_leaf=_is_leaf(built, value))
    words = value.words
    if buffer is not None:
        name, kind, mend = buffer.name, "a buffer", _LINE
        words, write = buffer.words, buffer.write
    elif parameter:
        kind, mend = "a parameter", _LINE
    else:
        name, line = _variable(value)
        kind, mend = "which goes in", _DATA
    line = line if write is None else write.spot.calling_place or write.spot.place
    if not name and line is None:
        return None
    others = f", and so do {value.others} others" if value.others > 1 else ""
    others = ", and so does another" if value.others == 1 else others
    subject = f"{name}, {kind}," if name else "what goes in"
    why = f"{subject} {words} before the forward uses it{others}"
    if write is not None:
        mend, did = _mend(write.operation, mend), _DID.get(write.operation, "it was last written")
        why += f"; {did} at {line}" if line is not None else ""
    elif line is not None:
        why += f"; it gets its value at {line}"
    return Holder(name, why, mend, line)


def _mend(operation: str, otherwise: str) -> str:
    causes = causes_of(operation.removeprefix(FOREACH).rstrip("_"))
    if causes:
        otherwise = f"Look at what that line does: it is usually because of {causes[0].usual}."
    return _MENDS.get(operation, otherwise)


def _parameter(built: Built, value: Held) -> str:
    index = built.index_of.get(value.leaf)
    node = None if index is None else built.nodes[index]
    return node.name if node is not None and node.kind is NodeKind.PARAMETER else ""


def _is_leaf(built: Built, value: Held) -> bool:
    index = built.index_of.get(value.leaf)
    return index is not None and built.nodes[index].kind is NodeKind.LEAF


class _Buffer(NamedTuple):
    name: str
    words: str
    write: LastWrite | None


def _buffer(tape: Tape, names: Names, value: Held, *, is_leaf: bool) -> _Buffer | None:
    """Return the buffer that lies in the memory of a value, or else one that was NaN itself before
    the value was computed of plain tensors.
    """
    spoilt: list[_Buffer] = []
    for name, buffer in names.buffers.items():
        if _is_in(buffer, value):
            return _Buffer(name, value.words, value.write)
        values = plain(buffer)
        if values is not None and buffer.is_floating_point() and bool(values.isnan().any()):
            write = tape.rewritten.last(address(buffer), region(buffer))
            if write is None or 0 < write.number <= value.used_by:
                spoilt.append(_Buffer(name, holding(buffer), write))
    return spoilt[0] if spoilt and not is_leaf else None


def _is_in(tensor: Any, value: Held) -> bool:
    """Say whether a tensor lies where a value does."""
    memory, (low, high) = value.memory
    if not isinstance(tensor, Tensor) or not memory or address(tensor) != memory:
        return False
    begin, end = region(tensor)
    return begin < high and low < end


def _variable(value: Held) -> tuple[str, Place | None]:
    """Return the user's variable that is a value, and the line that gave it its value: of a
    function's argument, the variable of whoever called it.
    """
    frame: FrameType | None = sys._getframe(1)
    unbound = ""
    while frame is not None:
        if where.level(frame.f_code.co_filename) == where.USER:
            for name, path in _names(frame, value):
                line = _bound(frame, name)
                if line is not None:
                    return path, line
                unbound = unbound or path
        frame = frame.f_back
    return unbound, None


def _names(frame: FrameType, value: Held) -> Iterator[tuple[str, str]]:
    """Yield the variables of a frame that are a value or hold it, with the way to it."""
    for name, item in _variables(frame):
        yield from ((name, path) for path, tensor in _inside(name, item) if _is_in(tensor, value))


def _variables(frame: FrameType) -> Iterator[tuple[str, Any]]:
    code = frame.f_code
    if code.co_name == "<module>":
        yield from list(frame.f_globals.items())
    else:
        names = (*code.co_varnames, *code.co_cellvars, *code.co_freevars)
        yield from where.variables(frame, *names).items()


def _inside(name: str, item: Any) -> Iterator[tuple[str, Any]]:
    """Yield a variable, or what is in it where it is a container."""
    if type(item) in (tuple, list):
        yield from ((f"{name}[{place}]", part) for place, part in enumerate(item[:_MOST]))
    elif type(item) is dict:
        for key in list(item)[:_MOST]:
            if type(key) is str:
                yield f"{name}[{key!r}]", item[key]
    else:
        yield name, item


def _bound(frame: FrameType, name: str) -> Place | None:
    """Return the line above the one that runs that gave a variable its value; None where there is
    none, or it may not have run.
    """
    scoped = scope_of(frame.f_code)
    if scoped is None:
        return None
    line = frame.f_lineno
    above = [
        statement
        for statement in ast.walk(scoped[1].node)
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.For, ast.AsyncFor, ast.With))
        and statement.lineno < line
        and name in _names_bound(statement)
    ]
    if not above:
        return None
    last = max(above, key=lambda statement: statement.lineno)
    for branch in ast.walk(scoped[1].node):
        if isinstance(branch, (ast.If, ast.Try)) and _holds(branch, last.lineno):
            if not _holds(branch, line):
                return None
    return where.line_at(frame.f_code, last.lineno)


def _holds(statement: ast.stmt, line: int) -> bool:
    return statement.lineno <= line <= (statement.end_lineno or statement.lineno)


def _names_bound(statement: ast.stmt) -> set[str]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, (ast.AnnAssign, ast.For, ast.AsyncFor)):
        targets = [statement.target]
    elif isinstance(statement, ast.With):
        targets = [item.optional_vars for item in statement.items if item.optional_vars]
    return {
        node.id
        for target in targets
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
