"""The table of what modules keep, and of what a freeze gives back, as text and as JSON."""

import json

from gradviz.mending.giving_back import Costs, GivenBack, Row
from gradviz.mending.giving_back_text import as_json, text
from gradviz.mending.outcome import Failure, KeptMemory, Part


def costs(rows, **fields):
    part = Part(path="", parent=-1, bytes=4096)
    kept = KeptMemory(parts=(part,), file="train.py", line=7, code="loss.backward()", reached=3)
    return Costs(
        **{"backward": 2, "kept": kept, "rows": rows, "repeatable": True, "runs": 5, **fields}
    )


def row(path="net.body", changes=(), **fields):
    return Row(**{"path": path, "itself": False, "bytes": 2048, "changes": changes, **fields})


FREED = (GivenBack(bytes=1024, stopped=0), GivenBack(bytes=-512, stopped=2))


def test_the_head_says_how_much_and_where():
    assert text(costs(())).startswith(
        "Backward 2 at train.py:7: autograd keeps 4 KiB as it begins.\n"
    )


def test_a_row_says_what_each_change_gives_back_and_what_it_stops():
    lines = text(costs((row(changes=FREED),))).splitlines()
    assert lines[2].split() == ["net.body", "2", "KiB", "1", "KiB", "-512", "B", "(stops", "2)"]


def test_a_change_that_could_not_be_measured_says_why():
    failures = tuple(GivenBack(failure=Failure(kind=kind)) for kind in ("timeout", "ValueError"))
    line = text(costs((row(changes=failures),))).splitlines()[2]
    assert "took too long" in line
    assert "raised ValueError" in line


def test_of_many_rows_the_rest_is_one():
    lines = text(costs(tuple(row(f"net.{number}") for number in range(9)))).splitlines()
    assert lines[8].split() == ["3", "more", "6", "KiB"]


def test_without_changes_there_are_no_columns_for_them():
    assert "gives back" not in text(costs((row(),))).splitlines()[1]


def test_a_run_that_does_not_repeat_says_nothing_of_a_freeze():
    words = " ".join(text(costs((row(),), repeatable=False)).split())
    assert "Two runs of the script do not keep the same" in words


def test_json_has_all_of_it():
    data = json.loads(as_json(costs((row(changes=FREED),))))["cost"]
    assert (data["backward"], data["file"], data["line"], data["bytes"]) == (2, "train.py", 7, 4096)
    (module,) = data["modules"]
    assert module["module"] == "net.body"
    assert [value["gives_back"] for value in module.values() if isinstance(value, dict)] == [
        1024,
        -512,
    ]
