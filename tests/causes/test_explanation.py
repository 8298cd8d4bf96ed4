"""What every cause says is whole sentences, of one line each."""

import pytest

from gradviz.causes import BY_OPERATION, EXPLANATIONS, captured, raised

ALL = dict.fromkeys(
    (
        *EXPLANATIONS.values(),
        *BY_OPERATION.values(),
        captured.CAPTURED,
        *(refusal.explanation for refusal in raised.REFUSALS),
    )
)


@pytest.mark.parametrize("text", [*ALL], ids=lambda text: text.meaning[:30])
def test_a_meaning_and_a_remedy_are_sentences(text):
    for sentence in (text.meaning, text.mend):
        assert sentence.endswith(".")
        assert sentence == " ".join(sentence.split())
        assert sentence[0].isupper() or sentence[0] in ".dbjhv_cst"  # code begins small


def test_no_two_causes_say_the_same():
    assert len({text.meaning for text in ALL}) == len(ALL)
