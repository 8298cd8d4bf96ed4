"""The parameters of a report, by name and at a prompt."""

import pytest

from gradviz.facts.parameters import Parameters
from gradviz.graph import Parameter, Verdict


def parameters(count: int, *, partial: bool = False) -> Parameters:
    return Parameters(
        tuple(
            Parameter(
                name=f"w{number}",
                names=(f"w{number}",),
                shape=(2, 3),
                verdict=Verdict.REACHED,
                partial=partial,
            )
            for number in range(count)
        )
    )


def test_of_more_than_ten_parameters_a_prompt_shows_eight() -> None:
    lines = repr(parameters(500)).splitlines()
    assert len(lines) == 10
    assert lines[0] == "500 parameters:"
    assert lines[1] == "  'w0': reached (2, 3)"
    assert lines[-1] == "  and 492 more"
    assert len(repr(parameters(10)).splitlines()) == 11
    assert len(repr(parameters(11)).splitlines()) == 10


def test_few_parameters_are_all_shown_with_what_is_partial() -> None:
    assert repr(parameters(1, partial=True)) == "1 parameter:\n  'w0': reached, partial (2, 3)"


def test_a_tied_parameter_answers_to_each_of_its_names_and_is_counted_once() -> None:
    tied = Parameter(name="a", names=("a", "b"))
    assert list(Parameters((tied,))) == ["a"]
    assert Parameters((tied,))["b"] is tied
    assert len(Parameters((tied,))) == 1


def test_a_name_that_is_not_there_is_answered_with_the_nearest_that_is() -> None:
    with pytest.raises(KeyError, match="w10: no such parameter; did you mean w1"):
        parameters(5)["w10"]
    with pytest.raises(KeyError, match=r"^'nothing like it: no such parameter'$"):
        parameters(5)["nothing like it"]


def test_parameters_are_equal_by_what_they_hold() -> None:
    assert parameters(2) == parameters(2)
    assert parameters(2) != parameters(3)
    assert parameters(2) != dict(parameters(2))
