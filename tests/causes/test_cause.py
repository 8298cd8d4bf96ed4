"""A cause and what it is shown are plain data that nobody changes."""

from dataclasses import FrozenInstanceError

import pytest

from gradviz.causes import CAUSES, Cause, LeavesAs, Severed
from gradviz.graph import CutKind


def test_a_cause_is_read_only_and_says_little_unless_told():
    cause = Cause(kind=CutKind.DETACH)
    with pytest.raises(FrozenInstanceError):
        cause.kind = CutKind.DATA
    assert (cause.explanation, cause.leaves_as, cause.recognises) == (None, LeavesAs.RESULT, None)
    assert not cause.within_torch


def test_what_a_package_is_shown_is_read_only():
    severed = Severed(call="detach", kind=CutKind.DETACH, file="a.py", function="f")
    with pytest.raises(FrozenInstanceError):
        severed.call = "data"


def test_what_comes_back_unseen_is_memory():
    assert {cause.leaves_as for cause in CAUSES if cause.back} == {LeavesAs.MEMORY}


def test_every_cause_can_be_recognised():
    for cause in CAUSES:
        whole_kind = cause.explanation is not None and not cause.operations
        assert whole_kind or cause.calls or cause.operations, cause
