"""A tensor that was pickled and read again is a new one."""

import pickle

from traced import cut, through

from gradviz.causes.pickled import CAUSES
from gradviz.graph import CutKind


def test_what_was_pickled_comes_back_as_a_new_tensor():
    found = cut(through(lambda hidden: pickle.loads(pickle.dumps(hidden.detach()))))
    assert found.kind in (CutKind.DETACH, CutKind.NEW_TENSOR)
    assert "pickle" in found.code


def test_it_is_written_by_the_name_of_the_module():
    assert [*CAUSES[0].calls.values()] == ["pickle"]
