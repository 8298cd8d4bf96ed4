"""The command in the corner of a page is what a person types to make it again."""

import sys

import pytest

from gradviz.render.command_line import command_line


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["/usr/bin/python3", "/usr/bin/gradviz", "run", "a.py"], "gradviz run a.py"),
        (["python", "-m", "gradviz", "show", "a b.py:step"], "gradviz show 'a b.py:step'"),
        (["/opt/bin/python3", "-u", "train.py", "--lr", "1"], "python3 -u train.py --lr 1"),
        (["python", "train.py", "gradviz"], "python train.py gradviz"),
    ],
)
def test_the_command_is_as_it_is_typed(words, typed):
    assert command_line(words) == typed


@pytest.mark.parametrize(
    "words",
    [["python"], ["python", "-c", "print(1)"], ["python", "-m", "ipykernel_launcher", "-f", "x"]],
)
def test_a_prompt_and_a_notebook_have_no_command(words):
    assert command_line(words) == ""


def test_what_is_secret_stays_out():
    words = ["python", "/bin/gradviz", "run", "a.py", "--api-key", "s3", "--hf_token=s4", "--lr=1"]
    assert command_line(words) == "gradviz run a.py --api-key ... --hf_token=... --lr=1"


def test_without_words_it_is_that_of_this_process():
    assert command_line() == command_line(sys.orig_argv)
