"""What takes gradient away between its arrival and the step."""

from dataclasses import replace

from gradviz.facts.evidence import Evidence, Look, Touch
from gradviz.graph import Parameter, Place, Verdict
from gradviz.training.touched import shrunk_by, taken_beside_decay, taken_by

PLACE = Place("train.py", 9, "clip_grad_norm_(net.parameters(), 0)")
SCALED = Touch(operation="mul_", scales=True, alone=True, place=PLACE)


def arrived(norm=0.5, *, left=0.0, touch=SCALED, **fields):
    verdict = Parameter(name="w", verdict=Verdict.REACHED, gradient_norm=norm)
    looks = (Look(optimizer="o", gradient=left, touch=touch, moved=4, compared=4),)
    return Evidence(name="w", verdicts=(verdict,), looks=looks, **fields)


def test_what_scales_a_gradient_to_nothing_clips_it_and_what_replaces_it_clears_it():
    clipped, cleared = arrived(), arrived(left=None)
    assert taken_by(clipped, clipped.looks) == ("clipped", PLACE)
    assert taken_by(cleared, cleared.looks) == ("cleared", PLACE)
    by_hand = arrived(left=None, touch=None, returned_at=PLACE)
    assert taken_by(by_hand, by_hand.looks) == ("cleared", PLACE)


def test_what_nothing_took_away_is_not_told():
    unseen = arrived(touch=None)
    assert taken_by(unseen, unseen.looks) is None
    assert taken_beside_decay(unseen) is None


def test_beside_weight_decay_it_is_told_where_gradient_arrived_and_none_was_left():
    assert taken_beside_decay(arrived()) == ("clipped", PLACE)
    assert taken_beside_decay(arrived(norm=0.0)) is None
    assert taken_beside_decay(arrived(left=0.1)) is None


def test_a_bound_that_leaves_next_to_nothing_clips_and_a_scaler_does_not():
    nearly = arrived(left=1e-9)
    assert shrunk_by(nearly, nearly.looks) == ("clipped", PLACE)
    enough = arrived(left=0.01)
    assert shrunk_by(enough, enough.looks) is None
    unscaled = arrived(left=1e-9, touch=replace(SCALED, place=Place("t.py", 3, "scaler.step(o)")))
    assert shrunk_by(unscaled, unscaled.looks) is None
