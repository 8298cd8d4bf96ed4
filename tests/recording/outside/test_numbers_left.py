"""A number is known again as the very object that left, and no other of its value is."""

from gradviz.recording.outside.numbers_left import NumbersLeft


def test_the_very_object_is_known_again_and_what_left_last_by_it():
    numbers, one, other = NumbersLeft(), float("0.25"), float("0.75")
    numbers.left([one, other], 1)
    assert numbers.sources((one, other)) == ((1,), True)
    numbers.left(other, 2)
    assert numbers.sources([[one], other]) == ((2, 1), True)
    assert numbers.sources([one, float("0.25")]) == ((1,), False)
    assert numbers.sources("none") == ((), False)
