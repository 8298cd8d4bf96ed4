"""A report where people look already.

TensorBoard, Weights & Biases, the loggers of Lightning, the Trainer of transformers.

Each is known by its methods, so that none of them has to be installed.
"""

from collections.abc import Mapping
from contextlib import suppress
from html import escape
from typing import Any

from gradviz.errors import OutputError
from gradviz.facts.findings import Findings
from gradviz.render.sentences import count_reached, note_text
from gradviz.render.series_of import series_of
from gradviz.render.series_svg import render_series_svg
from gradviz.render.series_text import render_series
from gradviz.series.blocks import blocks
from gradviz.series.data import Numbers, Series

_KINDS = {"gradient_norm": "norms", "update_ratio": "ratios", "zeros": "zeros"}


def log(report: Findings, target: Any, step: int | None) -> None:
    """Write a report's numbers by block, its picture and its alarms to a logger.

    Args:
        report: What to write.
        target: A ``SummaryWriter``, a run of W&B, a logger of Lightning, or a Trainer of
            transformers.
        step: Of the training; None where the target counts itself.

    Raises:
        OutputError: The target is none of these.
    """
    series = series_of(report)
    scalars, text = scalars_of(series), text_of(report, series)
    if hasattr(target, "add_scalar"):
        _to_tensorboard(target, scalars, text, step)
    elif hasattr(target, "callback_handler") and hasattr(target, "log"):
        target.log(dict(scalars))
    elif hasattr(target, "log_metrics"):
        target.log_metrics(scalars, step=step)
        inner: Any = getattr(target, "experiment", None)
        if hasattr(inner, "add_text"):
            inner.add_text("gradviz", _preformatted(text), step)
        elif _is_run(inner):
            inner.log(_rich(series, text), step=step)
    elif _is_run(target):
        target.log({**scalars, **_rich(series, text)}, step=step)
    else:
        raise OutputError(
            f"cannot log to a {type(target).__name__}: "
            "give a SummaryWriter, a run of W&B, a logger of Lightning or a Trainer of transformers"
        )


def scalars_of(series: Series | None) -> dict[str, float]:
    """Return the numbers of the last call by block: ``gradviz/gradient_norm/h.0``."""
    if series is None:
        return {}
    lines = blocks(series)
    numbers: Mapping[str, Numbers] = {
        f"gradviz/{kind}/{line.name}": getattr(line, column)
        for kind, column in _KINDS.items()
        for line in lines
    }
    return {name: last for name, some in numbers.items() if (last := some[-1]) is not None}


def text_of(report: Findings, series: Series | None) -> str:
    """Return what is said beside the numbers.

    The alarms, what reaches, and a sparkline of each block.
    """
    alarms = [] if report.training is None else report.training.alarms
    lines = [
        f"ALARM: {alarm.means} {alarm.mend} ({', '.join(alarm.parameters[:4])})" for alarm in alarms
    ]
    lines += [note_text(note) for note in report.alarms]
    return (
        "\n".join(
            [*lines, count_reached(report) + ".", "" if series is None else render_series(series)]
        ).rstrip()
        + "\n"
    )


def _to_tensorboard(writer: Any, scalars: Mapping[str, float], text: str, step: int | None) -> None:
    for name, value in scalars.items():
        writer.add_scalar(name, value, step)
    writer.add_text("gradviz", _preformatted(text), step)


def _preformatted(text: str) -> str:
    """Markdown that leaves every line as it is."""
    return "".join(f"    {line}\n" for line in text.splitlines())


def _is_run(target: Any) -> bool:
    return type(target).__module__.partition(".")[0] == "wandb" and hasattr(target, "log")


def _rich(series: Series | None, text: str) -> dict[str, Any]:
    """The picture and the text as W&B shows them; nothing where it is not installed."""
    with suppress(ImportError):
        from wandb import Html  # type: ignore[import-not-found,unused-ignore]

        entries = {"gradviz/report": Html(f"<pre>{escape(text)}</pre>", inject=False)}
        if series is not None:
            entries["gradviz/gradient"] = Html(render_series_svg(series), inject=False)
        return entries
    return {}
