"""One column for all calls of a round."""

from gradviz.series.data import Line, Series
from gradviz.series.rounds import by_rounds

# A generator's loss and a discriminator's take turns; the first leaves gradient in both
GENERATOR = Line(
    name="g",
    norms=(1.0, None, 2.0, None),
    ratios=(0.1, None, 0.2, None),
    zeros=(0.5, None, 0.25, None),
)
DISCRIMINATOR = Line(name="d", norms=(9.0, 3.0, 8.0, 4.0), ratios=(None, 0.3, None, 0.4))
TURNS = Series(
    calls=(10, 11, 20, 21),
    watched=4,
    losses=(0.7, 0.8, 0.5, 0.6),
    rounds=(0, 0, 1, 1),
    parameters=(GENERATOR, DISCRIMINATOR),
)


def test_each_parameter_has_what_the_call_brought_that_its_step_followed() -> None:
    series = by_rounds(TURNS)
    assert (series.calls, series.losses, series.rounds) == ((10, 20), (0.7, 0.5), ())
    generator, discriminator = series.parameters
    assert (generator.norms, generator.ratios, generator.zeros) == ((1, 2), (0.1, 0.2), (0.5, 0.25))
    assert (discriminator.norms, discriminator.ratios) == ((3, 4), (0.3, 0.4))


def test_where_no_step_followed_the_last_gradient_of_the_round_is_shown() -> None:
    line = Line(name="w", norms=(1.0, 2.0, None, None))
    (line,) = by_rounds(
        Series(calls=(1, 2, 3, 4), losses=(None,) * 4, rounds=(0, 0, 1, 1), parameters=(line,))
    ).parameters
    assert line.norms == (2.0, None)


def test_a_round_that_is_under_way_is_left_out() -> None:
    line = Line(name="w", norms=(1.0, 2.0, 3.0))
    series = Series(calls=(1, 2, 3), losses=(None,) * 3, rounds=(0, 0, 1), parameters=(line,))
    assert by_rounds(series).calls == (1,)


def test_calls_that_stand_alone_stay_as_they_are() -> None:
    line = Line(name="w", norms=(1.0, 2.0))
    series = Series(calls=(5, 10), losses=(None, None), parameters=(line,))
    assert by_rounds(series) is series


def test_a_step_after_two_calls_belongs_to_what_it_moved() -> None:
    actor = Line(name="actor", norms=(1.0, None), ratios=(None, 0.1), weights=(None, 5.0))
    critic = Line(name="critic", norms=(None, 2.0), ratios=(None, 0.2), weights=(None, 6.0))
    series = Series(calls=(1, 2), losses=(None,) * 2, rounds=(0, 0), parameters=(actor, critic))
    shown = by_rounds(series).parameters
    assert [(line.norms, line.ratios, line.weights) for line in shown] == [
        ((1.0,), (0.1,), (5.0,)),
        ((2.0,), (0.2,), (6.0,)),
    ]
