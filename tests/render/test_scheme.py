"""A picture for one colour scheme alone, or without its ground."""

from gradviz.render.scheme import in_scheme, without_ground

SVG = "a{fill:#000}\n@media (prefers-color-scheme:dark){\na{fill:#fff}\n}\nb{}\n"


def test_by_itself_the_readers_system_decides():
    assert in_scheme(SVG, "auto") == SVG


def test_the_dark_rules_are_dropped_or_hold_always():
    assert in_scheme(SVG, "light") == "a{fill:#000}\nb{}\n"
    assert in_scheme(SVG, "dark") == "a{fill:#000}\na{fill:#fff}\nb{}\n"


def test_a_picture_without_dark_rules_stays_as_it_is():
    assert in_scheme("a{}\n", "light") == "a{}\n"


def test_only_the_rule_of_the_ground_goes():
    rule = "#gradviz-0a1b2c3d text{fill:#1f2328}\n"
    ground = "#gradviz-0a1b2c3d{background:#ffffff}\n"
    assert without_ground(rule + ground + rule) == rule + rule
