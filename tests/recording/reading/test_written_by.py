"""Whether a call of numpy, or of an array's method, may fill an array that it was handed."""

import ast

import pytest

from gradviz.recording.reading.written_by import may_write


def written(text):
    return may_write(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    "text",
    [
        "np.multiply(a, 2.0, buf)",
        "np.exp(a, held[0])",
        "np.sum(a, 0, None, self.buf)",
        "np.exp(a, buf.reshape(4))",
        "np.exp(*pair)",
        "np.exp(a, out=buf)",
        "np.exp(a, **more)",
        "a.mean(0, None, buf)",
        "a.sum(out=buf)",
    ],
)
def test_an_array_that_another_holds_may_be_filled(text):
    assert written(text)


@pytest.mark.parametrize(
    "text",
    [
        "np.exp(a)",
        "np.sum(a, 0)",
        "np.maximum(a, b)",
        "np.where(a, b, c)",
        "np.array(a, np.float32)",
        "np.reshape(a, (2, 3))",
        "math.pow(a, b)",
        "a.sum(0)",
        "a.get(b)",
        "abs(a)",
    ],
)
def test_what_is_only_read_is_filled_by_nothing(text):
    assert not written(text)
