"""A seam calls what is there, then takes note; it is put in and taken out in one call of C."""

from types import SimpleNamespace

import pytest
import torch
from tapes import recorder

from gradviz.recording.seams.seam import Seam, instead, seam, tensors_of
from gradviz.recording.seams.watcher import of_thread


class Base:
    def inherited(self, x):
        return x + 1


class Owner(Base):
    def own(self, x):
        return x * 2


def notes(*args):
    pass


@pytest.fixture
def watcher():
    """Somebody who watches this thread."""
    of_thread.watcher = SimpleNamespace(mode=recorder())
    yield of_thread.watcher
    of_thread.watcher = None


def test_what_was_there_is_there_again():
    original = Owner.own
    made = seam(Owner, "own", notes)
    made.put_in()
    assert Owner.own is not original
    made.take_out()
    assert Owner.own is original


def test_what_was_inherited_is_inherited_again():
    made = seam(Owner, "inherited", notes)
    made.put_in()
    assert "inherited" in vars(Owner)
    made.take_out()
    assert "inherited" not in vars(Owner)


def test_what_somebody_has_put_there_since_stays():
    made = seam(Owner, "own", notes)
    original = Owner.own
    made.put_in()

    def theirs(self, x):
        return x

    Owner.own = theirs
    try:
        made.take_out()
        assert Owner.own is theirs
    finally:
        Owner.own = original


def test_a_note_gets_the_arguments_and_the_result(watcher):
    taken = []
    made = seam(Owner, "own", lambda call: taken.append((call.args[1:], call.out)))
    made.put_in()
    try:
        assert Owner().own(3) == 6
    finally:
        made.take_out()
    assert taken == [((3,), 6)]


def test_without_a_watcher_nothing_is_noted():
    taken = []
    made = seam(Owner, "own", lambda *args: taken.append(1))
    made.put_in()
    try:
        assert Owner().own(3) == 6
    finally:
        made.take_out()
    assert taken == []


def test_a_note_that_fails_ends_the_watching_and_not_the_call(watcher):
    def fails(*args):
        raise ValueError("no")

    made = seam(Owner, "own", fails)
    made.put_in()
    try:
        assert Owner().own(3) == 6
    finally:
        made.take_out()
    assert watcher.mode.failure == "ValueError: no"


def test_what_looks_before_hands_on_what_it_saw(watcher):
    taken = []
    made = seam(
        Owner,
        "own",
        lambda call: taken.append((call.looked, call.out)),
        before=lambda call: call.argument(1, "x") + 1,
    )
    made.put_in()
    try:
        assert Owner().own(3) == 6
        assert Owner().own(x=4) == 8
    finally:
        made.take_out()
    assert taken == [(4, 6), (5, 8)]


def test_a_look_before_that_fails_ends_the_watching_and_not_the_call(watcher):
    taken = []
    made = seam(Owner, "own", taken.append, before=lambda call: call.args[5])
    made.put_in()
    try:
        assert Owner().own(3) == 6
    finally:
        made.take_out()
    assert taken == []
    assert watcher.mode.failure.startswith("IndexError")


def test_instead_of_what_is_there_stands_what_a_function_makes_of_it():
    made = instead(Owner, "own", lambda original: lambda self, x: original(self, x) + 1)
    assert isinstance(made, Seam)
    made.put_in()
    try:
        assert Owner().own(3) == 7
    finally:
        made.take_out()
    assert Owner().own(3) == 6


def test_a_tensor_or_a_list_of_some_is_a_tuple():
    tensor = torch.ones(1)
    assert tensors_of(tensor) == (tensor,)
    assert len(tensors_of([tensor, 3, tensor])) == 2
    assert tensors_of(None) == ()
