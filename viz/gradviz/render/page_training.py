"""The first thing on the page.

What does not train, why, the code around the line, and what usually mends it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from gradviz.causes import explain, has_raised
from gradviz.causes.raised import changed_at, has_failed
from gradviz.facts.findings import Findings
from gradviz.facts.training import Alarm, Training
from gradviz.graph import Cut, Place
from gradviz.render.sentences import note_text, path_and_line, printable
from gradviz.render.source import lines_near
from gradviz.render.training import is_told, lines, note_on_size, other_clauses, sentence

_NO_GRAD = "{} raised an error: its loss does not require grad"


def training_data(
    training: Training | None, losses: Sequence[Findings] = ()
) -> dict[str, Any] | None:
    """Return what the page says of training, as text for its template.

    None where nothing was watched.

    Args:
        training: What became of the parameters.
        losses: A backward of one may have raised an error, which is told with the alarms.
    """
    if training is None or not training.parameters:
        return None
    answer = sentence(training)
    others = [clause for clause in other_clauses(training) if clause.rstrip(".") not in answer]
    return {
        "sentence": answer,
        "alarms": [
            *(alarm for loss in losses for alarm in _raised(loss)),
            *(_alarm(alarm, training, answer) for alarm in training.alarms),
        ],
        "others": others,
        "note": note_on_size(training),
    }


def _alarm(alarm: Alarm, training: Training, answer: str) -> dict[str, Any]:
    """Return an alarm as text; its title is empty where the answer above has said it already."""
    (_, title), *_rest = lines(alarm, training)
    return {
        "title": "" if is_told(title, answer, training) else title,
        "place": "" if alarm.file is None else path_and_line(Place(alarm.file, alarm.line or 0)),
        "code": list(_code(alarm)),
        "means": alarm.means,
        "mend": alarm.mend,
    }


def _raised(loss: Findings) -> Iterator[dict[str, Any]]:
    """Yield as text where a backward raised an error, or what line spoilt it."""
    cuts = [cut for cut in loss.cuts if has_raised(cut)]
    if loss.call and not cuts and has_failed((), loss.notes):
        cuts = list(loss.cuts[:1])
    called = loss.call.short if loss.call else ""
    for cut in cuts:
        explanation = explain(cut)
        means, shown = explanation.meaning, cut
        for note in loss.notes:
            place = changed_at([note])
            if place is not None:
                means = note_text(note)
                shown = replace(cut, file=place.file, line=place.line, code=place.code)
        yield {
            "title": printable(cut.operation if has_raised(cut) else _NO_GRAD.format(called)),
            "place": path_and_line(shown) if shown.file else "",
            "code": list(_code(shown)),
            "means": means,
            "mend": explanation.mend,
        }


def _code(alarm: Alarm | Cut) -> Iterator[dict[str, Any]]:
    """Yield the line and those around it.

    The line alone where its file is not here, or is another by now.
    """
    if not alarm.file or alarm.line is None or not alarm.code:
        return
    first, near = lines_near(alarm.file, alarm.line, alarm.code)
    for number, text in enumerate(near, first) if near else [(alarm.line, printable(alarm.code))]:
        yield {"number": number, "text": text, "marked": number == alarm.line}
