"""What earlier versions wrote in words alone is read into fields."""

import json

import pytest

from gradviz.facts.calls import CallKind, CallName, StepNote
from gradviz.facts.findings import Findings
from gradviz.render.json import read_findings, render_json
from gradviz.render.old_json import call_in, note_in


@pytest.mark.parametrize(
    ("loss", "call"),
    [
        ("backward 12, errG", CallName(CallKind.BACKWARD, 12, "errG")),
        ("torch.autograd.grad 1, a, b", CallName(CallKind.GRAD, 1, "a, b")),
        ("backward 2, two\nlines", CallName(CallKind.BACKWARD, 2, "two\nlines")),
        ("errG", None),
        ("backward, errG", None),
    ],
)
def test_a_call_is_found_in_the_name_of_a_loss(loss, call):
    assert call_in(loss) == call


def test_the_calls_of_an_alarm_are_found_in_its_words():
    text = "ALARM: opt steps 2 parameters that no gradient reached, after backward 2, 3 and 11"
    note = note_in(text)
    assert isinstance(note, StepNote)
    assert (note, note.alarm, note.calls) == (text, True, (2, 3, 11))
    assert not isinstance(note_in("opt steps after backward 2"), StepNote)


def test_a_file_without_the_fields_gives_the_same_as_one_with_them():
    alarm = "ALARM: opt steps w that no gradient reached, after backward 1"
    findings = Findings(
        loss="backward 1, loss",
        call=CallName(CallKind.BACKWARD, 1, "loss"),
        notes=(StepNote(alarm, alarm=True, calls=(1,)), "odd"),
    )
    document = json.loads(render_json(findings))
    (entry,) = document["backwards"]
    del entry["call"], entry["step_notes"]
    old = read_findings(json.dumps(document))
    assert old == read_findings(render_json(findings)) == findings
    assert old.alarms == findings.alarms
    assert old.alarms[0].calls == (1,)
