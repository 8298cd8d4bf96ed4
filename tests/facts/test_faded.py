"""A learning rate that fades is plain data."""

from dataclasses import fields

from gradviz.facts.faded import Faded


def test_a_faded_rate_is_frozen_and_says_what_each_field_holds():
    assert Faded.__dataclass_params__.frozen
    assert [item.name for item in fields(Faded) if item.name not in Faded.__doc__] == []
    assert Faded(since=3, largest=0.1, rate=1e-9).made is None
