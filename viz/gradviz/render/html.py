"""One page of HTML that holds a report of any size.

The graph to open and close, to search and to walk through.

The page is a single file with nothing outside it and a content security policy that allows its own
script and style by their hashes alone. The report goes into it as JSON, in which no character that
HTML knows is left, so a name is never more than text.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from gradviz.causes.raised import has_failed
from gradviz.facts.blocks import by_block
from gradviz.facts.calls import CallKind, StepNote
from gradviz.facts.findings import Findings
from gradviz.facts.several import is_of_calls
from gradviz.facts.training import Alarm
from gradviz.graph import Parameter, Verdict
from gradviz.render.legend import LINES, PARTIAL
from gradviz.render.marks import GLYPHS
from gradviz.render.page_data import loss_data
from gradviz.render.page_patches import PagePatch, patches_data
from gradviz.render.page_series import series_data
from gradviz.render.page_training import training_data
from gradviz.render.sentences import headline, note_text, printable, wording
from gradviz.render.series_svg import DARK, LIGHT
from gradviz.render.style import FONTS, GHOST, INK, LOOKS, LOSS, OP, STROKES, NodeLook, Stroke
from gradviz.system.collector import holding
from gradviz.version import __version__

if TYPE_CHECKING:
    from jinja2 import Template

# What the page says of steps and operations; docs/reference/words.md has these words too.
_WORDS = {
    "cut off": "what lies behind a cut: gradient would have gone on there",
    "loss": "the tensor that backward() starts from",
    "trains": "its value changed in a step that was watched, and was finite before and after",
    "alarm": "something was meant to train and does not, or the next step spoils it",
}

# The parts of the script in the order of reading; each uses what stands in those before it, and all
# share ``state``.
SCRIPT = (
    "model", "layout", "columns", "routes", "canvas", "boxes", "view", "export", "opening", "heat",
    "elements", "without", "panel", "lists", "room", "paper", "main",
)  # fmt: skip

# Variables of the dark scheme: the reader's own, or chosen on the page
_DARK = re.compile(r"^@dark\{(.*)\}$", re.MULTILINE)
_COMMENTS = ("//", "/**", "* ", "*/")


@holding
def render_html(report: Findings, *, command: str = "", patches: Sequence[PagePatch] = ()) -> str:
    """Return the page. The same report gives the same bytes.

    Args:
        report: What it shows.
        command: What made it, for a corner of the page; empty where that is not known.
        patches: Changes of the user's code whose effect was measured.
    """
    report = by_block(report)
    losses = [*report.losses.values()] if is_of_calls(report) else [report, *report.losses.values()]
    notes = (
        [note for note in report.notes if note not in losses[-1].notes]
        if losses[0] is not report
        else []
    )
    data = {
        "version": __version__,
        "verdicts": [
            {"word": str(verdict), "name": name, "meaning": meaning, "mark": LOOKS[verdict].mark}
            for verdict, (name, meaning) in wording([report, *losses]).items()
        ],
        "looks": {name: _look(look) for name, look in _looks().items()},
        "strokes": [_stroke(name, stroke) for name, stroke in STROKES.items()],
        "glyphs": {mark: path for mark, (_, path) in GLYPHS.items()},
        "ghost": GHOST,
        "partial": PARTIAL,
        "words": list(_WORDS.items()),
        "notes": [{"text": note_text(note), "alarm": note in report.alarms} for note in notes],
        "torch": report.torch or "",
        "command": printable(command),
        "patches": patches_data(patches),
        "first": _first(losses, report),
        "losses": [loss_data(loss, patches, report.training) for loss in losses],
        "series": series_data(report),
    }
    style, script = _style(), _script()
    trained = training_data(report.training, losses)
    return _template("page.html").render(
        title=headline(report),
        training="" if trained is None else _template("training.html").render(training=trained),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=_json(data),
    )


def _first(losses: Sequence[Findings], report: Findings) -> int:
    """Return which loss a reader is to see first: the first that something is alarming about, or
    whose backward raised.
    """
    for note in report.alarms:
        called = [number for number, loss in enumerate(losses) if _is_called(loss, note)]
        starved = [number for number in called if _starves(losses[number])]
        if called:
            return (starved or called)[-1]
    for number, loss in enumerate(losses):
        if loss.call and has_failed(loss.cuts, loss.notes):
            return number
    alarms = report.training.alarms if report.training else ()
    alarmed = [
        number
        for alarm in alarms
        for shows in (_severs_at_its_line, _has_its_verdict, _is_reached)
        for number, loss in enumerate(losses)
        if any(
            name in loss.parameters and shows(loss.parameters[name], alarm)
            for name in alarm.parameters
        )
    ]
    return alarmed[0] if alarmed else 0


def _is_called(loss: Findings, note: StepNote) -> bool:
    call = loss.call
    return call is not None and call.kind is CallKind.BACKWARD and call.number in note.calls


def _starves(loss: Findings) -> bool:
    return any(parameter.verdict is Verdict.CUT for parameter in loss.parameters.values())


def _severs_at_its_line(parameter: Parameter, alarm: Alarm) -> bool:
    places = [place for cut in parameter.cuts for place in (cut, cut.block) if place is not None]
    is_there = any((place.file, place.line) == (alarm.file, alarm.line) for place in places)
    return parameter.verdict is Verdict.CUT and is_there


def _has_its_verdict(parameter: Parameter, alarm: Alarm) -> bool:
    return parameter.verdict == alarm.why


def _is_reached(parameter: Parameter, alarm: Alarm) -> bool:
    return parameter.verdict is Verdict.REACHED


def _looks() -> Mapping[str, NodeLook]:
    return {**{str(verdict): LOOKS[verdict] for verdict in Verdict}, "op": OP, "loss": LOSS}


def _look(look: NodeLook) -> dict[str, Any]:
    shape = {"octagon": look.shape == "octagon", "dashes": _dashes(look), "width": look.width}
    return {**shape, "borders": look.borders, "mark": look.mark}


def _stroke(name: str, stroke: Stroke) -> dict[str, Any]:
    return {"name": name, "meaning": LINES[name], "dashes": _dashes(stroke), "width": stroke.width}


def _dashes(line: NodeLook | Stroke) -> list[float]:
    return [float(length) for length in line.dashes.split()] if line.dashes else []


@cache
def _script() -> str:
    """Return the parts of the script in one function of its own.

    The policy allows one script, by its hash.

    Indents and lines of comment are left out, which are a sixth of it.
    """
    lines = (line.strip() for name in SCRIPT for line in _resource(f"app/{name}.js").splitlines())
    code = [line for line in lines if line and not line.startswith(_COMMENTS)]
    return "\n".join(['"use strict";', "(() => {", *code, "})();\n"])


def _style() -> str:
    """Return the style sheet, with the colours of both schemes as variables."""

    def variables(scheme: int) -> str:
        paints = {name: look.dark if scheme else look.light for name, look in _looks().items()}
        colours = {"ground": INK[scheme].fill, "ink": INK[scheme].stroke}
        colours |= {
            f"{name}-{part}": getattr(paint, part)
            for name, paint in paints.items()
            for part in ("fill", "stroke")
        }
        colours |= {
            f"line-{name}": stroke.dark if scheme else stroke.light
            for name, stroke in STROKES.items()
        }
        colours |= {f"s{step}": colour for step, colour in enumerate((LIGHT, DARK)[scheme])}
        return "".join(f"--{name}:{colour};" for name, colour in colours.items())

    parts = _resource("style.css") + _resource("training.css")
    sheet = f":root{{--mono:{FONTS};{variables(0)}}}\n@dark{{{variables(1)}}}\n{parts}"
    return _DARK.sub(
        r"@media (prefers-color-scheme:dark){:root:not([data-scheme=light]){\1}}"
        r"\n:root[data-scheme=dark]{\1}",
        sheet,
    )


@cache
def _resource(name: str) -> str:
    return files("gradviz.render").joinpath("page", name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=name != "page.html",
    )
    return environment.from_string(_resource(name))


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _json(data: Any) -> str:
    """Return JSON for a script element.

    ASCII, and nothing that HTML could take for a tag, a comment or an entity.
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
