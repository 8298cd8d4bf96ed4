"""By how much the gradient of a block differs between two runs."""

import math

from gradviz.comparing.gradients import Resized, resized
from gradviz.series.data import Line, Series


def run(**norms: tuple[float | None, ...]) -> Series:
    """Return the numbers of a run whose parameters have these norms; ``__`` is a dot."""
    lines = []
    for name, some in norms.items():
        empty = (None,) * len(some)
        lines.append(
            Line(
                name=name.replace("__", "."),
                numel=1,
                norms=some,
                ratios=empty,
                weights=empty,
                zeros=empty,
            )
        )
    return Series(calls=(1, 2, 3), watched=3, parameters=tuple(lines))


def same(series: Series) -> dict[str, str]:
    return {line.name: line.name for line in series.parameters}


def test_a_block_with_a_tenth_of_its_gradient_is_told():
    old = run(a__w=(1.0, 2.0, 3.0), b__w=(1.0, 1.0, 1.0))
    new = run(a__w=(0.01, 0.02, 5.0), b__w=(4.0, 0.5, 3.0))
    assert resized(old, new, same(old)) == (Resized(name="a", before=2.0, after=0.02),)
    assert resized(new, old, same(old)) == (Resized(name="a", before=0.02, after=2.0),)


def test_batches_that_differ_by_a_few_times_are_no_difference():
    old = run(a__w=(1.0, 2.0, 3.0))
    assert not resized(old, run(a__w=(8.0, 9.0, 0.5)), same(old))


def test_a_renamed_block_is_compared_with_what_it_was():
    old, new = run(a__w=(1.0,)), run(net__a__w=(1e-6,))
    assert resized(old, new, {"a.w": "net.a.w"})[0].name == "net.a"
    assert not resized(old, new, {})


def test_zero_nan_and_what_was_not_measured_are_told_elsewhere():
    old = run(a__w=(1.0,), b__w=(1.0,), c__w=(1.0,))
    assert not resized(old, run(a__w=(0.0,), b__w=(math.nan,), c__w=(None,)), same(old))
    assert not resized(old, None, {})
    assert not resized(None, old, {})
