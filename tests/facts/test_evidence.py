"""What is seen of parameters and optimizers, before it is judged."""

from dataclasses import fields

import pytest

from gradviz.facts import evidence
from gradviz.facts.evidence import Evidence, Look
from gradviz.graph import Place

FACTS = [item for item in vars(evidence).values() if isinstance(item, type)]
FACTS = [item for item in FACTS if item.__module__ == evidence.__name__]
LINE = Place("train.py", 7)


@pytest.mark.parametrize("fact", FACTS)
def test_what_is_seen_is_frozen_and_says_what_each_field_holds(fact):
    assert fact.__dataclass_params__.frozen
    assert [item.name for item in fields(fact) if item.name not in fact.__doc__] == []


def test_of_what_nobody_saw_nothing_is_claimed():
    unseen = Evidence(name="w")
    assert (unseen.drift, unseen.is_late, unseen.is_unfed, unseen.is_undone) == (
        None,
        False,
        False,
        False,
    )


def test_what_moves_late_has_a_line_where_somebody_saw_it():
    assert Evidence(name="w", late=True).is_late
    assert not Evidence(name="w", late=True, written_at=LINE).is_late


def test_the_last_write_in_a_step_tells_whether_it_is_undone():
    kept = Look(optimizer="opt", wrote=LINE)
    undone = Look(optimizer="opt", wrote=LINE, undone=True)
    assert Evidence(name="w", looks=(kept, undone)).is_undone
    assert not Evidence(name="w", looks=(undone, kept)).is_undone
