"""The variables of a running script, in the order in which their names are preferred."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
from torch import nn

from gradviz.running.variables import file_of_class, inside, local_variables, spaces


@pytest.fixture
def module(monkeypatch, tmp_path):
    """A module of the user's, imported from a file of his own."""
    (tmp_path / "of_the_user.py").write_text("net = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "of_the_user", raising=False)
    __import__("of_the_user")
    yield sys.modules["of_the_user"]
    del sys.modules["of_the_user"]


def found(frame):
    return [dict(space) for space, _ in spaces(frame)]


def test_a_frame_comes_before_the_modules_and_a_module_of_torch_not_at_all(module):
    mine = "here"
    found_spaces = found(sys._getframe())
    place = next(n for n, space in enumerate(found_spaces) if space.get("mine") == mine)
    assert found_spaces.index({"net": 1}) > place
    assert not any("Linear" in space and "Module" in space for space in found_spaces)


def test_a_module_that_takes_the_place_of_anothers_is_seen(monkeypatch, module):
    assert {"net": 1} in found(None)
    monkeypatch.setitem(sys.modules, "torch.nn", module)
    assert found(None).count({"net": 1}) == 2


def test_what_is_no_module_is_passed_over(monkeypatch):
    monkeypatch.setitem(sys.modules, "of_nobody", SimpleNamespace(held_by_nobody=1))
    assert not any("held_by_nobody" in space for space in found(None))


def test_a_value_is_entered_by_its_elements_and_its_own_attributes():
    assert list(inside("a", [[1], "x"])) == [("a[0]", [1])]
    assert list(inside("a", {"k": (), None: ()})) == [("a['k']", ())]
    model = nn.Sequential(nn.Linear(1, 1))
    model.agent = held = [1]
    assert ("a.agent", held) in list(inside("a", model))
    assert "a._modules" not in dict(inside("a", model))


def test_a_frame_has_the_variables_that_it_runs_with():
    held = ModuleType("held")
    assert dict(local_variables(sys._getframe()))["held"] is held
    assert file_of_class(nn.Linear).endswith("linear.py")
