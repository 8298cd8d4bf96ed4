"""What torch warns of while it is watched, it warns of in the name of the user's own line."""

import bdb
import cProfile
import linecache
import logging
import marshal
import pickle
import pstats
import sys
import tracemalloc
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

import gradviz
from gradviz.recording.reading.where import INSIDE, USER, level
from gradviz.recording.unseen.on_behalf import OnBehalf
from gradviz.system.frames import Borrowed


@pytest.fixture(autouse=True)
def untraced():
    """Without a tracer, as that of coverage, beside which gradviz calls plainly."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)  # which a debugger takes out for good


def wrong_sizes():
    return F.mse_loss(nn.Linear(3, 1)(torch.ones(4, 3)), torch.zeros(4))


def through_a_module():
    return nn.MSELoss()(nn.Linear(3, 1)(torch.ones(4, 3)), torch.zeros(4))


def out_of_another_size():
    return torch.add(torch.ones(3), torch.ones(3), out=torch.empty(2))


def a_module_without_its_dimension():
    return nn.Softmax()(nn.LogSoftmax()(torch.ones(2, 3)))


def a_function_without_its_dimension():
    return F.softmin(F.log_softmax(torch.ones(2, 3)))


def an_array_that_is_not_writable():
    torch._C._set_warnAlways(True)  # else once a process
    try:
        array = np.broadcast_to(np.float32(1), (3,))
        return torch.from_numpy(array), torch.as_tensor(array)
    finally:
        torch._C._set_warnAlways(False)


def own_function():
    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            warnings.warn("from forward", UserWarning, stacklevel=1)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g

    return Own.apply(torch.ones(2, requires_grad=True)).sum()


def a_hook_that_warns_for_who_called_backward():
    value = torch.ones(2, requires_grad=True) * 2
    value.register_hook(lambda _: warnings.warn("from a hook", UserWarning, stacklevel=5))
    value.sum().backward()


def a_module_s_hook_where_no_input_has_gradient():
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda *_: None)
    layer(torch.ones(1, 2)).sum().backward()


def a_hook_called_by_the_function_of_torch():
    value = torch.ones(2, requires_grad=True) * 2
    value.register_hook(lambda _: warnings.warn("from a hook", UserWarning, stacklevel=4))
    torch.autograd.backward([value.sum()])


def a_part_that_is_checkpointed():
    def part(x):
        warnings.warn("from a part", UserWarning, stacklevel=2)
        return x.exp()

    checkpoint(part, torch.ones(2, requires_grad=True), use_reentrant=True).sum().backward()


def warned(step, *, watched):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if watched:
            with gradviz.trace():
                step()
        else:
            step()
    return [(item.filename, item.lineno, item.category, str(item.message)) for item in caught]


@pytest.mark.parametrize(
    "step",
    [
        wrong_sizes,
        through_a_module,
        out_of_another_size,
        a_module_without_its_dimension,
        a_function_without_its_dimension,
        an_array_that_is_not_writable,
        own_function,
        a_hook_that_warns_for_who_called_backward,
        a_module_s_hook_where_no_input_has_gradient,
        a_hook_called_by_the_function_of_torch,
        a_part_that_is_checkpointed,
    ],
)
def test_a_warning_names_the_line_that_it_names_unwatched(step):
    unwatched = warned(step, watched=False)
    assert unwatched
    assert warned(step, watched=True) == unwatched


def test_a_log_record_names_the_line_that_it_names_unwatched(caplog):
    def step():
        value = torch.ones(2, requires_grad=True) * 2
        value.register_hook(lambda _: logging.getLogger("own").warning("came", stacklevel=5))
        value.sum().backward()

    step()
    with gradviz.trace():
        step()
    unwatched, watched = [(record.pathname, record.lineno) for record in caplog.records]
    assert watched == unwatched
    assert watched[0] == __file__


@pytest.mark.parametrize("action", ["ignore", "error"])
def test_a_filter_by_the_users_module_holds_while_watched(action):
    with warnings.catch_warnings():
        warnings.simplefilter("error" if action == "ignore" else "ignore")
        warnings.filterwarnings(action, module=__name__.replace(".", r"\."))
        with gradviz.trace():
            if action == "ignore":
                wrong_sizes()
            else:
                with pytest.raises(UserWarning, match="target size"):
                    wrong_sizes()


def test_two_lines_warn_once_each():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        with gradviz.trace():
            for _ in range(2):
                F.l1_loss(torch.ones(4, 1), torch.zeros(4))
                F.l1_loss(torch.ones(4, 1), torch.zeros(4))
    assert len({item.lineno for item in caught}) == len(caught) == 2


def test_a_borrowed_name_is_the_name_to_all_but_gradviz():
    borrowed = Borrowed("train.py")
    assert borrowed == "train.py"
    assert {"train.py": 1}[borrowed] == 1
    assert (level("train.py"), level(borrowed)) == (USER, INSIDE)
    assert type(pickle.loads(pickle.dumps(borrowed))) is str


def measured_memory():
    """Where memory is held, counted by line and saved."""
    assert Borrowed.__hash__ is str.__hash__  # a line of Python would hang here
    tracemalloc.start()
    try:
        kept = [torch.ones(4), torch.ones(4) * 2]
        snapshot = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    del kept
    own = snapshot.filter_traces([tracemalloc.Filter(True, __file__)])
    lines = [line.traceback[0].lineno for line in own.statistics("lineno")]
    return len(lines) == len(set(lines)) and b"gradviz" not in pickle.dumps(own)


def profiled():
    """Where time goes, as it is saved."""
    profile = cProfile.Profile()
    profile.enable()
    through_a_module()
    profile.disable()
    profile.create_stats()
    return [type(pstats.Stats(profile)).__name__, len(marshal.dumps(profile.stats)) > 0]


def names_of_files():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wrong_sizes()
    lines = [linecache.getline(item.filename, item.lineno) for item in caught]
    return [lines, {__file__} == {item.filename for item in caught}]


@pytest.mark.parametrize("step", [measured_memory, profiled, names_of_files])
@pytest.mark.filterwarnings("ignore")
def test_tools_that_keep_names_of_files_work_while_watched(step):
    unwatched = step()
    with gradviz.trace():
        assert step() == unwatched


def test_one_code_with_other_globals_has_a_maker_of_its_own():
    code = compile("maker = calls.maker(sys._getframe())", "own.py", "exec")
    calls = OnBehalf()
    makers = []
    for _ in range(2):
        names = {"calls": calls, "sys": sys}
        exec(code, names)
        assert names["maker"].__globals__ is names
        makers.append(names["maker"])
    assert makers[0](max, (1, 2), {}) == makers[1](max, (1, 2), {}) == 2


def test_a_debugger_stops_once_in_a_line_that_calls_torch():
    class Counting(bdb.Bdb):
        stops = 0

        def user_line(self, frame):
            self.stops += self.break_here(frame)
            self.set_continue()

    debugger = Counting()
    line = through_a_module.__code__.co_firstlineno + 1
    debugger.set_break(__file__, line)
    with warnings.catch_warnings(), gradviz.trace():
        warnings.simplefilter("ignore")
        debugger.runcall(through_a_module)
    assert debugger.stops == 1
