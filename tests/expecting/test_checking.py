"""What pyproject.toml asks to be held is read, and what makes no sense is refused with its place."""

import pytest

from gradviz.errors import ExpectationError
from gradviz.expecting.checking import held, read_settings, thresholds
from gradviz.facts.training import THRESHOLDS


def settings(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)
    return read_settings(tmp_path)


def test_the_nearest_file_that_has_a_table_counts(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[tool.other]\n")
    (tmp_path / "pyproject.toml").write_text('[tool.gradviz]\nstep = "train:step"\n')
    assert read_settings(inner) == {"step": "train:step"}


def test_where_nothing_is_said_nothing_is_held(tmp_path):
    assert settings(tmp_path, "[tool.other]\n") == {}


def test_what_is_said_of_one_loss_and_on_the_command_line_takes_its_place(tmp_path):
    table = settings(
        tmp_path,
        '[tool.gradviz]\nreached = "a.*"\nrest = "any"\n'
        '[tool.gradviz.losses.aux]\nreached = "b.*"\n',
    )
    ((name, expected),) = held(table, {}, None)
    assert (name, expected.reached, expected.rest) == ("aux", ("b.*",), "any")
    ((_, expected),) = held(table, {"reached": "c.*"}, None)
    assert expected.reached == ("c.*",)
    ((name, expected),) = held(table, {}, "other")
    assert (name, expected.reached) == ("other", ("a.*",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool]\ngradviz = 3\n", "is not a table"),
        ('[tool.gradviz]\nreache = "a"\n', "did you mean reached"),
        ("[tool.gradviz]\nreached = 3\n", "neither a pattern"),
        ("[tool.gradviz]\nstep = 3\n", "not a text"),
        ('[tool.gradviz]\nrest = "all"\n', "choose from"),
        ("[tool.gradviz]\nlosses = 3\n", "not a table for each loss"),
        ("[tool.gradviz.thresholds]\nvanishing = 2\n", "not a share below 1"),
        ("[tool.gradviz.thresholds]\nexploding = -1\n", "not a number above 0"),
        ("[tool.gradviz.thresholds]\nexploding = true\n", "not a number above 0"),
        ("[tool.gradviz\n", "cannot read"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, text, message):
    with pytest.raises(ExpectationError, match=message):
        settings(tmp_path, text)


def test_thresholds_that_are_not_given_are_the_usual_ones(tmp_path):
    table = settings(tmp_path, "[tool.gradviz.thresholds]\nvanishing = 1e-10\n")
    assert thresholds(table).vanishing == 1e-10
    assert thresholds(table).exploding == THRESHOLDS.exploding
    assert thresholds({}) == THRESHOLDS
