"""What ``gradviz check`` is asked to hold.

The step, and what is expected of it, from ``[tool.gradviz]`` in pyproject.toml. No torch.

    [tool.gradviz]
    step = "train:step"
    reached = "head.*"
    frozen = ["backbone.*"]
    rest = "any"

    [tool.gradviz.losses.auxiliary]
    reached = "probe.*"

    [tool.gradviz.thresholds]
    vanishing = 1e-10

A step is a function that returns ``(loss, model)``, a script, or a saved report. Words take a
pattern or a list of them. Where losses are named, each is held on its own, and to what is said
above too. Thresholds are those of the alarms of ``gradviz run``, by their names in
:class:`~gradviz.facts.training.Thresholds`.
"""

import difflib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from gradviz.errors import ExpectationError
from gradviz.expecting.expectations import RESTS, WORDS, Expectations, expect
from gradviz.facts.training import Thresholds

SAID = (*WORDS, "rest")
TEXTS = ("step", "backward", "loss")
THRESHOLDS = tuple(field.name for field in fields(Thresholds))
KEYS = (*TEXTS, *SAID, "losses", "thresholds")


def read_settings(folder: Path) -> Mapping[str, Any]:
    """Return the table ``[tool.gradviz]`` of the nearest pyproject.toml that has one, in ``folder``
    or above; empty where none has.

    Raises:
        ExpectationError: The file is not TOML, or the table has a key that is not known or a value
            of the wrong kind.
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


def held(
    settings: Mapping[str, Any], options: Mapping[str, Any], loss: str | None
) -> list[tuple[str | None, Expectations]]:
    """Return which losses are to be held to what; None means all of them together.

    Args:
        settings: The table.
        options: What the command line says; it takes the place of what the table says for that
            word.
        loss: The one that is asked for.

    Raises:
        ExpectationError: An expectation is none.
    """
    in_table, as_options = (
        {key: value for key, value in source.items() if key in SAID}
        for source in (settings, options)
    )
    tables = settings.get("losses", {})
    if loss is not None:
        tables = {loss: tables.get(loss, {})}
    return [
        (name, expect(**{**in_table, **table, **as_options}))
        for name, table in (tables or {None: {}}).items()
    ]


def thresholds(settings: Mapping[str, Any]) -> Thresholds:
    """Return the thresholds of a table; those that it does not give are the usual ones."""
    return Thresholds(
        **{name: float(number) for name, number in settings.get("thresholds", {}).items()}
    )


def _check(table: Any, file: Path) -> None:
    where = f"[tool.gradviz] in {file}"
    if not isinstance(table, dict):
        raise ExpectationError(f"{where} is not a table")
    _check_keys(table, KEYS, where)
    losses = table.get("losses", {})
    if not isinstance(losses, dict) or not all(isinstance(part, dict) for part in losses.values()):
        raise ExpectationError(
            f"losses in {where} is {losses!r}, not a table for each loss, such as"
            " [tool.gradviz.losses.NAME]"
        )
    for name, part in losses.items():
        _check_keys(part, SAID, f"[tool.gradviz.losses.{name}] in {file}")
    _check_thresholds(table.get("thresholds", {}), file)


def _check_thresholds(table: Any, file: Path) -> None:
    if not isinstance(table, dict):
        raise ExpectationError(
            f"thresholds in [tool.gradviz] in {file} is {table!r}, not a table, such as"
            " [tool.gradviz.thresholds]"
        )
    where = f"[tool.gradviz.thresholds] in {file}"
    _check_keys(table, THRESHOLDS, where)
    for name, number in table.items():
        is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
        if not is_number or not math.isfinite(number) or number <= 0:
            raise ExpectationError(f"{name} in {where} is {number!r}, not a number above 0")
        if name == "vanishing" and number >= 1:
            raise ExpectationError(
                f"{name} in {where} is {number!r}, not a share below 1 of the largest gradient"
            )


def _check_keys(table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key, value in table.items():
        if key not in keys:
            close = difflib.get_close_matches(key, keys, n=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise ExpectationError(
                f"unknown key in {where}: {key!r} (choose from {', '.join(keys)}{meant})"
            )
        if key in TEXTS and not isinstance(value, str):
            raise ExpectationError(f"{key} in {where} is {value!r}, not a text")
        if key == "rest" and value not in RESTS:
            raise ExpectationError(f"rest in {where} is {value!r} (choose from {', '.join(RESTS)})")
        if key in WORDS and not (
            isinstance(value, str)
            or (isinstance(value, list) and all(isinstance(item, str) for item in value))
        ):
            raise ExpectationError(
                f"{key} in {where} is {value!r}, neither a pattern such as 'head.*' nor a list of"
                " them"
            )
