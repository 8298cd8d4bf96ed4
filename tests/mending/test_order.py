"""An order travels as text and comes back as it was."""

import pytest

from gradviz.mending.order import Experiment, Order


@pytest.mark.parametrize(
    "order",
    [
        Order(step="a.py:step", folder="/x"),
        Order(
            step="train.py",
            folder="/x",
            arguments=("--lr", "0.1"),
            backward="1,3",
            sources={"a.py": "# é\r\n".encode("latin-1")},
            result="out",
            timed=True,
            experiment=Experiment(backward=2, change="freeze", runs_first=1, path="a.b"),
        ),
    ],
)
def test_everything_comes_back_and_bytes_to_the_byte(order):
    assert Order.from_text(order.to_text()) == order


def test_a_file_is_a_script_and_a_function_in_it_is_none():
    assert Order(step="train.py", folder="").is_script
    assert not Order(step="train.py:step", folder="").is_script
    assert not Order(step="package.module:step", folder="").is_script
