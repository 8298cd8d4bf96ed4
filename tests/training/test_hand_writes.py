"""What lines write into parameters by hand, and what stays of it."""

import torch

from gradviz.recording.reading.where import Spot
from gradviz.training.hand_writes import HandWrites

CODE = (lambda: None).__code__
NOISE, RESTORE, BOUND = (Spot(CODE, place, None, -1, -1) for place in (0, 2, 4))


def played(rounds, weight):
    """Write into a parameter line by line, round by round."""
    writes = HandWrites()
    for lines in rounds:
        writes.begin_round()
        for spot, operation, value in lines:
            weight.data.fill_(value)
            writes.wrote(id(weight), spot, operation, weight)
    return writes


def test_what_is_put_back_in_every_round_stays_as_it_was():
    weight = torch.zeros(3)
    rounds = [[(RESTORE, "copy_", 1.0), (NOISE, "add_", noise)] for noise in (1.5, 0.5, 1.2)]
    writes = played([*rounds, [(RESTORE, "copy_", 1.0)]], weight)
    assert writes.is_put_back(weight)
    weight.fill_(7.0)  # something else has moved it since
    assert not writes.is_put_back(weight)


def test_what_is_put_back_somewhere_else_each_time_moves():
    weight = torch.zeros(3)
    rounds = [[(RESTORE, "copy_", value), (NOISE, "add_", value + 1)] for value in (1.0, 2.0, 3.0)]
    assert not played([*rounds, [(RESTORE, "copy_", 3.0)]], weight).is_put_back(weight)


def test_a_line_that_writes_the_same_again_puts_nothing_back():
    weight = torch.zeros(3)
    assert not played([[(RESTORE, "copy_", 1.0)]] * 3, weight).is_put_back(weight)


def test_the_line_is_the_last_that_changes_something_and_does_more_than_bound_it():
    weight = torch.zeros(3)
    lines = [(NOISE, "sub_", 1.0), (BOUND, "clamp_", 0.9), (RESTORE, "copy_", 0.9)]
    assert played([lines], weight).line_of(id(weight)) == NOISE
    assert played([lines[1:2]], weight).line_of(id(weight)) == BOUND
    assert HandWrites().line_of(id(weight)) is None


def test_of_a_part_that_is_written_into_nothing_is_claimed():
    weight, writes = torch.zeros(3), HandWrites()
    for _ in range(3):
        writes.begin_round()
        writes.wrote(id(weight), RESTORE, "copy_", None)
    assert writes.line_of(id(weight)) == RESTORE
    assert not writes.is_put_back(weight)


def test_parameters_that_are_gone_are_forgotten():
    weight = torch.zeros(3)
    writes = played([[(RESTORE, "copy_", 1.0)]], weight)
    writes.keep(())
    assert writes.line_of(id(weight)) is None


def test_what_no_line_wrote_into_is_not_put_back():
    assert not HandWrites().is_put_back(torch.zeros(3))
