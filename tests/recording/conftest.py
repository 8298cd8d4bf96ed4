"""What several tests of the recording begin with."""

from textwrap import dedent

import pytest
from coded import Program


@pytest.fixture
def program(tmp_path):
    """What makes a program of its source."""

    def make(text: str) -> Program:
        file = tmp_path / "program.py"
        file.write_text(dedent(text))
        return Program(dedent(text), compile(dedent(text), str(file), "exec"))

    return make
