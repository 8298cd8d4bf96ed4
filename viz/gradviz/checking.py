"""What ``gradviz check`` is asked to hold: the step, and what is expected of it, from ``[tool.gradviz]`` in pyproject.toml. No torch.

    [tool.gradviz]
    step = "train:step"
    reached = "head.*"
    frozen = ["backbone.*"]
    rest = "any"

A step is a function that returns ``(loss, model)``, a script, or a saved report. Words take a pattern or a list of them.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradviz.errors import ExpectationError
from gradviz.expectations import RESTS, WORDS
from gradviz.reports import Report

KEYS = ("step", "loss", *WORDS, "rest")


def read_settings(folder: Path) -> Mapping[str, Any]:
    """Return the table ``[tool.gradviz]`` of the nearest pyproject.toml that has one, in ``folder`` or above; empty where none has.

    Raises:
        ExpectationError: The file is not TOML, or the table has a key that is not known or a value of the wrong kind.
    """
    for file in (parent / "pyproject.toml" for parent in (folder, *folder.parents)):
        if not file.is_file():
            continue
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ExpectationError(f"cannot read {file}: {error}") from None
        table = document.get("tool", {}).get("gradviz")
        if table is not None:
            _check(table, file)
            return dict(table)
    return {}


def _check(table: Any, file: Path) -> None:
    where = f"[tool.gradviz] in {file}"
    if not isinstance(table, dict):
        raise ExpectationError(f"{where} is not a table")
    for key, value in table.items():
        if key not in KEYS:
            close = difflib.get_close_matches(key, KEYS, n=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise ExpectationError(f"unknown key in {where}: {key!r} (choose from {', '.join(KEYS)}{meant})")
        if key in ("step", "loss") and not isinstance(value, str):
            raise ExpectationError(f"{key} in {where} is {value!r}, not a text")
        if key == "rest" and value not in RESTS:
            raise ExpectationError(f"rest in {where} is {value!r} (choose from {', '.join(RESTS)})")
        if key in WORDS and not (isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))):
            raise ExpectationError(f"{key} in {where} is {value!r}, neither a pattern such as 'head.*' nor a list of them")


def of_loss(report: Report, loss: str | None) -> Report:
    """Return the part of ``report`` that is about one of several losses; the whole where ``loss`` is None.

    Raises:
        ExpectationError: There is no such loss.
    """
    if loss is None:
        return report
    if loss not in (known := report.losses or {report.loss: report}):
        raise ExpectationError(f"unknown loss: {loss!r} (there is {', '.join(known)})")
    return replace(known[loss], losses={})
