"""One nursery for all tests: torch is imported once."""

import pytest

from gradviz.mending.laboratory import Nursery


@pytest.fixture(scope="session")
def nursery():
    with Nursery() as nursery:
        yield nursery
