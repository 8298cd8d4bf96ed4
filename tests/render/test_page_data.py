"""What the page has to know of one loss."""

import json
from itertools import accumulate

import pytest
from graphs import ARTICLE_MODES, detached, every_verdict, unrolled

from gradviz.facts.training import Fate, Training
from gradviz.render.page_data import _column, loss_data


@pytest.mark.parametrize("report", [*ARTICLE_MODES.values(), every_verdict])
def test_it_is_plain_json_and_numbers_refer_to_what_is_there(report):
    data = loss_data(report())
    assert json.loads(json.dumps(data)) == json.loads(json.dumps(loss_data(report())))
    steps, spans, strokes = map(unrolled, data["lines"])
    sources = list(accumulate(steps))
    targets = [source + span for source, span in zip(sources, spans, strict=True)]
    assert len(strokes) == len(sources)
    assert all(0 <= thing < data["things"] for thing in [*sources, *targets])
    assert all(0 <= text < len(data["strings"]) for box in data["boxes"] for text, *_ in box)
    assert len(unrolled(data["parameters"]["numel"])) == len(report().parameters)


def test_every_cut_names_its_line_and_the_parameters_behind_it():
    (cut,) = loss_data(detached())["cuts"]
    names = list(detached().parameters)
    assert cut["kind"] == "detach_"
    assert {names[number] for number in cut["parameters"]} == {
        "f1.weight", "f1.bias", "f2.weight", "f2.bias",
    }  # fmt: skip
    assert cut["mend"]


def test_each_verdict_has_its_reason():
    data = loss_data(every_verdict())
    reasons = [data["strings"][number] for number in unrolled(data["parameters"]["reason"])]
    assert all(reason.endswith(".") for reason in reasons)
    assert any(reason.startswith("requires_grad is False") for reason in reasons)


def test_what_gradient_reaches_and_does_not_train_says_so_in_its_box_and_its_module():
    fate = Fate(name="f3.weight", trains=False, why="not_held")
    other = Fate(name="f1.weight", trains=False, why="cut")  # its verdict says it
    data = loss_data(detached(), training=Training(steps=1, parameters=(fate, other)))
    boxes = [[data["strings"][line[0]] for line in box] for box in data["boxes"]]
    assert sum("does not train" in box for box in boxes) == 1
    assert any("1 does not train" in box for box in boxes)
    words = {row[1]: data["strings"][row[6]] for row in data["groups"]}
    assert (words["f3"], words["f1"]) == ("1 not trained", "cut")
    reason = unrolled(data["parameters"]["reason"])[list(detached().parameters).index("f3.weight")]
    assert data["strings"][reason].endswith("It does not train: no optimizer holds it.")


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([3, 3, 3], {"runs": [3, 3]}),
        ([None, None, None], {"runs": [None, 3]}),
        ([1], [1]),
        ([1, 2], [1, 2]),
        ([5] * 9 + [6], {"runs": [5, 9, 6, 1]}),
    ],
)
def test_a_column_is_written_the_shortest_way(values, written):
    assert _column(values) == written
    assert unrolled(written) == values
