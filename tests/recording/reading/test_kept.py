"""What is kept under an attribute, handed to a method or returned goes where the file reads that."""

import ast
from textwrap import dedent

import pytest

from gradviz.recording.reading import kept
from gradviz.recording.reading.kept import method_called, parameters_for, results_of
from gradviz.recording.reading.nowhere import _Follower
from gradviz.recording.reading.sources import source_of

KEEPS = """
    class Meter:
        def __init__(self):
            self.rows, self.sums, self.by = [], {}, {}

        def add(self, **named):
            for key, value in named.items():
                self.sums[key] = self.sums.get(key, 0.0) + value
                self.by.setdefault(key, []).append(value)
            self.rows.append(named)

"""
METER = (
    KEEPS
    + """
        def line(self):
            return " ".join(f"{key} {value:.2f}" for key, value in self.sums.items())

"""
)
KEPT = "meter.add(gate=gate.item())"
SHOWN = f"{KEPT}\n    print(meter.line())"
COMES_BACK = {
    "an attribute is read": "meter.add(gate=gate.item())\n    loss = loss * meter.rows[0]['gate']",
    "all attributes are": "meter.add(gate=gate.item())\n    loss = loss * max(*vars(meter)['rows'])",
    "its state is": "meter.add(gate=gate.item())\n    loss = loss * meter.__getstate__()['rows']",
    "a name is read by text": (
        "meter.add(gate=gate.item())\n    loss = loss * inspect.getattr_static(meter, 'rows')"
    ),
    "any attribute is": "meter.add(gate=gate.item())\n    loss = loss * getattr(meter, name)",
    "what a method returns is": "meter.add(gate=gate.item())\n    loss = loss * len(meter.line())",
    "a list in it has another name": (
        "mine = meter.by['gate'] = []\n    meter.add(gate=gate.item())\n    loss = loss * mine[0]"
    ),
    "the method is another": "meter.add = mine.append\n    meter.add(gate.item())",
    "it is an unknown object": "other.add(gate=gate.item())",
}


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """The user's files that are loaded, as these tests have it."""
    loaded = {str(tmp_path / "program.py")}
    monkeypatch.setattr(kept, "user_files", lambda: loaded)
    return loaded


@pytest.fixture
def follows(tmp_path):
    """Return whether what leaves by ``item()`` in some statements was seen to go nowhere."""

    def ends(statements, head=METER):
        file = tmp_path / "program.py"
        step = "def step(gate, loss, name, mine, other):\n    meter = Meter()\n    "
        file.write_text(dedent(head) + step + statements + "\n    return loss\n")
        source = source_of(str(file))
        exits = [
            node
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "item"
        ]
        return all(_Follower(source, str(file)).ends(node) for node in exits)

    return ends


@pytest.mark.parametrize(("statements", "head"), [(KEPT, KEEPS), (SHOWN, METER)])
def test_what_an_object_keeps_stays_away_where_nothing_or_people_read_that(
    follows, statements, head
):
    assert follows(statements, head)


@pytest.mark.parametrize("statements", COMES_BACK.values(), ids=COMES_BACK)
def test_what_an_object_keeps_may_come_back_where_something_may_read_that(follows, statements):
    assert not follows(statements)


@pytest.mark.parametrize("base", ["dict", "library.Callback"])
def test_what_a_class_above_may_read_is_not_known_to_stay_away(follows, base):
    assert not follows(KEPT, KEEPS.replace("Meter:", f"Meter({base}):"))


@pytest.mark.parametrize("read", ["meter.rows", "getattr(meter, 'rows')", "dir(meter)"])
def test_an_attribute_that_another_loaded_file_names_may_be_read_there(
    follows, tmp_path, files, read
):
    other = tmp_path / "other.py"
    other.write_text(f"def last(meter):\n    return {read}[-1]\n")
    files.add(str(other))
    assert not follows(KEPT, KEEPS)


def test_what_another_cell_of_a_notebook_reads_is_not_known(follows, files):
    files.clear()
    assert not follows(KEPT, KEEPS)


def read(tmp_path, text):
    file = tmp_path / "program.py"
    file.write_text(dedent(text))
    source = source_of(str(file))
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    return source, str(file), calls


def test_a_call_of_an_object_is_of_its_method_and_names_what_it_is_handed(tmp_path):
    source, _, calls = read(
        tmp_path,
        """
        class Stop:
            def __call__(self, value, *more, least=0, **named):
                self.value = value

        stop = Stop()
        stop(1, 2, least=3, other=4)
        """,
    )
    call = calls[-1]
    method = method_called(source, call)
    given = [*call.args, *call.keywords]
    values = [item.value if isinstance(item, ast.keyword) else item for item in given]
    names = [parameters_for(method, value, call) for value in values]
    assert names == [["value"], ["more"], ["least"], ["named"]]


@pytest.mark.parametrize(
    ("function", "count"),
    [
        ("def norm(x):\n    return x", 2),
        ("@cached\ndef norm(x):\n    return x", 0),
        ("def norm(x):\n    yield 1\n    return x", 0),
    ],
)
def test_what_a_function_returns_is_where_it_is_called(tmp_path, function, count):
    source, file, _ = read(tmp_path, f"{function}\n\n\na = norm(1)\nb = 2 * norm(2)\n")
    found = results_of(source, file, source.callables["norm"][0])
    assert len(found) == count
