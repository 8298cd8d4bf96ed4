"""Follows a number through Python code that leaves no trace at run time: ``float(t)``, ``math.sqrt``, ``np.mean([...])``.

``float(t)`` must give an exact float, which cannot remember where it came from. So when a plain number goes into a torch call, the
source code says which expressions it was computed from: backwards from the call, through the assignments of the function, into
the arguments of its caller. If a value left torch in one of these expressions, it came back here.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from linecache import getlines
from types import CodeType, FrameType
from typing import Any

from torch import Tensor, nn

from gradviz.recording.functions import applied
from gradviz.recording.torch_inside import CALL_MODULE
from gradviz.recording.where import INSIDE, by_file, level

Range = tuple[int, int, int, int]  # first line, first column, last line, last column
_CALLERS = 4  # how far up the arguments are followed
_MOST = 16  # values remembered of one instruction, which a loop may run without end


@dataclass(slots=True)
class Escapes:
    """Where values left torch: by code object and instruction, for every frame that was running.

    Attributes:
        by_code: Numbers on the tape by instruction by code object.
    """

    by_code: dict[tuple[str, CodeType], dict[int, list[int]]] = field(default_factory=dict)

    def left(self, frame: FrameType | None, serial: int) -> None:
        """Take note that a value left torch in this frame, and in its callers as far as the value is returned to them."""
        forward = True
        while frame is not None:
            code = frame.f_code
            if code is CALL_MODULE and not forward:
                return  # what a hook returns is no result
            if level(code.co_filename) != INSIDE:
                left = self.by_code.setdefault((code.co_filename, code), {}).setdefault(frame.f_lasti, [])
                left.append(serial)
                del left[:-_MOST]
                forward = code.co_name == "forward"
                position = position_of(code, frame.f_lasti)
                if not any(_inside(position, expression) for expression in returned(code)):
                    return
            if applied(frame) is not None:
                return  # inside a custom Function nothing is severed
            frame = frame.f_back

    def behind(self, frame: FrameType | None) -> tuple[int, ...]:
        """Return the values that left torch and that a call's plain arguments are computed from."""
        if not self._left_near(frame):
            return ()  # as almost always, and reading a library's source takes long
        found: dict[int, None] = {}
        only: tuple[str, ...] | None = None
        for _ in range(_CALLERS):
            while frame is not None and level(frame.f_code.co_filename) == INSIDE:
                frame = frame.f_back
            if frame is None:
                break
            code = frame.f_code
            variables = frame.f_locals
            # What holds a tensor or a module need not be followed: its history is known.
            names = tuple(
                name
                for name in names_at(code, frame.f_lasti, only)
                if only is not None or not isinstance(variables.get(name), (Tensor, nn.Module))
            )
            sliced = backward_slice(code, frame.f_lasti, names, only)
            if sliced is None:
                break
            for lasti, serials in self.by_code.get((code.co_filename, code), {}).items():
                if any(_inside(position_of(code, lasti), expression) for expression in sliced.expressions):
                    found.update(dict.fromkeys(serials))
            if not sliced.parameters:
                break
            only = sliced.parameters
            frame = frame.f_back
        return tuple(found)

    def _left_near(self, frame: FrameType | None) -> bool:
        """Say whether anything left torch in the functions that ``behind`` would read."""
        left = 0
        while frame is not None and self.by_code and left < _CALLERS:
            code = frame.f_code
            if level(code.co_filename) != INSIDE:
                if (code.co_filename, code) in self.by_code:
                    return True
                left += 1
            frame = frame.f_back
        return False


@dataclass(frozen=True, slots=True)
class Slice:
    """What a call's arguments are computed from within one function.

    Attributes:
        expressions: Source ranges.
        parameters: Parameters of the function among them; ``"0"`` for the first positional one, and so on by name.
    """

    expressions: tuple[Range, ...]
    parameters: tuple[str, ...]


@by_file
def returned(code: CodeType) -> tuple[Range, ...]:
    """Return the expressions that a function's result is computed from."""
    function = _function(code)
    if function is None:
        return ()
    if isinstance(function, ast.Lambda):
        results: list[ast.AST] = [function.body]
    else:
        results = [node.value for node in ast.walk(function) if isinstance(node, (ast.Return, ast.Yield)) and node.value is not None]
    return _computed_from(function, results, tuple(name for result in results for name in _names(result)))[0]


@by_file
def position_of(code: CodeType, lasti: int) -> Range | None:
    """Return the source range of an instruction."""
    for number, (line, last_line, column, last_column) in enumerate(code.co_positions()):
        if number * 2 == lasti:
            if line is None or last_line is None or column is None or last_column is None:
                return None
            return line, column, last_line, last_column
    return None


@by_file
def names_at(code: CodeType, lasti: int, only: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the names in the call at an instruction, or in the arguments for some of the callee's parameters."""
    return tuple(dict.fromkeys(name for root in _roots(code, lasti, only) for name in _names(root)))


@by_file
def backward_slice(code: CodeType, lasti: int, names: tuple[str, ...], only: tuple[str, ...] | None) -> Slice | None:
    """Return what the arguments of the call at an instruction are computed from.

    Args:
        code: The function's.
        lasti: The instruction.
        names: Names in the call that are to be followed.
        only: Names of the callee's parameters that matter; None for every argument.
    """
    function = _function(code)
    roots = _roots(code, lasti, only)
    if function is None or not roots:
        return None
    expressions, computed = _computed_from(function, roots, names)
    return Slice(expressions, tuple(name for name in _parameters(function) if name in computed))


def _roots(code: CodeType, lasti: int, only: tuple[str, ...] | None) -> list[ast.AST]:
    function = _function(code)
    position = position_of(code, lasti)
    start = None if function is None or position is None else _smallest(function, position)
    if start is None:
        return []
    return _computed_with(start) if only is None else list(_arguments(start, only))


def _computed_with(start: ast.AST) -> list[ast.AST]:
    """Return what a call or operation could take a plain number from: not what it is a method of, and no constant's other side."""
    if isinstance(start, ast.Call):
        return [*start.args, *(keyword.value for keyword in start.keywords)]
    if isinstance(start, ast.BinOp):
        sides = [start.left, start.right]
        return [] if any(isinstance(side, ast.Constant) for side in sides) else [*sides]
    if isinstance(start, ast.AugAssign):
        return [start.value]
    if isinstance(start, (ast.For, ast.AsyncFor)):
        return [start.iter]  # its next item is wanted, and what its body does comes after
    return [] if hasattr(start, "body") and isinstance(start, ast.stmt) else [start]


def _computed_from(function: ast.AST, roots: list[ast.AST], follow: tuple[str, ...]) -> tuple[tuple[Range, ...], set[str]]:
    """Return the expressions that some expressions are computed from within a function, and the names among them."""
    flows = _flows(function)
    expressions = [_range(root) for root in roots]
    names = set(follow)
    pending = list(follow)
    while pending:
        for value in flows.get(pending.pop(), ()):
            expressions.append(_range(value))
            for name in _names(value):
                if name not in names:
                    names.add(name)
                    pending.append(name)
    return tuple(dict.fromkeys(expressions)), names


@lru_cache(maxsize=256)
def _tree(filename: str) -> ast.Module | None:
    try:
        return ast.parse("".join(getlines(filename)))
    except (SyntaxError, ValueError):
        return None


@by_file
def _function(code: CodeType) -> ast.AST | None:
    tree = _tree(code.co_filename)
    if tree is None or code.co_name == "<module>":
        return tree
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
            if first == code.co_firstlineno and getattr(node, "name", "<lambda>") == code.co_name:
                return node
    # a comprehension: the function around it
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno <= code.co_firstlineno <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda node: node.lineno) if around else tree


def _range(node: ast.AST) -> Range:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]


def _inside(inner: Range | None, outer: Range) -> bool:
    return inner is not None and outer[:2] <= inner[:2] and inner[2:] <= outer[2:]


def _smallest(function: ast.AST, position: Range) -> ast.AST | None:
    found: ast.AST | None = None
    for node in ast.walk(function):
        if isinstance(node, (ast.expr, ast.stmt)) and _inside(position, _range(node)):
            if found is None or _inside(_range(node), _range(found)):
                found = node
    return found


def _arguments(call: ast.AST, only: tuple[str, ...]) -> Iterator[ast.AST]:
    """Yield the arguments of a call that fill the wanted parameters; all of them where that cannot be told."""
    if not isinstance(call, ast.Call):
        return
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    for name in only:
        if name in named:
            yield named[name]
            return
    yield from call.args


def _names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            yield f"{part.value.id}.{part.attr}"


def _parameters(function: ast.AST) -> Iterator[str]:
    arguments = getattr(function, "args", None)
    if isinstance(arguments, ast.arguments):
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if argument.arg not in ("self", "cls"):
                yield argument.arg


@lru_cache(maxsize=1024)
def _flows(function: ast.AST) -> dict[str, list[ast.AST]]:
    """Return by name the expressions whose value goes into it."""
    found: dict[str, list[ast.AST]] = {}

    def into(target: ast.AST, value: Any) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            for item in target.elts:
                into(item, value)
        elif isinstance(target, ast.Starred):
            into(target.value, value)
        elif isinstance(target, ast.Name):
            found.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            found.setdefault(f"{target.value.id}.{target.attr}", []).append(value)
        elif isinstance(target, ast.Subscript):
            into(target.value, value)

    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                into(target, node.value)
        elif isinstance(node, (ast.AugAssign, ast.NamedExpr)) or (isinstance(node, ast.AnnAssign) and node.value is not None):
            into(node.target, node.value)
        elif isinstance(node, (ast.For, ast.comprehension)):
            into(node.target, node.iter)
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend", "insert", "add")
        ):
            for argument in node.args:
                into(node.func.value, argument)
    return found


def of_interest(value: Any) -> bool:
    """Say whether a plain argument could carry something that left torch."""
    kind = type(value)
    if kind is float or kind is int:
        return True
    if kind in (list, tuple):
        return bool(value) and of_interest(value[0])
    return kind.__module__ == "numpy"
