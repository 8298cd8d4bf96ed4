"""What differs between two reports, as it is written."""

import json
from dataclasses import replace

from differing import report, several
from gradviz.comparing.diff import Difference, compare
from gradviz.comparing.gradients import Resized
from gradviz.facts.training import Fate, Training
from gradviz.render.difference import pictured, render_difference, render_difference_json


def test_renamed_modules_that_differ_in_their_numbers_are_told_once():
    before = report({**{f"net.{i}.a.w": "reached" for i in range(4)}, "head.w": "reached"})
    after = report({**{f"net.{i}.a.base.w": "reached" for i in range(4)}, "head.w": "reached"})
    said = render_difference(compare(before, after), before, after)
    assert (
        said
        == "Nothing that the gradients depend on differs.\nRenamed\n  net.0..3.a -> net.0..3.a.base"
        " (4 parameters)\n"
    )


def test_of_the_calls_of_a_run_the_first_that_differs_is_pictured():
    old = several(names=("backward 1, a", "backward 2, b"))
    new = several(names=("backward 1, a", "backward 2, b"), a={"a.w": "zero"})
    one, before, after = pictured(compare(old, new), old, new)
    assert (before, after) == (old.losses["backward 1, a"], new.losses["backward 1, a"])
    assert len(one.changed) == 1
    joint, *_ = pictured(compare(several(), several()), several(), several())
    assert joint.losses


def test_a_parameter_that_no_longer_trains_is_a_difference():
    old, new = (
        replace(report({"w": "reached"}), training=Training(parameters=(fate,)))
        for fate in (Fate(name="w", trains=True), Fate(name="w", trains=False, why="cleared"))
    )
    difference = compare(old, new)
    assert difference
    assert (
        render_difference(difference, old, new)
        == "trains -> does not train (its gradient is cleared before step())\n  w (2 values)\n"
    )
    trained = {
        "name": "w",
        "name_before": "w",
        "before": {"trains": True, "why": None},
        "after": {"trains": False, "why": "cleared"},
    }
    assert json.loads(render_difference_json(difference))["trained"] == [trained]
    assert not compare(old, old)


def test_a_gradient_of_another_size_is_told_and_is_no_difference_of_its_own():
    size = Difference(resized=(Resized(name="h.3", before=1.25e-3, after=4e-7),))
    one = report({"w": "reached"})
    assert not size
    assert render_difference(size, one, one) == (
        "Nothing that the gradients depend on differs.\n"
        "Gradient of another size, by block (median norm of the calls watched)\n"
        "  h.3: 1.3e-03 -> 4.0e-07 (0.00032 times)\n"
    )
    written = json.loads(render_difference_json(size))
    assert written["resized"] == [{"name": "h.3", "before": 1.25e-3, "after": 4e-7}]
