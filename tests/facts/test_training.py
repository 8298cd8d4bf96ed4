"""The words of "does it train?"."""

from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from gradviz.facts import training as training
from gradviz.facts.training import BESIDES, MOVERS, THRESHOLDS, WHYS, Fate, line_fields
from gradviz.graph import Place

PAGES = Path(__file__).parents[2] / "docs"
FACTS = [item for item in vars(training).values() if isinstance(item, type)]
FACTS = [item for item in FACTS if item.__module__ == training.__name__ and is_dataclass(item)]


def test_a_reason_is_a_word_of_its_own_and_stands_in_the_docs():
    assert len({*WHYS, *BESIDES}) == len(WHYS) + len(BESIDES)
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES.rglob("*.md"))
    assert [word for word in (*WHYS, *BESIDES) if f"`{word}`" not in pages] == []


def test_of_what_was_not_watched_nothing_is_claimed():
    fate = Fate(name="w")
    assert (fate.trains, fate.why, fate.mover, fate.moved) == (None, None, None, None)
    assert fate.mover not in MOVERS


def test_thresholds_leave_room_between_what_vanishes_and_what_explodes():
    assert 0 < THRESHOLDS.vanishing < 1 < THRESHOLDS.overshoot <= THRESHOLDS.exploding


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_frozen_and_says_what_each_field_holds(fact):
    assert fact.__dataclass_params__.frozen
    assert [item.name for item in fields(fact) if item.name not in fact.__doc__] == []


def test_of_no_line_every_field_is_none():
    assert line_fields(None) == dict.fromkeys(line_fields(Place("a.py", 1, "b")))
