"""A data class of which each object is only asked by name reads nothing that is not said."""

import pytest

from gradviz.recording.reading.asked import is_only_asked
from gradviz.recording.reading.nowhere import goes_nowhere
from gradviz.recording.reading.sources import source_of

METER = """
@dataclass
class Meter:
    total: float = 0.0
    rows: list = field(default_factory=list)
    def update(self, v):
        self.total += v
    @property
    def mean(self):
        return self.total / 2
def f(x, given):
    m = Meter()
    m.update(x.item())
    {}
"""


def judged(program, text):
    code, _ = program(text).at("f", "x.item()")
    source = source_of(code.co_filename)
    assert source is not None
    return is_only_asked(source, "Meter")


def test_an_object_is_only_asked_by_name(program):
    assert judged(program, METER.format("print(m.mean)"))


@pytest.mark.parametrize(
    "use",
    [
        "return m",
        "return m == given",
        "return repr(m)",
        "other = m\n    return other.total",
        "m = given\n    return m.total",
        "return [Meter(1.0), m.total]",
        "return given(Meter)",
    ],
)
def test_an_object_that_is_used_as_a_whole_may_be_read_as_one(program, use):
    assert not judged(program, METER.format(use))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("float = 0.0", "float = SHARED"),
        ("default_factory=list", "default_factory=lambda: SHARED"),
        ("class Meter:", "class Meter(Base):"),
        ("@dataclass", "@attrs.define"),
        ("self.total += v", "self.total += v\n        keep(self)"),
        ("def update(self, v)", "def __eq__(self, v)"),
    ],
)
def test_a_class_that_does_more_or_shares_what_it_keeps_is_none(program, old, new):
    assert not judged(program, METER.format("print(m.mean)").replace(old, new))


@pytest.mark.parametrize(("use", "ends"), [("print(m.mean)", True), ("return m.total", False)])
def test_what_a_meter_shows_goes_nowhere(program, monkeypatch, use, ends):
    code, lasti = program(METER.format(use)).at("f", "x.item()")
    monkeypatch.setattr("gradviz.recording.reading.kept.user_files", lambda: {code.co_filename})
    assert goes_nowhere(code, lasti) is ends
