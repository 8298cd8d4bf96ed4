"""What the page says first: what does not train, with the code around the line."""

from dataclasses import replace

import graphs
import pytest

from gradviz.causes.raised import NO_GRAD, note_on_change
from gradviz.facts.calls import CallKind, CallName
from gradviz.facts.training import Alarm, Fate, Training
from gradviz.graph import Cut, CutKind, Place
from gradviz.render.html import render_html
from gradviz.render.page_data import loss_data
from gradviz.render.page_training import training_data
from gradviz.render.text import render_text

CODE = """loss = model(x)
loss.backward()
optimizer.zero_grad()
optimizer.step()
print(loss)
print("<b>")
"""


@pytest.fixture
def training(tmp_path):
    file = tmp_path / "train.py"
    file.write_text(CODE)
    place = {"file": str(file), "line": 3, "code": "optimizer.zero_grad()"}
    fates = (
        Fate(name="w", trains=False, why="cleared", numel=9000, compared=4096, **place),
        Fate(name="b", trains=False, why="frozen"),
    )
    alarm = Alarm(
        why="cleared", parameters=("w",), means="It is cleared.", mend="Clear it later.", **place
    )
    return Training(backwards=1, steps=1, parameters=fates, alarms=(alarm,))


def test_where_a_backward_raised_is_told_with_its_code_and_fix(training, tmp_path):
    cut = Cut(
        kind=CutKind.NON_DIFFERENTIABLE,
        operation="backward() raised in sigmoid (changed in place since)",
        file=str(tmp_path / "train.py"),
        line=1,
        code="loss = model(x)",
    )
    report = replace(graphs.detached(), cuts=(cut,))
    raised, _ = training_data(training, [report])["alarms"]
    assert raised["title"].startswith("backward() raised in sigmoid")
    assert [line["number"] for line in raised["code"] if line["marked"]] == [1]
    assert "x = x + 1" in raised["mend"]
    note = note_on_change("sigmoid", None, Place(cut.file, 5, "print(loss)"))
    spoilt, _ = training_data(training, [replace(report, notes=(note,))])["alarms"]
    assert [line["number"] for line in spoilt["code"] if line["marked"]] == [5]
    assert "was changed in place at" in spoilt["means"]
    assert loss_data(report)["failed"] == 1
    assert loss_data(graphs.detached())["failed"] == 0


def test_a_call_whose_loss_has_no_gradient_leads_with_the_line_that_cut_it(training, tmp_path):
    cut = Cut(
        kind=CutKind.ITEM,
        operation="item()",
        file=str(tmp_path / "train.py"),
        line=1,
        code="loss = model(x)",
    )
    call = CallName(CallKind.BACKWARD, 3, "loss")
    note = f"loss {NO_GRAD} 'element 0 of tensors does not require grad'."
    report = replace(graphs.detached(), cuts=(cut,), notes=(note,), call=call)
    raised, _ = training_data(training, [report])["alarms"]
    assert raised["title"] == "backward 3 raised an error: its loss does not require grad"
    assert [line["number"] for line in raised["code"] if line["marked"]] == [1]
    assert loss_data(report)["failed"] == 1
    healthy = replace(graphs.none(), call=call)
    assert len(training_data(training, [healthy])["alarms"]) == 1
    whole = replace(graphs.none(), losses={"a": healthy, "b": report})
    assert '"first":1' in render_html(whole)


@pytest.mark.parametrize(
    ("calls", "first"),
    [
        (("none", "detach"), 1),  # trained at first, and is cut off since
        (("no-grad", "none", "detach"), 2),  # another line cuts in a call that is well
        (("none", "none"), 0),
    ],
)
def test_the_page_opens_on_the_call_in_which_the_line_of_the_alarm_cuts(calls, first):
    names = ("f1.weight", "f2.weight")
    losses = {
        f"backward {number}": replace(
            graphs.ARTICLE_MODES[mode](), call=CallName(CallKind.BACKWARD, number, "loss")
        )
        for number, mode in enumerate(calls, 1)
    }
    cut = graphs.ARTICLE_MODES["detach"]().cuts[0]
    fates = tuple(Fate(name=name, trains=False, why="stopped") for name in names)
    alarm = Alarm(
        why="stopped", parameters=names, means="m", mend="m", file=cut.file, line=cut.line
    )
    training = Training(backwards=9, steps=9, parameters=fates, alarms=(alarm,))
    page = render_html(replace(graphs.none(), losses=losses, training=training))
    assert f'"first":{first}' in page


@pytest.mark.parametrize(
    ("trains", "mover", "elsewhere"),
    [(True, "gradient", 1), (True, "hand, no gradient", 0), (False, None, 0), (None, None, 0)],
)
def test_a_cut_is_taken_for_meant_where_another_call_trains_all_behind_it(trains, mover, elsewhere):
    report = graphs.detached()
    (cut,) = report.cuts
    fates = tuple(Fate(name=name, trains=trains, mover=mover) for name in report.parameters)
    data = loss_data(report, training=Training(backwards=2, steps=2, parameters=fates))
    assert [one["elsewhere"] for one in data["cuts"]] == [elsewhere]
    first = cut.parameters[0]
    some = tuple(replace(fate, trains=fate.name != first) for fate in fates)
    data = loss_data(report, training=Training(backwards=2, steps=2, parameters=some))
    assert [one["elsewhere"] for one in data["cuts"]] == [0]


def test_the_line_is_marked_among_two_before_and_two_after(training):
    (alarm,) = training_data(training)["alarms"]
    assert [(line["number"], line["marked"]) for line in alarm["code"]] == [
        (1, False),
        (2, False),
        (3, True),
        (4, False),
        (5, False),
    ]
    assert [line["text"] for line in alarm["code"]] == CODE.splitlines()[:5]


def test_a_file_that_has_changed_since_gives_the_line_alone(training):
    moved = replace(training, alarms=(replace(training.alarms[0], line=2),))
    (alarm,) = training_data(moved)["alarms"]
    assert alarm["code"] == [{"number": 2, "text": "optimizer.zero_grad()", "marked": True}]


def test_what_the_sentence_says_is_not_said_again_and_the_sample_is_said(training):
    found = training_data(training)
    assert "b is frozen" in found["sentence"]
    assert found["others"] == []
    assert found["note"] == "1 large parameter was compared by up to 4,096 evenly spread values."


def test_it_is_the_first_thing_on_the_page_and_open_only_for_an_alarm(training):
    report = graphs.none()
    page = render_html(replace(report, training=training))
    body = page.partition("<body>")[2].lstrip()
    assert body.startswith('<details id="training" open>')
    assert "Clear it later." in body.partition("</details>")[0]
    calm = render_html(replace(report, training=replace(training, alarms=())))
    assert '<details id="training">' in calm
    assert "<details" not in render_html(report)


def test_the_text_ends_with_the_sentence_and_the_alarms(training):
    text = render_text(replace(graphs.none(), training=training))
    last = text.rpartition("\n\n")[2]
    assert last.startswith("ALARM: 0 of 2 parameters train; w does not: ")
    assert "w: " not in last.partition("does not")[2]  # the sentence has said it
    assert "Clear it later." in last
    twice = replace(training, alarms=training.alarms * 2)
    last = render_text(replace(graphs.none(), training=twice)).rpartition("\n\n")[2]
    assert last.startswith("0 of 2 parameters train; w does not: ")
    assert last.count("ALARM: w: ") == 2


def test_a_title_that_the_answer_has_said_already_is_left_out(training):
    assert training_data(training)["alarms"][0]["title"] == ""
    twice = replace(training, alarms=training.alarms * 2)
    titles = [alarm["title"] for alarm in training_data(twice)["alarms"]]
    assert all(title.endswith("train.py:3 clears its gradient before step()") for title in titles)


def test_names_that_need_more_room_than_all_else_are_counted_in_the_answer():
    layers = ("embedding.projection.weight", "decoder.attention.query", "decoder.attention.value")
    fates = [
        Fate(name=f"model.transformer.{layer}", trains=False, why="frozen", file="a.py", line=4)
        for layer in layers
    ]
    trained = Fate(name="model.transformer.decoder.attention.lora", trains=True)
    found = training_data(Training(backwards=1, steps=1, parameters=(trained, *fates)))
    assert found["sentence"] == "1 of 4 parameters trains; 3 are frozen at a.py:4."
