"""Who watches shares one hook of each kind with all others who do."""

import gc
import sys
import threading

import torch
from torch import nn
from torch.optim import optimizer as torch_optimizer

import gradviz
from gradviz.recording import torch_hooks
from gradviz.recording.torch_inside import BEFORE_STEPS

STEPS = 30


def hooks():
    return len(torch_optimizer._global_optimizer_pre_hooks)


def train(steps=STEPS):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        with gradviz.trace() as trace:
            loss = model(torch.ones(2, 4)).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert trace.report(loss, model).parameters["weight"].verdict == "reached"


def test_threads_trace_and_step_beside_each_other(monkeypatch):
    monkeypatch.setattr(torch_hooks, "_shared", {})
    failures = []

    def work():
        try:
            train()
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert gc.isenabled()
    for shared in torch_hooks._shared.values():
        assert shared.watchers == {}
        shared.handle.remove()


def test_threads_that_run_compiled_code_eagerly_leave_the_stance_as_it_was():
    compiled = torch.compile(nn.Linear(4, 1), backend="eager")
    compiled(torch.ones(2, 4))
    eval_frame = sys.modules["torch._dynamo.eval_frame"]
    stance = eval_frame._stance
    entered = threading.Barrier(2)

    def work(seconds):
        with gradviz.trace():
            entered.wait()
            left.wait(seconds)

    left = threading.Event()
    threads = [threading.Thread(target=work, args=(seconds,)) for seconds in (0, 0.5)]
    for thread in threads:
        thread.start()
    threads[0].join()
    left.set()
    threads[1].join()
    assert eval_frame._stance is stance


def test_one_thread_leaves_no_hook():
    before = hooks()
    train(1)
    assert hooks() == before


def test_the_hook_stays_as_long_as_somebody_watches():
    calls = []
    first, second = (
        torch_hooks.Hook(BEFORE_STEPS, lambda *_, name=name: calls.append(name)) for name in "ab"
    )
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    first.put_in()
    second.put_in()
    optimizer.step()
    first.take_out()
    optimizer.step()
    second.take_out()
    optimizer.step()
    assert calls == ["a", "b", "b"]
