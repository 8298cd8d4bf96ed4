"""The line that has left autograd switched off before anything was traced.

Nobody saw it run, so it is read in the sources of what is loaded: told only where no other line
could have done it.
"""

import ast
import sys
from collections.abc import Mapping
from types import ModuleType

from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.programs import tree_of
from gradviz.recording.reading.switches import Switch
from gradviz.recording.reading.where import NOWHERE, USER, Spot, level
from gradviz.system.lines import getlines

_MOST = 200  # files that are read
_BLOCKS = ("no_grad", "inference_mode", "set_grad_enabled")


def left_off(modules: Mapping[str, ModuleType] = sys.modules) -> Switch:
    """Return what has switched autograd off, with its line where it is the only one of the user's
    in some modules, by name, that may.
    """
    files = [getattr(module, "__file__", None) for module in list(modules.values())]
    own = [file for file in dict.fromkeys(files) if file and level(file) == USER]
    lines = [(file, line) for file in own[:_MOST] for line in lines_in("".join(getlines(file)))]
    return Switch(True, False, False, _spot(*lines[0]) if len(lines) == 1 else NOWHERE)


def lines_in(source: str) -> list[int]:
    """Return the lines of a program that may switch autograd off and do not put it back."""
    tree = tree_of(source)
    every = ast.walk(tree) if tree else ()
    return [node.lineno for node in every if isinstance(node, ast.stmt) and _leaves(node)]


def _leaves(statement: ast.stmt) -> bool:
    match statement:
        case (
            ast.Expr(ast.Call(func=ast.Attribute(ast.Call() as block, "__enter__")))
            | ast.Assign(value=ast.Call(func=ast.Attribute(ast.Call() as block, "__enter__")))
        ):
            return name_of(block) in _BLOCKS
        case ast.Expr(ast.Call() as call) | ast.Assign(value=ast.Call() as call):
            mode = call.args[0] if call.args else next((own.value for own in call.keywords), None)
            is_on = isinstance(mode, ast.Constant) and mode.value is True
            return name_of(call) == "set_grad_enabled" and not is_on
    return False


def _spot(file: str, line: int) -> Spot:
    return Spot(compile("", file, "exec"), -line)
