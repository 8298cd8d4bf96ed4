"""What a trial saw travels as text and comes back as it was."""

from gradviz.mending.outcome import CallBits, Failure, KeptMemory, Part, TrialOutcome


def test_everything_comes_back():
    outcome = TrialOutcome(
        failure=Failure(kind="ValueError", message="no", file="a.py", line=3),
        calls=(CallBits(loss="00", value="0", gradients={"w": "ab", "b": None}, finite=False),),
        seconds=1.5,
        peak=7,
        times=(0.1, 0.2),
        saved=12,
        kept=KeptMemory(
            parts=(Part(path="", parent=-1, bytes=3), Part(path="a", parent=0, bytes=4)),
            file="a.py",
            line=3,
            code="loss.backward()",
            reached=2,
        ),
    )
    again = TrialOutcome.from_text(outcome.to_text())
    assert again == outcome
    assert again.kept.bytes == 7


def test_what_was_not_asked_for_is_nothing():
    assert TrialOutcome.from_text(TrialOutcome().to_text()) == TrialOutcome()


def test_two_runs_agree_where_losses_and_gradients_do_in_whatever_order_they_are():
    one = TrialOutcome(calls=(CallBits(loss="00", gradients={"a": "1", "b": "2"}),), seconds=1.0)
    two = TrialOutcome(calls=(CallBits(loss="00", gradients={"b": "2", "a": "1"}),), seconds=2.0)
    other = TrialOutcome(calls=(CallBits(loss="00", gradients={"a": "1", "b": "3"}),))
    assert one.bits == two.bits != other.bits
