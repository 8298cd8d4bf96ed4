"""Whether a traced model may have a number as a constant that Python made of a tensor.

It has none where each function that the trace ran goes straight on and calls nothing but torch and
modules, and each constant stands in the source.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.system.lines import getlines

_FRAME = re.compile(r"^(.+)\((\d+)\): (.+)$", re.MULTILINE)
_OF_TENSORS = frozenset(dir(Tensor)) - frozenset(dir(nn.Module))
_LEAVING = frozenset(
    "item tolist numpy data_ptr storage untyped_storage is_nonzero equal allclose".split()
)
_CHANGING = frozenset(("__call__", "__getattr__", "__getattribute__"))  # what an attribute is
_STRAIGHT = (
    *(ast.Return, ast.Assign, ast.AugAssign, ast.Expr, ast.Constant, ast.Name, ast.Attribute),
    *(ast.Call, ast.BinOp, ast.UnaryOp, ast.Tuple, ast.List, ast.Subscript, ast.Slice),
    *(ast.keyword, ast.operator, ast.USub, ast.expr_context),
)


_MOST = 256
_answers: dict[str, bool] = {}  # by the text of a graph
_FIXED = (ast.Constant, ast.UnaryOp, ast.USub, ast.Slice, ast.Tuple, ast.expr_context)


class _Frame(NamedTuple):
    file: str
    line: int
    function: str

    @property
    def is_torch(self) -> bool:
        return self.file.startswith(torch_inside.FOLDER)


def bakes_nothing(function: Any) -> bool:
    """Say whether a traced method has no constants but those that stand in the source."""
    text = str(function.inlined_graph)  # names the class of the module, which each trace makes anew
    if text not in _answers:
        if len(_answers) >= _MOST:
            _answers.clear()
        _answers[text] = _bakes_nothing(function)
    return _answers[text]


def _bakes_nothing(function: Any) -> bool:
    parts = torch_inside.names_in_script(function.owner)
    if parts is None:
        return False
    names, classes = parts
    files: set[str] = set()
    for node in function.inlined_graph.nodes():
        frames = _frames(node)
        own = [frame for frame in frames if not frame.is_torch]
        files |= {frame.file for frame in own}
        if any(True for _ in node.blocks()) or any(frame.function != "forward" for frame in own):
            return False
        if node.kind() == "prim::Constant" and not _is_written(node, frames):
            return False
    return all(
        name.startswith("__torch__.torch.nn.modules.") or _is_plain_class(name, files, names)
        for name in classes
    )


def _is_plain_class(qualified: str, files: set[str], names: set[str]) -> bool:
    """Say whether a module's class stands in one of some files, and its forward is plain."""
    name = qualified.rpartition(".")[2]
    classes = [
        (tree, node)
        for tree in map(_tree, files)
        if tree is not None
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == name
    ]
    if len(classes) != 1:
        return False
    tree, class_ = classes[0]
    forwards = [node for node in class_.body if isinstance(node, ast.FunctionDef)]
    forwards = [node for node in forwards if node.name == "forward"]
    methods = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    if not _CHANGING.isdisjoint(methods):
        return False
    return len(forwards) == 1 and _is_plain(forwards[0], tree, frozenset(names - methods))


def _frames(node: Any) -> list[_Frame]:
    """Return the frames that an operation was traced in, the innermost first; none where it was
    loaded or torch does not tell.
    """
    text = node.sourceRange()
    frames = [_Frame(file, int(line), name) for file, line, name in _FRAME.findall(text)]
    ends = [n for n, frame in enumerate(frames) if frame.file == torch_inside.TRACER]
    return frames[: ends[0]] if ends and "Serialized" not in text else []


def _is_written(node: Any, frames: list[_Frame]) -> bool:
    """Say whether a constant stands in the line that it is from, is what torch takes where nothing
    is given, or is of a module of torch's own.
    """
    if not node.hasAttribute("value"):
        return True  # None
    kind = node.kindOf("value")
    if kind == "s":
        return True
    value = getattr(node, kind)("value") if kind in ("i", "f", "t") else None
    value = torch_inside.item(value) if isinstance(value, Tensor) and not value.dim() else value
    if not frames or not isinstance(value, (int, float)):
        return False
    is_bool = str(node.output().type()) == "bool"
    if all(_is_default(use, bool(value) if is_bool else value) for use in node.output().uses()):
        return True
    outer = next((n for n, frame in enumerate(frames) if not frame.is_torch), len(frames))
    if any("modules" in frame.file and frame.function == "forward" for frame in frames[:outer]):
        return True
    return outer < len(frames) and value in _literals(frames[outer].file, frames[outer].line)


def _is_default(use: Any, value: float) -> bool:
    """Say whether an operation takes a value where nothing is given for it."""
    head, _, _ = str(use.user.schema()).partition(") ->")
    taken = [argument for argument in head.partition("(")[2].split(", ") if argument != "*"]
    return str(value) in [argument.partition("=")[2] for argument in taken[use.offset :][:1]]


@lru_cache(maxsize=64)
def _tree(file: str) -> ast.Module | None:
    try:
        return ast.parse("".join(getlines(file)))
    except (SyntaxError, ValueError):
        return None


def _literals(file: str, line: int) -> set[float]:
    """Return the numbers that stand in the statement at a line."""
    statements = [
        node
        for node in ast.walk(_tree(file) or ast.Module([], []))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    inner = max(statements, key=lambda node: (node.lineno, node.col_offset), default=None)
    numbers: set[float] = set()
    for node in ast.walk(inner) if inner is not None else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            numbers.add(node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inside = node.operand
            if isinstance(inside, ast.Constant) and isinstance(inside.value, (int, float)):
                numbers.add(-inside.value)
    return numbers


def _is_plain(function: ast.FunctionDef, tree: ast.Module, names: frozenset[str]) -> bool:
    """Say whether a function goes straight on, whatever its numbers are, and takes in nothing but
    its arguments, what torch is called by, and parts of modules.
    """
    if not function.args.args or function.decorator_list:
        return False
    whole = [part for statement in function.body for part in ast.walk(statement)]
    itself = function.args.args[0].arg
    local = {argument.arg for argument in function.args.args[1:]} | {
        part.id for part in whole if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    of_torch = frozenset(_torch_names(tree)) - local
    roots = {
        id(part.value)
        for part in whole
        if isinstance(part, ast.Attribute)
        and isinstance(part.value, ast.Name)
        and part.value.id in (itself, *of_torch)
    }

    def goes_on(part: ast.AST) -> bool:
        match part:
            case ast.Name():
                return part.id in local or id(part) in roots
            case ast.Attribute(ctx=ast.Load()):
                return _is_plain_part(part, itself, of_torch, names)
            case ast.Call():
                return isinstance(part.func, ast.Attribute)
            case ast.Subscript():
                return all(isinstance(inner, _FIXED) for inner in ast.walk(part.slice))
        return isinstance(part, _STRAIGHT) and not isinstance(part, ast.Attribute)

    return itself not in local and all(map(goes_on, whole))


def _is_plain_part(
    part: ast.Attribute, itself: str, of_torch: frozenset[str], names: frozenset[str]
) -> bool:
    """Say whether an attribute is one of torch, a part of a module, or one of a tensor."""
    root: ast.expr = part
    while isinstance(root, ast.Attribute):
        root = root.value
    if part.attr in _LEAVING or part.attr.startswith("_"):
        return False
    if isinstance(root, ast.Name) and root.id in of_torch:
        return True
    is_own = isinstance(root, ast.Name) and root.id == itself
    if is_own and part.value is root:
        return part.attr in names
    return (is_own and part.attr in names) or part.attr in _OF_TENSORS


def _torch_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a file gives torch and modules of it."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "torch" or alias.name.startswith("torch."):
                    yield alias.asname or "torch"
        elif isinstance(node, ast.ImportFrom) and node.module in ("torch", "torch.nn"):
            yield from (
                alias.asname or alias.name for alias in node.names if alias.name[0].islower()
            )
