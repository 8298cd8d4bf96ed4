"""The user's files read as one program."""

import ast
import sys
from pathlib import Path

import pytest
from two_numbers import judged

import gradviz
from gradviz.recording.reading.linked import SHIFT, files_with, imports_in, linked
from gradviz.recording.reading.sources import source_of

METERS = """
class Meter:
    def __init__(self):
        self.total, self.count = 0.0, 0

    def update(self, value):
        self.total += value
        self.count += 1

    @property
    def mean(self):
        return self.total / self.count


def doubled(value):
    return value * 2
"""
STEP = """
from {package}.meters import Meter{alias}

def step(a, b, x):
    p, q = {made}(), {made}()
    for scale in (1.3, 1.7):
        p.update((a * scale).item())
        q.update((b * scale).item())
    return (x * p.mean).sum()
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that writes files into a package and imports one of them."""
    name = f"program_{tmp_path.name.replace('-', '_')}"
    (tmp_path / name).mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))

    def written(module, **texts):
        for file, text in {"__init__": "", **texts}.items():
            (tmp_path / name / f"{file}.py").write_text(text.replace("{package}", name))
        __import__(f"{name}.{module}")
        return sys.modules[f"{name}.{module}"]

    yield written
    for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == name]:
        del sys.modules[loaded]


def step(package, text):
    return package("train", meters=METERS, train=text).step


@pytest.mark.parametrize(("alias", "made"), [("", "Meter"), (" as M", "M")])
def test_a_meter_of_another_file_severs_what_its_property_gives_back(package, alias, made):
    text = STEP.replace("{alias}", alias).replace("{made}", made)
    assert judged(step(package, text)) == [("cut", False), ("unused", True)]


def test_a_meter_of_another_file_that_is_read_by_people_alone_severs_nothing(package):
    text = STEP.replace("{alias}", "").replace("{made}", "Meter")
    text = text.replace("return (x * p.mean).sum()", "print(p.mean)\n    return x.sum()")
    assert judged(step(package, text))[0][0] == "unused"


def test_a_function_of_another_file_is_known_by_its_module(package):
    text = """
from {package} import meters as helpers

def step(a, b, x):
    return (x * helpers.doubled(a.item())).sum() + 0 * len(str(helpers.doubled(b.item())))
"""
    assert judged(step(package, text))[0] == ("cut", False)


def test_an_own_function_is_meant_before_one_of_the_same_name_in_another_file(package):
    text = """
from {package}.meters import Meter

def doubled(value):
    return 0.3

def step(a, b, x):
    return (x * doubled(a.item())).sum()
"""
    assert judged(step(package, text))[0][0] == "unused"


def test_what_is_imported_is_found_where_it_is_defined(package):
    module = package(
        "train", meters=METERS, train="from . import meters\nfrom .meters import Meter"
    )
    file = module.__file__
    found = {item.name: item for item in imports_in(source_of(file).tree, file)}
    assert (
        found["Meter"].file
        == found["meters"].file
        == sys.modules[f"{module.__package__}.meters"].__file__
    )
    assert found["meters"].original == ""
    assert [*files_with(file)] == [file, found["Meter"].file]


def test_no_place_in_a_file_is_one_in_another(package):
    module = package("train", meters=METERS, train="from .meters import Meter\nvalue = 1\n")
    source = linked(module.__file__)
    lines = {
        getattr(node, "lineno", 0) // SHIFT
        for tree in source.trees.values()
        for node in ast.walk(tree)
    }
    assert len(lines) == 2


def test_a_file_that_is_not_the_users_is_read_alone():
    assert [*files_with(str(Path(gradviz.__file__)))] == []


STATE = "LOG = {}\nscale = 1.0\nother = 1.0\n"


@pytest.mark.parametrize(
    ("imported", "held"),
    [
        ("from .state import LOG", "LOG['loss']"),
        ("from .state import LOG as kept", "kept['loss']"),
        ("from . import state", "state.scale"),
    ],
)
def test_what_one_file_keeps_in_a_third_severs_where_another_reads_it(package, imported, held):
    other = held.replace("loss", "other").replace("scale", "other")
    keep = f"{imported}\n\ndef keep(a, b):\n    {held} = a.item()\n    {other} = b.item()\n"
    text = """
from .keeping import keep
from . import state as read

def step(a, b, x):
    keep(a, b)
    return (x * (read.{held} * read.{held} + 1)).sum()
""".replace("{held}", "scale" if "scale" in held else "LOG['loss']")
    module = package("train", state=STATE, keeping=keep, train=text)
    assert judged(module.step) == [("cut", False), ("unused", True)]


def test_what_a_function_imports_itself_is_known(package):
    text = """
def step(a, b, x):
    from . import state
    from .keeping import keep
    keep(a, b)
    return (x * (state.scale * state.scale + 1)).sum()
"""
    keep = """
from . import state

def keep(a, b):
    state.scale = a.item()
    state.other = b.item()
"""
    module = package("train", state=STATE, keeping=keep, train="from . import keeping\n" + text)
    assert judged(module.step) == [("cut", False), ("unused", True)]


ENUMERATIONS = """
import enum

class Split(enum.Enum):
    TRAIN = enum.auto()
    VALID = enum.auto()
"""


@pytest.mark.parametrize(
    ("imported", "split"),
    [("from .kinds import Split as S", "S"), ("from . import kinds", "kinds.Split")],
)
@pytest.mark.parametrize(("read", "verdict"), [("TRAIN", "cut"), ("VALID", "unused")])
def test_a_member_of_another_files_enumeration_is_a_key_of_its_own(
    package, imported, split, read, verdict
):
    text = f"""
{imported}

def step(a, b, x):
    sums = {{{split}.TRAIN: a.item(), {split}.VALID: 0.3}}
    return (x * (sums[{split}.{read}] * sums[{split}.{read}] + 1)).sum()
"""
    module = package("train", kinds=ENUMERATIONS, train=text)
    assert judged(module.step)[0][0] == verdict


WEIGHTED = """
class Weighted:
    def __init__(self, meter):
        self.meter = meter

    def __call__(self, x):
        return (x * (self.meter.total * self.meter.total + 1)).sum()
"""


@pytest.mark.parametrize(("kept", "verdict"), [("p", "cut"), ("q", "unused")])
def test_what_another_files_object_was_given_is_known_where_that_was_made(package, kept, verdict):
    text = f"""
from .meters import Meter
from .weighted import Weighted

def step(a, b, x):
    p, q = Meter(), Meter()
    p.update(a.item())
    q.update(0.3)
    return Weighted({kept})(x)
"""
    module = package("train", meters=METERS, weighted=WEIGHTED, train=text)
    assert judged(module.step)[0][0] == verdict
