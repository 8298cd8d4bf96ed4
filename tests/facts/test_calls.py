"""Which call a report is about, and which step a note, are fields beside the words."""

import copy
import pickle

from gradviz.facts.calls import CallKind, CallName, StepNote


def test_a_call_is_written_with_its_kind_its_number_and_its_loss():
    name = CallName(CallKind.GRAD, 3, "a, b")
    assert (str(name), name.short) == ("torch.autograd.grad 3, a, b", "torch.autograd.grad 3")


def test_a_note_on_a_step_is_its_text_and_keeps_its_fields_in_a_copy():
    note = StepNote("opt steps", alarm=True, calls=(1, 2))
    assert note == "opt steps"
    for other in (copy.deepcopy(note), pickle.loads(pickle.dumps(note))):
        assert (other, other.alarm, other.calls) == ("opt steps", True, (1, 2))
