"""The series of a run: what is kept of it, and how it stays small."""

import math

from gradviz.graph import Cut, CutKind, Parameter, Verdict, Zero
from gradviz.series.blocks import block_names, blocks
from gradviz.series.data import Line
from gradviz.series.fading import fading
from gradviz.series.recorder import SeriesRecorder, Update


def reached(name: str, norm: float) -> Parameter:
    return Parameter(name=name, numel=4, verdict=Verdict.REACHED, gradient_norm=norm)


def test_a_short_run_is_kept_whole() -> None:
    recorder = SeriesRecorder()
    for call in (10, 20, 30):
        recorder.take(call, {"w": reached("w", call / 7)}, {"w": 0.25}, loss=1 / call)
        recorder.stepped({"w": Update(ratio=0.001, weight=2.0)})
    series = recorder.series()
    assert series is not None
    assert series.calls == (10, 20, 30)
    assert series.losses == (0.1, 0.05, 0.0333333)
    line = series.parameters[0]
    assert line.norms == (1.42857, 2.85714, 4.28571)
    assert (line.ratios, line.weights, line.zeros) == ((0.001,) * 3, (2.0,) * 3, (0.25,) * 3)


def test_a_long_run_keeps_an_even_spread_with_the_first_call_and_the_last() -> None:
    recorder = SeriesRecorder()
    for call in range(1, 5001):
        recorder.take(call, {"w": reached("w", 1.0)}, {})
    series = recorder.series()
    assert series is not None
    assert 100 < len(series.calls) <= 256
    assert (series.calls[0], series.calls[-1], series.watched) == (1, 5000, 5000)
    gaps = {after - before for before, after in zip(series.calls, series.calls[1:], strict=False)}
    assert len(gaps) <= 2  # one for all, and the last


def test_of_losses_that_take_turns_a_long_run_keeps_both() -> None:
    recorder = SeriesRecorder()
    for call in range(10, 40_010, 10):
        recorder.begins_round()
        recorder.take(call, {"d": reached("d", 1.0)}, {})
        recorder.take(call + 1, {"g": reached("g", 1.0)}, {})
    series = recorder.series()
    assert series is not None
    assert 100 < len(series.calls) <= 256
    assert (series.calls[:2], series.calls[-2:]) == ((10, 11), (40_000, 40_001))
    assert all(call % 10 == place % 2 for place, call in enumerate(series.calls))


def test_a_large_model_keeps_fewer_calls() -> None:
    recorder = SeriesRecorder()
    parameters = {f"{number}.w": reached(f"{number}.w", 1.0) for number in range(3000)}
    for call in range(1, 101):
        recorder.take(call, parameters, {})
    series = recorder.series()
    assert series is not None
    assert len(series.calls) <= 34


def test_a_verdict_is_told_when_it_changes_and_with_its_reason() -> None:
    recorder = SeriesRecorder()
    dead = Parameter(
        name="w",
        numel=4,
        verdict=Verdict.ZERO,
        zero=Zero(operation="relu", why="all 4 inputs are 0 or below"),
    )
    cut = Cut(kind=CutKind.DETACH, operation="detach()", file="a.py", line=3)
    severed = Parameter(name="w", numel=4, verdict=Verdict.CUT, cuts=(cut,))
    for call, parameter in enumerate(
        (reached("w", 1.0), reached("w", 2.0), dead, severed, severed), 1
    ):
        recorder.take(call, {"w": parameter}, {})
    series = recorder.series()
    assert series is not None
    turns = [(turn.call, turn.verdict, turn.why) for turn in series.parameters[0].turns]
    assert turns == [
        (1, "reached", ""),
        (3, "zero", "all 4 inputs are 0 or below"),
        (4, "cut", "detach() at a.py:3"),
    ]
    turn = series.parameters[0].verdict_at(3)
    assert turn is not None
    assert turn.verdict == "zero"


def test_what_is_not_finite_is_kept_as_it_is() -> None:
    recorder = SeriesRecorder()
    recorder.take(1, {"a.w": reached("a.w", math.inf), "a.b": reached("a.b", 1.0)}, {})
    series = recorder.series()
    assert series is not None
    assert series.parameters[0].norms == (math.inf,)
    assert blocks(series)[0].norms == (math.inf,)


def test_a_block_ends_at_the_first_number_that_has_a_sibling() -> None:
    names = [
        "model.wte.weight",
        "model.h.0.attn.0.weight",
        "model.h.1.attn.0.weight",
        "towers.0.fc.weight",
        "scale",
    ]
    assert list(block_names(names).values()) == [
        "model.wte",
        "model.h.0",
        "model.h.1",
        "towers.0.fc",
        "scale",
    ]


def test_a_block_takes_norms_together_and_weighs_updates_by_their_weights() -> None:
    recorder = SeriesRecorder()
    recorder.take(
        1,
        {"0.w": reached("0.w", 3.0), "0.b": reached("0.b", 4.0), "1.w": reached("1.w", 1.0)},
        {"0.w": 1.0, "0.b": 0.5},
    )
    recorder.stepped({"0.w": Update(ratio=0.1, weight=3.0), "0.b": Update(ratio=0.0, weight=4.0)})
    series = recorder.series()
    assert series is not None
    first, second = blocks(series)
    assert first.norms == (5.0,)
    assert first.ratios == (0.3 / 5.0,) or math.isclose(first.ratios[0] or 0.0, 0.06)
    assert first.zeros == (0.75,)
    assert (second.ratios, second.zeros) == ((None,), (None,))


def test_fading_compares_the_size_of_an_element_from_block_to_block() -> None:
    def line(name: str, norm: float | None, numel: int) -> Line:
        return Line(name=name, numel=numel, norms=(norm,))

    lines = [
        line("a", 1e-4, 1),
        line("b", 1e-3, 1),
        line("c", 0.2, 4),
        line("d", None, 1),
        line("e", 0.05, 1),
    ]
    change = fading(lines)
    assert change is not None
    assert math.isclose(change.drop[0], 0.01)
    assert change.drop[1:] == ("c", "b")
    assert math.isclose(change.growth[0], 2.0)
    assert change.growth[1:] == ("e", "c")
    assert math.isclose(change.typical, 0.1)
    assert fading(lines[:2]) is None
