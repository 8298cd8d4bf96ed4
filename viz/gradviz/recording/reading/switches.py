"""Who switched grad mode off, and where. Frames are read, never kept."""

import ast
import re
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType

from gradviz.recording import torch_inside
from gradviz.recording.reading import functions
from gradviz.recording.reading.instructions import ENTERS
from gradviz.recording.reading.sources import source_of
from gradviz.recording.reading.where import INSIDE, USER, Spot, by_file, level, spot_of
from gradviz.system.lines import getline

_SAYS_SO = re.compile(r"no_grad|inference_mode|set_grad_enabled")
_DEEPEST = 50  # lines of decorators, and wrappers of a function


@dataclass(frozen=True, slots=True, eq=False)
class Switch:
    """What switched grad mode off; one for each block.

    Attributes:
        set_by_function: By ``torch.set_grad_enabled``, not by ``torch.no_grad``.
        library: Torch's own code decided it, not the user's.
        inside_function: It happened inside a custom Function's forward.
        spot: The line of the ``with``, or of the decorator.
        like: What it has in common with other blocks of the same line.
    """

    set_by_function: bool
    library: bool
    inside_function: bool
    spot: Spot
    like: object = field(default_factory=object)


def leaves_a_block(frame: FrameType | None) -> bool:
    """Say whether a switch of grad mode is the end of a ``with``, from the frame that calls
    ``torch._C._set_grad_enabled``.
    """
    while frame is not None and frame.f_code.co_filename == torch_inside.GRAD_MODE:
        if frame.f_code.co_name == "__exit__":
            return True
        frame = frame.f_back
    return False


def is_of_a_transform(frame: FrameType | None) -> bool:
    """Say whether a transform of ``torch.func`` switches grad mode, for its own layer, from the
    frame that calls ``torch._C._set_grad_enabled``.
    """
    while frame is not None and frame.f_code.co_filename == torch_inside.GRAD_MODE:
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename == torch_inside.TRANSFORMS


def look_at_switch(frame: FrameType | None) -> Switch:
    """Say who switches grad mode off, from the frame that calls ``torch._C._set_grad_enabled``."""
    by_function = True
    library: bool | None = None
    inside = False
    inner: tuple[CodeType, int] | None = None
    user: tuple[CodeType, int] | None = None
    while frame is not None:
        running = frame.f_code
        filename = running.co_filename
        if filename == torch_inside.GRAD_MODE:
            by_function = by_function and running.co_qualname.startswith("set_grad_enabled")
        elif filename == torch_inside.CONTEXTLIB:
            code, wrappers = _wrapped(frame.f_locals.get("func"))
            if library is None and code is not None:
                library = level(code.co_filename) == INSIDE
                inner = None if library else _switched_for(code, wrappers, _user_of(frame))
        elif library is None and (
            level(filename) != INSIDE or filename.startswith(torch_inside.GRAPHS)
        ):
            library = False
        elif library is None and filename.startswith(torch_inside.FOLDER):
            library = filename != torch_inside.REGIONS
        inside = inside or functions.applied(frame) is not None
        if level(filename) != INSIDE:
            inner = inner or (running, _entered_at(running, frame.f_lasti))
            if user is None and level(filename) == USER:
                user = (running, _entered_at(running, frame.f_lasti))
        frame = frame.f_back
    if inner is not None and level(inner[0].co_filename) == USER:
        user = inner
    return Switch(by_function, bool(library), inside, spot_of(inner, user))


def _user_of(frame: FrameType | None) -> CodeType | None:
    """Return the code of the innermost frame of the user's."""
    while frame is not None and level(frame.f_code.co_filename) != USER:
        frame = frame.f_back
    return None if frame is None else frame.f_code


def _switched_for(
    code: CodeType, wrappers: int, caller: CodeType | None
) -> tuple[CodeType, int] | None:
    """Return where a function was put into a block: at its decorator, or by a call of one, as
    ``torch.no_grad()(f)``. None where that is not found, so that the line that calls it is told.
    """
    line = _decorator(code, wrappers)
    if line:
        return code, -line
    for where in (code, caller):
        line = 0 if where is None else _put_into_a_block(where, code.co_name)
        if where is not None and line:
            return where, -line
    return None


@by_file
def _put_into_a_block(code: CodeType, name: str) -> int:
    """Return the line of a file that puts a function of a name into a block by a call; 0 where it
    is not one line.
    """
    source = source_of(code.co_filename)
    lines = {
        node.lineno
        for node in ast.walk(source.tree if source is not None else ast.Module([], []))
        if isinstance(node, ast.Call)
        if any(name in (getattr(item, "id", ""), getattr(item, "attr", "")) for item in node.args)
        if _SAYS_SO.search(ast.unparse(node.func))
    }
    return lines.pop() if len(lines) == 1 else 0


def _wrapped(decorated: object) -> tuple[CodeType | None, int]:
    """Return the code of a function within its wrappers, and how many those are."""
    wrappers = 0
    while isinstance(decorated, FunctionType) and wrappers < _DEEPEST:
        inner = decorated.__dict__.get("__wrapped__")
        if inner is None:
            return decorated.__code__, wrappers
        decorated, wrappers = inner, wrappers + 1
    return getattr(decorated, "__code__", None), wrappers


@by_file
def _decorator(code: CodeType, wrappers: int) -> int:
    """Return the line of the decorator of a function that switches grad mode off; 0 without any.

    Of several it is the one that says so, else the one above so many wrappers.
    """
    lines = []
    for line in range(code.co_firstlineno, code.co_firstlineno + _DEEPEST):
        text = getline(code.co_filename, line).lstrip()
        if text.startswith("@"):
            lines.append(line)
        if not lines or text.startswith(("def ", "async ", "class ")):
            break
    named = [line for line in lines if _SAYS_SO.search(getline(code.co_filename, line))]
    if len(named) == 1:
        return named[0]
    return lines[max(-1 - wrappers, -len(lines))] if lines else 0


@by_file
def _entered_at(code: CodeType, lasti: int) -> int:
    """Return the instruction that made what a ``with`` enters, which has the item's line."""
    enters = lasti >= 2 and code.co_code[lasti] == ENTERS
    return lasti - 2 if enters else lasti
