"""Whose code a line is: the user's, another package's, or torch's own."""

import os
import sys
import sysconfig
import types

import torch
import torch.fx
from torch.overrides import TorchFunctionMode
from traced import X, report_of

from gradviz.recording.reading import where
from gradviz.recording.reading.where import INSIDE, LIBRARY, USER, file_of, level


def test_a_console_script_is_no_code_of_the_users():
    assert level(os.path.join(sysconfig.get_path("scripts"), "train-it")) == LIBRARY
    assert level(os.path.join(sysconfig.get_path("purelib"), "trainer", "loop.py")) == LIBRARY
    assert level(os.path.join(sysconfig.get_path("stdlib"), "functools.py")) == INSIDE
    assert level(__file__) == USER


def half_detached(h):
    return h + h.detach()


def replayed_by(make):
    """Say whether a detach in a graph of torch.fx counts as one of the user's."""
    made = []

    def step(net):
        made.append(make(half_detached))
        return made[0](net.first(X)).square().mean()

    return report_of(step).parameters["first.weight"].partial


def test_what_a_graph_of_fx_holds_is_no_decision_of_torchs():
    assert replayed_by(torch.fx.symbolic_trace)
    assert replayed_by(lambda f: torch.fx.Interpreter(torch.fx.symbolic_trace(f)).run)
    assert replayed_by(lambda f: lambda h: h + torch.ops.aten.detach.default(h))


def test_a_graph_of_fx_that_detaches_nothing_severs_nothing():
    assert not replayed_by(lambda f: torch.fx.symbolic_trace(lambda h: h + h.sigmoid()))


class Guarded(types.ModuleType):
    def __getattr__(self, name):
        raise KeyError(name)


class NoModule:
    __slots__ = ()

    def __getattr__(self, name):
        raise KeyError(name)


def test_the_file_of_whatever_stands_for_a_module_is_told_without_running_its_code():
    module = Guarded("guarded")
    assert file_of(module) == file_of(NoModule()) == file_of(None) == "<frozen "
    module.__file__ = __file__
    assert file_of(module) == __file__
    module.__file__ = None
    assert file_of(module) == "<frozen "


def test_a_default_device_hands_calls_on_in_the_name_of_who_made_them():
    met = []

    class Looking(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            met.append(where.behind_torch_modes(sys._getframe(1)).f_code.co_name)
            return func(*args, **(kwargs or {}))

    def caller():
        return torch.ones(2) + 1

    device = torch.device("cpu")
    with Looking(), device:
        met.clear()
        caller()
    assert met[:2] == ["caller", "caller"]


def test_what_is_remembered_by_file_depends_on_words_too():
    @where.by_file
    def both(code, first, second=0):
        return first, second

    code = both.__code__
    assert both(code, 1, second=2) == (1, 2)
    assert both(code, 1) == (1, 0)
