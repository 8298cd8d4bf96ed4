"""A value is closed where the source tells all that it is made of."""

import pytest

from gradviz.recording.closed import made_of
from gradviz.recording.instructions import position_of

HEAD = "import json\nimport math\n\nimport numpy as np\nimport torch\n\n\n"


def made(body, tmp_path, exit_text=""):
    """Return what the argument of ``float()``, the last call of a function of ``a``, is made of."""
    text = HEAD + "def use(a):\n" + "".join(f"    {line}\n" for line in body.split("; "))
    file = tmp_path / "program.py"
    file.write_text(text)
    space = {}
    exec(compile(text, str(file), "exec"), space)
    code = space["use"].__code__
    ranges = {lasti: position_of(code, lasti) for lasti in range(0, len(code.co_code), 2)}
    lines = text.split("\n")

    def source(place):
        return "" if place is None else lines[place[0] - 1][place[1] : place[3]]

    lasti = max(at for at, place in ranges.items() if source(place).startswith("float("))
    exits = {place for place in ranges.values() if exit_text and source(place) == exit_text}
    return made_of(code, lasti, frozenset({("x",), ("a",)}), None, None, frozenset(exits))


@pytest.mark.parametrize(
    "body",
    [
        "x = np.ones(4) * 0.5; float(x)",
        "x = [math.sqrt(n) for n in range(3)]; float(x)",
        "x = np.zeros(4); x[1] = 0.25; float(x)",
    ],
)
def test_what_the_source_writes_is_made_of_nothing_else(body, tmp_path):
    assert made(body, tmp_path) == ((), frozenset())


@pytest.mark.parametrize(
    "body",
    [
        "x = json.load(open('a')); float(x)",
        "x = np.load('a') * 2; float(x)",
        "x = np.random.randn(4); float(x)",
        "x = np.zeros(4); row = x[1:]; row[...] = a.flat; float(x)",
        "x = np.zeros(4); np.copyto(x, 1.0); float(x)",
        "x = a.level; float(x)",
        "x = [*map(lambda n: n, range(3))]; float(x)",
        "x = somewhere; float(x)",
        "x = helper(2); float(x)",
    ],
)
def test_whatever_could_bring_something_in_leaves_it_open(body, tmp_path):
    assert made(body, tmp_path) is None


def test_what_a_function_is_given_is_asked_of_its_caller(tmp_path):
    assert made("x = 2 * a; float(x)", tmp_path).parameters == (("a",),)


def test_what_left_torch_is_an_exit_and_not_looked_behind(tmp_path):
    value = made("x = round(a.best.item(), 3); float(x)", tmp_path, "a.best.item()")
    assert (value.parameters, len(value.exits)) == ((), 1)


def test_a_method_may_change_what_it_is_one_of(tmp_path):
    assert made("x = np.zeros(1); x.fill(a.level); float(x)", tmp_path) is None
