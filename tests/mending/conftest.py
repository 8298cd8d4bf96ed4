"""One nursery for all tests: torch is imported once. And programs that are mended in it."""

import textwrap

import pytest

from gradviz.mending.laboratory import Nursery
from gradviz.mending.mend import mend

_HEAD = (
    "import os\nimport time\nimport torch\nimport torch.nn.functional as F\nfrom torch import"
    " nn\n\n\n"
)


@pytest.fixture(scope="session")
def nursery():
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def mended(tmp_path, monkeypatch, nursery):
    """Mend a program, given as text after the usual imports."""
    monkeypatch.chdir(tmp_path)

    def mended(program, step="train.py:step", **options):
        (tmp_path / "train.py").write_text(_HEAD + textwrap.dedent(program).lstrip())
        return mend(step, cost=False, nursery=nursery, **options)

    return mended
