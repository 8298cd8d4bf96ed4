"""``%load_ext gradviz`` and ``%%gradviz``.

Trace the step in a notebook's cell and show its report.
"""

import shlex
from typing import Any

import gradviz
from gradviz.errors import GradvizError
from gradviz.reports import Report
from gradviz.system.voice import advise

USAGE = "%%gradviz [LOSS [MODEL]]"


def load_ipython_extension(shell: Any) -> None:
    """Register ``%%gradviz`` with IPython, which calls this on ``%load_ext gradviz``."""

    def gradviz(line: str, cell: str) -> Report:
        """Trace the cell and show what became of its gradients: ``%%gradviz [LOSS [MODEL]]``.

        LOSS and MODEL are the names of the variables that hold them once the cell has run, ``loss``
        and ``model`` unless given.
        """
        return run_cell(shell, line, cell)

    shell.register_magic_function(gradviz, "cell", "gradviz")


def run_cell(shell: Any, line: str, cell: str) -> Report:
    """Run a cell as IPython does, traced, and return the report on the loss that it leaves.

    Raises:
        GradvizError: There are more than two names, or no variable of such a name.
    """
    names = shlex.split(line)
    if len(names) > 2:
        raise GradvizError(f"{len(names)} names after %%gradviz: {line!r} (write {USAGE})")
    variables = shell.user_ns
    code = shell.transform_cell(cell)
    # Where tracebacks and reports read the code
    file = shell.compile.cache(code, shell.execution_count, raw_code=cell)
    compiled = compile(code, file, "exec", flags=shell.compile.flags)
    with gradviz.trace() as trace:
        exec(compiled, variables)
    loss_name = names[0] if names else "loss"
    if loss_name not in variables:
        raise GradvizError(
            f"the cell leaves no {loss_name!r}: name the variable that holds the loss, as in"
            f" {USAGE}"
        )
    if len(names) == 2 and names[1] not in variables:
        raise GradvizError(
            f"there is no {names[1]!r}: name the variable that holds the model, as in {USAGE}"
        )
    model = variables.get(names[1] if len(names) == 2 else "model")
    # A later cell may call backward() itself
    if model is None:
        advise(_no_model(variables))
    return trace.report(variables[loss_name], model, backward=True)


def _no_model(variables: dict[str, Any]) -> str:
    """Say which variables hold a model, and how to name one."""
    from torch import nn

    models = sorted(
        name
        for name, value in variables.items()
        if isinstance(value, nn.Module) and not name.startswith("_")
    )
    way_out = (
        f"{' and '.join(models)} {'is a module' if len(models) == 1 else 'are modules'}, so write"
        f" %%gradviz loss {models[0]}"
        if models
        else f"no variable holds a module: name the one that does, as in {USAGE}"
    )
    return f"there is no variable 'model', so the report names no parameters; {way_out}"
