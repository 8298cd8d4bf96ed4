"""Names in the page's script say what they hold, as those of the package do."""

import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from gradviz.render.html import SCRIPT

VAGUE = frozenset("one each said told found known seen here around".split())
# Regular expressions hold no name either; what is in a template's braces is left aside
_NO_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`""", re.DOTALL
)
_NAME = re.compile(r"(?<![\w$])[A-Za-z_$][\w$]*")
_PARTS = [f"{name}.js" for name in SCRIPT]


def vague(script: str) -> Counter[str]:
    return Counter(name for name in _NAME.findall(_NO_CODE.sub("", script)) if name in VAGUE)


@pytest.mark.parametrize("name", _PARTS)
def test_names_of_the_script_say_what_they_hold(name: str) -> None:
    part = files("gradviz.render").joinpath("page", "app", name)
    assert not vague(part.read_text(encoding="utf-8"))


def test_every_part_of_the_script_is_looked_at() -> None:
    folder = Path(str(files("gradviz.render").joinpath("page", "app")))
    assert {path.name for path in folder.glob("*.js")} == {*_PARTS}


def test_vague_names_are_seen_wherever_they_stand_and_words_are_not() -> None:
    script = """
    // each one here
    const one = items.map(each => each.said); // told
    function known({around = "around"}) { return `found ${seen}`; }
    """
    assert vague(script) == Counter(["one", "each", "each", "said", "known", "around"])
