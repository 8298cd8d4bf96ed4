"""Several patches of one file become one where they touch different lines."""

from gradviz.mending.together import merged

BEFORE = b"a\nb\nc\nd\n"


def test_patches_of_different_lines_go_together():
    assert merged({"f": BEFORE}, [{"f": b"A\nb\nc\nd\n"}, {"f": b"a\nb\nd\n"}]) == {
        "f": b"A\nb\nd\n"
    }


def test_patches_of_different_files_go_together():
    assert merged({"f": BEFORE, "g": b"x\n"}, [{"f": b"a\n"}, {"g": b"y\n"}]) == {
        "f": b"a\n",
        "g": b"y\n",
    }


def test_the_same_change_is_made_once():
    assert merged({"f": BEFORE}, [{"f": b"a\nB\nc\nd\n"}, {"f": b"a\nB\nc\nD\n"}]) == {
        "f": b"a\nB\nc\nD\n"
    }


def test_two_changes_of_one_line_do_not_go_together():
    assert merged({"f": BEFORE}, [{"f": b"a\nB\nc\nd\n"}, {"f": b"a\nX\nc\nd\n"}]) is None
    assert (
        merged({"f": BEFORE}, [{"f": b"a\nnew\nb\nc\nd\n"}, {"f": b"a\nother\nb\nc\nd\n"}]) is None
    )
