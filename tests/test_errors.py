"""One family of errors."""

import pytest

import gradviz
from gradviz import errors
from gradviz.errors import GradvizError

FAMILY = [item for item in vars(errors).values() if isinstance(item, type)]


@pytest.mark.parametrize("error", FAMILY)
def test_every_error_is_caught_by_one_name_and_says_when_it_is_raised(error):
    assert issubclass(error, GradvizError)
    assert error.__doc__.strip()


def test_what_a_step_can_raise_is_a_member():
    with pytest.raises(GradvizError, match="loss"):
        gradviz.report("no loss")
