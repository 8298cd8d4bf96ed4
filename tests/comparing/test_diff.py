import json
from dataclasses import replace

import pytest

from differing import cut, report, several
from gradviz.comparing.diff import compare
from gradviz.comparing.renaming import Renaming
from gradviz.facts.calls import CallKind, CallName
from gradviz.facts.parameters import Parameters
from gradviz.render.difference import render_difference, render_difference_json


def renamings(before, after, **shapes):
    found = compare(
        report(dict.fromkeys(before.split(), "reached"), shapes=shapes),
        report(dict.fromkeys(after.split(), "reached"), shapes=shapes),
    )
    return (
        [(each.before, each.after) for each in found.renamed],
        [p.name for p in found.went],
        [p.name for p in found.came],
    )


def test_equal_reports_do_not_differ():
    one = report({"a.w": "cut"}, cut("a.w"))
    assert not compare(one, one)


def test_a_verdict_that_changed_is_told_in_both_directions():
    old, new = (
        report({"a.w": "frozen", "b.w": "reached"}),
        report({"a.w": "reached", "b.w": "reached"}),
    )
    (change,) = compare(old, new).changed
    assert (change.before.name, change.before.verdict, change.after.verdict) == (
        "a.w",
        "frozen",
        "reached",
    )
    assert compare(new, old).changed[0].after.verdict == "frozen"


def test_a_route_that_was_severed_beside_a_live_one_is_a_change():
    old = report({"a.w": "reached"})
    new = replace(old, parameters=Parameters((replace(old.parameters["a.w"], partial=True),)))
    assert len(compare(old, new).changed) == 1


def test_cuts_come_and_go_and_a_line_that_only_moved_is_the_same_cut():
    old, new = (
        report({"a.w": "cut"}, cut("a.w", line=3)),
        report({"a.w": "cut"}, cut("a.w", line=30), cut("a.w", code="h.data")),
    )
    difference = compare(old, new)
    assert [one.code for one in difference.cuts_came] == ["h.data"]
    assert difference.cuts_went == ()
    twice = report({"a.w": "cut"}, cut("a.w"), cut("a.w", line=4))
    assert len(compare(old, twice).cuts_came) == 1


def test_a_module_with_another_name_is_recognised_and_its_cut_too():
    old = report(
        {"body.a.w": "cut", "body.a.b": "cut", "head.w": "reached"}, cut("body.a.w", "body.a.b")
    )
    new = report(
        {"stem.a.w": "cut", "stem.a.b": "reached", "head.w": "reached"}, cut("stem.a.w", "stem.a.b")
    )
    difference = compare(old, new)
    assert difference.renamed == (Renaming(before="body", after="stem", parameters=2),)
    assert [(change.before.name, change.after.name) for change in difference.changed] == [
        ("body.a.b", "stem.a.b")
    ]
    assert not difference.cuts_came
    assert not difference.cuts_went


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a.w b.w", "module.a.w module.b.w", ([("", "module")], [], [])),
        ("_orig_mod.a.w", "a.w", ([("_orig_mod", "")], [], [])),
        ("a.x.w a.y.w c.w", "a.z.w a.y.w c.w", ([("a.x", "a.z")], [], [])),
        ("m.0.w m.1.w c.w", "n.0.w n.1.w c.w", ([("m", "n")], [], [])),
        ("c.w a.w b.w", "c.w x.w y.w", ([("a", "x"), ("b", "y")], [], [])),
        ("c.w a.w", "c.w a.w b.w", ([], [], ["b.w"])),
        ("c.w a.w", "c.w b.v", ([], ["a.w"], ["b.v"])),
        ("w", "v", ([], ["w"], ["v"])),
    ],
)
def test_renaming_is_found_at_the_outermost_module_that_is_the_same(before, after, expected):
    assert renamings(before, after) == expected


def test_a_module_of_another_size_is_another_module():
    assert renamings("c.w a.w", "c.w b.w", **{"b.w": (3,)}) == ([], ["a.w"], ["b.w"])


def test_a_large_model_is_compared_quickly():
    names = [
        f"layers.{i}.{part}.{j}.w" for i in range(64) for part in ("attn", "mlp") for j in range(20)
    ]
    old = report(dict.fromkeys([*names, "head.w"], "reached"))
    new = report(
        dict.fromkeys([*(name.replace("attn", "mix") for name in names), "head.w"], "reached")
    )
    difference = compare(old, new)
    assert len(difference.renamed) == 64
    assert not difference


def test_each_of_several_losses_is_compared_with_the_one_of_its_name():
    difference = compare(several(), several(norm={"a.w": "cut"}))
    assert {name: len(each.changed) for name, each in difference.losses.items()} == {
        "task": 0,
        "norm": 1,
    }
    assert (
        render_difference(difference, several(), several(norm={"a.w": "cut"}))
        == "Loss norm\n  reached -> cut\n    a.w (2 values)\n"
    )
    assert not compare(several(), several())


def test_a_loss_that_came_or_went_is_a_difference():
    before, after = several(), several(names=("task", "extra"))
    difference = compare(before, after)
    assert (difference.losses_came, difference.losses_went) == (("extra",), ("norm",))
    assert (
        render_difference(difference, before, after)
        == "Losses that came\n  extra\nLosses that went\n  norm\n"
    )
    alone = compare(before.losses["task"], before)
    assert (list(alone.losses), alone.losses_came) == (["task"], ("norm",))


def test_calls_of_a_run_are_compared_by_the_name_of_their_loss():
    before = several(names=("backward 1, errD", "backward 2, errG"))
    after = several(
        names=("backward 1, extra", "backward 2, errD", "backward 3, errG"), errG={"a.w": "zero"}
    )
    difference = compare(before, after)
    assert difference.losses_before == {
        "backward 2, errD": "backward 1, errD",
        "backward 3, errG": "backward 2, errG",
    }
    assert difference.losses_came == ("backward 1, extra",)
    assert not difference.changed  # another call reaches it
    said = (
        "Loss backward 3, errG (was backward 2, errG)\n  reached -> zero\n    a.w (2"
        " values)\nLosses that came\n  backward 1, extra\n"
    )
    assert render_difference(difference, before, after) == said
    document = json.loads(render_difference_json(difference))
    assert [
        (each["loss"], each["loss_before"], len(each["changed"])) for each in document["losses"]
    ] == [
        ("backward 2, errD", "backward 1, errD", 0),
        ("backward 3, errG", "backward 2, errG", 1),
    ]
    assert document["losses_came"] == ["backward 1, extra"]


def test_a_run_of_the_same_model_is_no_renaming_and_its_later_calls_are_no_losses_that_came():
    plain = report({"a.w": "reached"})
    calls = {
        str(name): replace(report({"net.a.w": "reached"}), loss=str(name), call=name)
        for name in (CallName(CallKind.BACKWARD, number, "loss") for number in (1, 2))
    }
    run = replace(report({"net.a.w": "reached"}), losses=calls)
    assert not compare(plain, run)
    assert not compare(run, plain)
    wrapped = {name: replace(call, call=None) for name, call in calls.items()}
    assert compare(plain, replace(run, losses=wrapped)).renamed
