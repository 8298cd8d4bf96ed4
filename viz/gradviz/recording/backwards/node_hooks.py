"""Hooks of the user's on nodes of the graph.

No call of torch's shows how they come there, so they are found at the node while it runs, and told
by the line that registers them or else by where their function begins.
"""

import ast
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic import sizes
from gradviz.recording.reading.sources import source_of
from gradviz.recording.reading.where import USER, Spot, by_file, level
from gradviz.recording.tape import Tape

_REGISTERS = ("register_hook", "register_prehook")


def _nothing(_: Any) -> None:
    return None


def note_before(tape: Tape, number: int, left: sizes.Size, came: sizes.Size) -> None:
    """Where another gradient than the one that left has come to a node, and is zero, take note of
    the hooks that run before it.

    Args:
        tape: Of the backward that runs.
        number: Of the node that runs now.
        left, came: How large what left for it was, and what came.
    """
    node = torch_inside.current_node()
    if came is left or not isinstance(came, float) or came or node is None or number in tape.hooks:
        return
    handle = node.register_prehook(_nothing)
    hooks = handle.hooks_dict_ref()
    handle.remove()
    spots = spots_of(hooks or {})
    if spots:
        tape.hooks[number] = spots


def spots_of(hooks: Mapping[int, Any]) -> list[Spot]:
    """Return where the user's own among some hooks were registered."""
    return [_spot(code) for code in map(_code_of, hooks.values()) if code is not None]


def _code_of(hook: Any) -> CodeType | None:
    code = getattr(getattr(hook, "func", hook), "__code__", None)
    return code if isinstance(code, CodeType) and level(code.co_filename) == USER else None


def _spot(code: CodeType) -> Spot:
    line = _registered_at(code)
    return Spot(code, -line if line else 0)


@by_file
def _registered_at(code: CodeType) -> int:
    """Return the line of its file that registers a function as a hook; 0 where it is not one."""
    source = source_of(code.co_filename)
    name = code.co_name
    lines = {
        node.lineno
        for node in _calls(source.tree if source is not None else ast.Module([], []))
        if isinstance(node.func, ast.Attribute) and node.func.attr in _REGISTERS
        if any(_is_named(argument, name, code.co_firstlineno) for argument in node.args)
    }
    return lines.pop() if len(lines) == 1 else 0


def _calls(tree: ast.AST) -> Iterable[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _is_named(argument: ast.expr, name: str, line: int) -> bool:
    """Say whether an argument is a function, or made by one or of one, by its name or its line."""
    return any(
        inner.lineno == line
        if isinstance(inner, ast.Lambda) and name == "<lambda>"
        else name in (getattr(inner, "id", ""), getattr(inner, "attr", ""))
        for inner in ast.walk(argument)
    )
