"""The line that has left autograd switched off before anything was traced.

Nobody saw it run, so it is read in the sources of what is loaded: told only where no other line
could have done it.
"""

import ast
import sys
from collections.abc import Mapping
from types import ModuleType

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
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt) and _leaves(node)]


def _leaves(statement: ast.stmt) -> bool:
    if not isinstance(statement, (ast.Expr, ast.Assign)) or not isinstance(
        statement.value, ast.Call
    ):
        return False
    call = statement.value
    if _name(call) == "__enter__" and isinstance(call.func, ast.Attribute):
        return isinstance(call.func.value, ast.Call) and _name(call.func.value) in _BLOCKS
    if _name(call) != "set_grad_enabled":
        return False
    mode = call.args[0] if call.args else next((own.value for own in call.keywords), None)
    return not (isinstance(mode, ast.Constant) and mode.value is True)


def _name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _spot(file: str, line: int) -> Spot:
    return Spot(compile("", file, "exec"), -line)
