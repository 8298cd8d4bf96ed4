"""Which modules that are alike are told as one, and what these are called."""

import pytest

from gradviz.folding.runs import by_number, is_run, joined, spanned


@pytest.mark.parametrize(
    ("names", "period"),
    [
        (["0", "1"], 1),
        (["h.0.mlp", "h.1.mlp"], 1),
        (["layer0", "layer1", "layer2", "layer3"], 1),
        (["0", "1", "2", "3", "4", "5"], 2),
        (["cell", "cell", "cell"], 1),
        (["cell", "head"] * 3, 2),
    ],
)
def test_siblings_calls_and_turns_are_told_as_one(names, period):
    assert is_run(names, period)


@pytest.mark.parametrize(
    ("names", "period"),
    [
        (["conv1", "conv2"], 1),
        (["fc1", "fc2", "fc3"], 1),
        (["0", "1", "2", "3"], 2),
        (["cell", "cell"], 1),
        (["cell", "head"] * 2, 2),
        (["h.0", "h.1", "h.0", "h.1"], 1),
    ],
)
def test_few_of_them_are_not_nor_are_modules_that_come_again_between_others(names, period):
    assert not is_run(names, period)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("12", ("", 12)),
        ("layer_3", ("layer_", 3)),
        ("head", ("head", -1)),
        ("0" * 12, ("0" * 12, -1)),
    ],
)
def test_a_name_is_told_from_the_number_that_it_ends_in(name, parts):
    assert by_number(name) == parts


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["3"], "3"),
        (["h0", "h1", "h2"], "h0..2"),
        (["0", "2", "4", "6"], "0,2..6"),
        (["0", "4"], "0,4"),
        (["up.3", "up.2", "up.1", "up.0"], "up.0..3"),
        (["h.0.mlp", "h.1.mlp"], "h.0..1.mlp"),
        (["cell", "cell"], "cell"),
    ],
)
def test_numbered_siblings_have_one_name(names, name):
    assert joined(names) == name


def test_what_differs_in_more_than_a_number_is_called_by_its_ends():
    assert spanned("a.left", "a.right") == "a.left to a.right"
    assert spanned("a.0", "b.1") == "a.0 to b.1"
    assert spanned("a.0", "a") == "a.0 to a"
