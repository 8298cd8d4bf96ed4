"""Training steps that are named on the command line."""

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import gradviz
from gradviz.errors import GradvizError
from gradviz.reports import Report

_HERE = Path(__file__).parent


def trace_function(name: str) -> Report:
    """Trace ``package.module:function`` and report on what it returns: ``(loss, model)`` or a loss.

    The module is looked for in the current folder first, as ``python -m`` does.

    Raises:
        GradvizError: There is no such module or function, or it raises.
    """
    module_name, colon, function_name = name.partition(":")
    if not (module_name and colon and function_name):
        raise GradvizError(f"not a function: {name!r} (write package.module:function)")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise GradvizError(f"cannot import {module_name!r}: {error}") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        there = ", ".join(sorted(key for key, value in vars(module).items() if callable(value) and not key.startswith("_")))
        raise GradvizError(f"no function {function_name!r} in {module_name!r} (there is {there or 'none'})")
    with gradviz.trace() as trace:
        try:
            result: Any = function()
        except Exception as error:
            _print_without_gradviz(error)
            raise GradvizError(f"{name} raised {type(error).__name__}, so there is nothing to report") from error
    loss, model = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
    return trace.report(loss, model)


def _print_without_gradviz(error: Exception) -> None:
    """Show the traceback on standard error, less the lines of gradviz that called the step and watched it."""
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list([line for line in told.stack if not Path(line.filename).is_relative_to(_HERE)])
    sys.stderr.writelines(told.format())
