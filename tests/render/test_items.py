"""What is written in a box."""

import pytest

from gradviz.render.items import idle_words, relative, repeated, size_of


@pytest.mark.parametrize(
    ("path", "frame", "left"),
    [
        ("a.b.c", "a.b", "c"),
        ("a.b", "a.b", ""),
        ("a.bc", "a.b", "a.bc"),
        ("a.b", "", "a.b"),
    ],
)
def test_a_path_is_told_without_the_frame_around_it(path, frame, left):
    assert relative(path, frame) == left


def test_a_name_says_how_often_it_is_there_where_that_is_more_than_once():
    assert repeated("h.0..11", 12) == "h.0..11 ×12"
    assert repeated("head", 1) == "head"
    assert repeated("step", 1234) == "step ×1,234"


def test_of_one_tensor_the_sizes_are_told_and_of_several_their_number():
    assert size_of(1, 6, (2, 3)) == "(2, 3)"
    assert size_of(1, 1, ()) == "(scalar)"
    assert size_of(2, 1500) == "2 tensors, 1.5 k values"
    assert size_of(0, 0) == ""


def test_what_does_not_train_is_told_alone_or_counted():
    assert idle_words(1, 1) == idle_words(4, 4) == "does not train"
    assert (idle_words(1, 4), idle_words(3, 4)) == ("1 does not train", "3 do not train")
