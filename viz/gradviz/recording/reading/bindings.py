"""Which variables a piece of source binds: those of its loops, and the one of an assignment."""

import ast
from types import CodeType

from gradviz.recording.reading.expressions import path_of, range_of
from gradviz.recording.reading.instructions import position_of, scope_of
from gradviz.recording.reading.where import by_file


@by_file
def loop_variables(code: CodeType) -> frozenset[str]:
    """Return the variables that stand for one thing after another as a function runs."""
    scoped = scope_of(code)
    return frozenset(
        name.id
        for loop in ([] if scoped is None else ast.walk(scoped[1].node))
        if isinstance(loop, (ast.For, ast.AsyncFor))
        for name in ast.walk(loop.target)
        if isinstance(name, ast.Name)
    )


@by_file
def assigned_variable(code: CodeType, lasti: int) -> str:
    """Return the variable or attribute that the value of an instruction is given to right away.

    Empty where there is none: ``"opt_d"`` for ``opt_d = Adam(...)`` and
    ``self.opt_d = Adam(...)``.
    """
    scoped, position = scope_of(code), position_of(code, lasti)
    for node in [] if scoped is None else ast.walk(scoped[1].node):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            if position == range_of(node.value):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                path, indices = path_of(target)
                return path[-1] if path and not indices and path[-1].isidentifier() else ""
    return ""
