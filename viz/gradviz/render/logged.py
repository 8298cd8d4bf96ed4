"""A report where people look already.

TensorBoard, Weights & Biases, the loggers of Lightning, the Trainer of transformers.

Each is known by its methods, so that none of them has to be installed.
"""

from collections.abc import Mapping
from contextlib import suppress
from html import escape
from io import BytesIO
from typing import Any

from gradviz.errors import EngineError, OutputError
from gradviz.facts.findings import Findings
from gradviz.folding.boxes import View
from gradviz.layout import lay_out
from gradviz.render.sentences import count_reached, note_text
from gradviz.render.series_of import series_of
from gradviz.render.series_svg import render_series_svg
from gradviz.render.series_text import render_series
from gradviz.render.svg import drawing, render_svg
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
    scalars = scalars_of(series)
    if hasattr(target, "add_scalar"):
        for name, value in scalars.items():
            target.add_scalar(name, value, step)
        _show(report, series, target, step)
    elif hasattr(target, "callback_handler") and hasattr(target, "log"):
        target.log(dict(scalars))
        at = target.state.global_step if step is None else step
        for writer in _writers_of(target):
            _show(report, series, writer, at)
    elif hasattr(target, "log_metrics"):
        target.log_metrics(scalars, step=step)
        _show(report, series, getattr(target, "experiment", None), step)
    elif _is_run(target):
        target.log({**scalars, **_rich(report, series)}, step=step)
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


def _show(report: Findings, series: Series | None, target: Any, step: int | None) -> None:
    """Write what is no number: to a writer of TensorBoard or a run of W&B, and to nothing else.

    The run is the one of a logger or a Trainer, which count its steps another way than those of
    the training: W&B would drop what has an earlier step than what it got last.
    """
    if hasattr(target, "add_text"):
        target.add_text("gradviz", _preformatted(text_of(report, series)), step)
        if hasattr(target, "add_image") and (pixels := _pixels(report)) is not None:
            target.add_image("gradviz/graph", pixels, step, dataformats="HWC")
    elif _is_run(target):
        target.log(_rich(report, series))


def _writers_of(trainer: Any) -> list[Any]:
    """Return what the callbacks of a Trainer of transformers write to, once training has begun."""
    runs = [
        getattr(getattr(callback, "_wandb", None), "run", None) or getattr(callback, "tb_writer", 0)
        for callback in trainer.callback_handler.callbacks
    ]
    return [run for run in runs if run]


def _pixels(report: Findings) -> Any:
    """Return the picture of the graph as rows of pixels.

    None where ``dot``, which draws it, or Pillow, which TensorBoard needs for images, is missing.
    """
    with suppress(ImportError, EngineError):
        import numpy
        from PIL import Image

        source = str(drawing(report, View(scheme="light")).source)
        with Image.open(BytesIO(lay_out(source, engine="auto", format="png"))) as picture:
            return numpy.asarray(picture.convert("RGB"))
    return None


def _preformatted(text: str) -> str:
    """Return Markdown that leaves every line as it is."""
    return "".join(f"    {line}\n" for line in text.splitlines())


def _is_run(target: Any) -> bool:
    return type(target).__module__.partition(".")[0] == "wandb" and hasattr(target, "log")


def _rich(report: Findings, series: Series | None) -> dict[str, Any]:
    """Return the pictures and the text as W&B shows them; nothing where it is not installed."""
    with suppress(ImportError):
        from wandb import Html  # type: ignore[import-not-found,unused-ignore]

        text = escape(text_of(report, series))
        entries = {"gradviz/report": Html(f"<pre>{text}</pre>", inject=False)}
        with suppress(EngineError):
            entries["gradviz/graph"] = Html(render_svg(report), inject=False)
        if series is not None:
            entries["gradviz/gradient"] = Html(render_series_svg(series), inject=False)
        return entries
    return {}
