"""What ranks say alike is said once; what one of them alone says is not lost."""

import json

from gradviz.running.echoes import beside_first

CALL, STEP = ("backward 1, loss\n", False), ("optimizer steps\n", False)
ALARM = ("ALARM: right.*: cleared\n", True)


def left(folder, *ranks):
    folder.chmod(0o700)
    for number, texts in enumerate(ranks):
        (folder / f"said_{number}.txt").write_text(json.dumps(texts))
    return [saying.text.rstrip("\n") for saying in beside_first(folder)]


def test_ranks_that_say_what_the_first_says_are_one_line(tmp_path):
    assert left(tmp_path, *[[CALL, STEP]] * 4) == ["gradviz: ranks 1..3 say the same as rank0."]


def test_what_some_ranks_alone_say_is_said_once_for_all_of_them(tmp_path):
    texts = [CALL, STEP], [CALL, STEP], [CALL, STEP, ALARM], [CALL, STEP, ALARM]
    assert left(tmp_path, *texts) == [
        "gradviz: rank1 says the same as rank0.",
        "gradviz [ranks 2..3]: ALARM: right.*: cleared",
    ]


def test_a_rank_that_ended_early_says_so_far_the_same(tmp_path):
    assert left(tmp_path, [CALL, STEP], [CALL]) == [
        "gradviz: rank1 says the same as rank0, as far as that came."
    ]


def test_one_rank_alone_has_no_echo(tmp_path):
    assert left(tmp_path, [CALL, STEP]) == []


def test_what_somebody_else_left_there_is_not_told(tmp_path):
    assert left(tmp_path, [CALL], [CALL])
    for other in ("no list", '["no pair"]', "7"):
        (tmp_path / "said_1.txt").write_text(other)
        assert "no" not in str(beside_first(tmp_path)), other


def test_what_a_rank_alone_is_alarmed_about_stays_an_alarm(tmp_path):
    left(tmp_path, [CALL], [CALL, ALARM])
    (alarm,) = (saying for saying in beside_first(tmp_path) if saying.alarm)
    assert alarm.text == "gradviz [rank1]: ALARM: right.*: cleared\n"
