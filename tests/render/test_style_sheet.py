"""A style sheet reaches its own picture alone, in both colour schemes."""

import re

import pytest

from gradviz.graph import Verdict
from gradviz.render.style_sheet import style_sheet


@pytest.mark.parametrize(("framed", "ringed"), [(False, False), (True, True)])
def test_every_rule_begins_at_the_root(framed, ringed):
    sheet = style_sheet("#p1", framed=framed, ringed=ringed)
    rules = [line for line in sheet.splitlines() if "{" in line and not line.startswith("@media")]
    for rule in rules:
        for selector in rule.partition("{")[0].split(","):
            assert selector.startswith("#p1"), rule


def test_the_brackets_close():
    sheet = style_sheet("#p1", framed=True, ringed=True)
    assert sheet.count("{") == sheet.count("}")


def test_every_verdict_has_a_colour_in_the_light_and_in_the_dark():
    light, _, dark = style_sheet("#p1", framed=False, ringed=False).partition("@media")
    for verdict in Verdict:
        rule = re.compile(rf"#p1 \.node\.{verdict} \.shape\{{fill:(#\w+)")
        assert rule.search(light)[1] != rule.search(dark)[1]


def test_frames_and_rings_have_rules_only_where_there_are_some():
    plain = style_sheet("#p1", framed=False, ringed=False)
    assert ".frame" not in plain
    assert ".ring" not in plain
