"""Training steps that are named on the command line."""

import importlib
import importlib.util
import inspect
import linecache
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from gradviz.causes import explain
from gradviz.errors import GradvizError
from gradviz.facts.calls import CallKind
from gradviz.render.sentences import cut_at
from gradviz.reports import Report, read_json
from gradviz.running.settings import numbers
from gradviz.system.misplaced import FUNCTION, likely, way_out
from gradviz.tracing.trace import run_backward, trace

_HERE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Traced:
    """A step that was traced, with what it returned. Read-only."""

    report: Report
    loss: Any
    model: Any


_LOSS_ALONE = (
    "It returned the loss alone: return (loss, model) to learn which parameters of the model get"
    " gradient, and which line stops the others."
)


def trace_function(name: str, **arguments: Any) -> Report:
    """Trace ``package.module:function`` or ``file.py:function``, and return the report on what it
    returns: a loss, or ``(loss, model)``.

    ``arguments`` are handed to it. The module is looked for in the current folder first, as
    ``python -m`` does; beside a file what lies there can be imported.

    Raises:
        GradvizError: There is no such module or function, or it raises.
    """
    return run_traced(name, find_function(name), **arguments).report


def find_function(name: str) -> Callable[..., Any]:
    """Return the function that is called ``package.module:function`` or ``file.py:function``.

    Raises:
        GradvizError: There is no such module or function.
    """
    module_name, colon, function_name = name.rpartition(":")
    misplaced = way_out(name, FUNCTION) if os.path.exists(name) else ""
    if misplaced:
        raise GradvizError(misplaced)
    if not (module_name and colon and function_name):
        meant = likely(name)
        raise GradvizError(
            f"not a function: {name!r} (write package.module:function, or file.py:function"
            f"{f'; did you mean {meant}?' if meant else ''})"
        )
    with _own_arguments(module_name):
        is_file = module_name.endswith(".py")
        module = _load_file(Path(module_name)) if is_file else _import(module_name)
    function: Callable[..., Any] | None = getattr(module, function_name, None)
    if function is None or not callable(function):
        there = sorted(
            key for key, value in vars(module).items() if callable(value) and key[0] != "_"
        )
        meant = next(iter(get_close_matches(function_name, there, 1)), "")
        raise GradvizError(
            f"no function {function_name!r} in {module_name!r}"
            f"{f': did you mean {meant}?' if meant else ''} (it has {', '.join(there) or 'none'})"
        )
    return function


def run_traced(name: str, function: Callable[..., Any], **arguments: Any) -> Traced:
    """Run a function in a trace, and its backward; return the report with what it returned.

    Raises:
        GradvizError: It raises.
    """
    _check_arguments(name, function, arguments)
    with _own_arguments(name.rpartition(":")[0]), trace() as tracing:
        try:
            result: Any = function(**arguments)
        except Exception as error:
            _print_without_gradviz(error)
            raise GradvizError(
                f"{name} raised {type(error).__name__}, {_why_backward_failed(tracing, error)}"
            ) from error
        loss, model = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
        if isinstance(loss, nn.Module):
            raise GradvizError(f"{name} returned the model first: return (loss, model)")
        run_backward(tracing, loss)
    report = tracing.report(loss, model)
    if model is None:
        report = replace(report, notes=(*report.notes, _LOSS_ALONE))
    return Traced(report, loss, model)


def _check_arguments(name: str, function: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Raise a GradvizError where the function takes arguments that nobody has for it."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of a builtin
        return
    try:
        signature.bind(**given)
    except TypeError as error:
        raise GradvizError(
            f"{name} cannot be called ({error}): a step is a function without arguments that"
            " returns the loss, or (loss, model)"
        ) from None


@contextmanager
def _own_arguments(name: str) -> Iterator[None]:
    """Give a file the command line that ``python file`` would, and not that of gradviz."""
    before, sys.argv = sys.argv, [name]
    try:
        yield
    finally:
        sys.argv = before


def _why_backward_failed(trace: Any, error: Exception) -> str:
    """Say what severed a loss that does not require grad.

    Cut, line and fix, where the error is about such a loss.
    """
    none = "so there is nothing to report"
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    loss = next(
        (
            frame.f_locals.get("self")
            for frame in frames
            if frame.f_code.co_filename.endswith("torch/_tensor.py")
        ),
        None,
    )
    if "does not require grad" not in str(error) or loss is None:
        return none
    values = [value for frame in frames for value in frame.f_locals.values()]
    models = {
        str(number): value
        for number, value in enumerate(values)
        if hasattr(value, "named_parameters")
    }
    cuts = trace.report(loss, models or None).cuts
    if not cuts:
        return none
    return f"as its loss is cut by {cut_at(cuts[0])}: {cuts[0].code} Fix: {explain(cuts[0]).mend}"


def trace_program(lines: Sequence[str], document: str, offset: int) -> Report:
    """Run a program that stands in a document, and return the report on the ``loss`` and the
    ``model`` that it leaves.

    Args:
        lines: The program.
        document: Name of the document; the report tells places by it.
        offset: How many lines of the document come before the program.

    Raises:
        GradvizError: It raises, with the line, or leaves no loss.
    """
    source = "\n" * offset + "\n".join(lines) + "\n"
    # Where the report reads code from
    linecache.cache[document] = (len(source), None, source.splitlines(keepends=True), document)
    names: dict[str, Any] = {"__name__": "__gradviz__"}
    try:
        with trace() as tracing:
            exec(compile(source, document, "exec"), names)
            if "loss" not in names:
                raise GradvizError(
                    "the program leaves no loss: assign it to 'loss', and the model to 'model'"
                )
            run_backward(tracing, names["loss"])
        return tracing.report(names["loss"], names.get("model"))
    except GradvizError:
        raise
    except Exception as error:
        frames = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == document
        ]
        if isinstance(error, SyntaxError) and error.filename == document:
            frames.append(error.lineno)
        line = f" in line {frames[-1]}" if frames else ""
        raise GradvizError(f"the program raised {type(error).__name__}{line}: {error}") from error
    finally:
        linecache.cache.pop(document, None)


def trace_script(file: str, arguments: Sequence[str] = (), backward: str = "") -> Report:
    """Run a script as ``gradviz run`` does, in a process of its own, and return the report on its
    first backward calls.

    What the script prints goes to standard error.

    Args:
        file: The script.
        arguments: What it is called with.
        backward: Numbers of these calls, as in ``"1,2,5-7"``; unless given, all until each of its
            optimizers has made a step.

    Raises:
        GradvizError: There is no such file, or the script ends before it made these calls.
    """
    wanted = numbers(backward or "1")
    if not Path(file).is_file():
        raise GradvizError(f"there is no file {file!r}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        command = [
            sys.executable,
            "-m",
            "gradviz",
            "run",
            *(["--backward", backward] if backward else ["--until-stepped"]),
            "--stop",
            "--quiet",  # whoever asked for the report tells of it
            "-o",
            str(path),
            file,
            *arguments,
        ]
        done = subprocess.run(command, stdout=sys.__stderr__, check=False)
        report = read_json(path.read_text(encoding="utf-8")) if path.is_file() else None
    parts = () if report is None else report.losses.values()
    reported = [part.call for part in parts if part.call and part.call.kind is CallKind.BACKWARD]
    calls = 0 if report is None else len(reported) or 1
    if report is None or calls < len(wanted):
        is_silent = not calls and not done.returncode
        hint = f" (a function in it is written {file}:function)" if is_silent else ""
        which = "a backward call" if wanted == (1,) else f"backward call {wanted[calls]}"
        raise GradvizError(
            f"{file} ended with exit status {done.returncode} and without {which}, so there is"
            f" nothing to report{hint}"
        )
    return report


def _import(name: str) -> ModuleType:
    _look_in(Path.cwd())
    try:
        return importlib.import_module(name)
    # A TypeError for './name', which Python takes for a relative import
    except (ImportError, TypeError) as error:
        raise GradvizError(
            f"cannot import {name!r}: {error} (write package.module:function, or file.py:function)"
        ) from error
    except Exception as error:
        _print_without_gradviz(error)
        raise GradvizError(f"{name} raised {type(error).__name__} while it was imported") from error


def _load_file(path: Path) -> ModuleType:
    """Return a file run as a module; what stands under ``if __name__ == "__main__"`` is left
    out.
    """
    if not path.is_file():
        raise GradvizError(f"there is no file {str(path)!r}")
    _look_in(path.parent.resolve())
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise GradvizError(f"cannot load {str(path)!r}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where pickle and dataclasses look for it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        _print_without_gradviz(error)
        raise GradvizError(f"{path} raised {type(error).__name__} while it was loaded") from error
    return module


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _print_without_gradviz(error: Exception) -> None:
    """Show the traceback on standard error, less the lines of gradviz that called the step and
    watched it.
    """
    described = traceback.TracebackException.from_exception(error)
    described.stack = traceback.StackSummary.from_list(
        [line for line in described.stack if not Path(line.filename).is_relative_to(_HERE)]
    )
    sys.stderr.writelines(described.format())
