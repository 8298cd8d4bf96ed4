"""Every way by which a value leaves what is watched is followed, or what depends on it is said to
be uncertain.
"""

import multiprocessing
import queue
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.checkpoint import checkpoint
from torch.utils.dlpack import from_dlpack, to_dlpack

import gradviz
from gradviz.graph import Verdict

X = torch.linspace(-1, 1, 12).view(3, 4).sin()


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.early, self.late = nn.Linear(4, 4), nn.Linear(4, 4)


@torch.library.custom_op("gradviz_tests::fill", mutates_args=("target",))
def fill(source: Tensor, target: Tensor) -> None:
    target.copy_(source * 3)


def by_thread(model: Pair) -> Tensor:
    found: list[Tensor] = []
    thread = threading.Thread(target=lambda: found.append(model.early(X).detach()))
    thread.start()
    thread.join()
    return found[0]


def by_pool(model: Pair) -> Tensor:
    with ThreadPoolExecutor(2) as pool:
        return torch.stack([part.detach() for part in pool.map(model.early, X)])


def by_pool_that_was_there(model: Pair) -> Tensor:
    return POOL.submit(lambda: model.early(X).detach()).result()


def by_pool_of_multiprocessing(model: Pair) -> Tensor:
    with ThreadPool(2) as pool:
        return torch.stack(pool.map(lambda row: model.early(row).detach(), list(X)))


def by_write_of_a_thread(model: Pair) -> Tensor:
    target = torch.zeros(3, 4)

    def write() -> None:
        with torch.no_grad():
            target.copy_(model.early(X))

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    return target


def by_average(model: Pair) -> Tensor:
    average = AveragedModel(model.early)
    average.update_parameters(model.early)
    average.update_parameters(model.early)
    return average(X).detach()  # type: ignore[no-any-return]


def by_operator(model: Pair) -> Tensor:
    target = torch.zeros(3, 4)
    fill(model.early(X), target)
    return target


def by_packet(model: Pair) -> Tensor:
    target = torch.zeros(3, 4)
    torch.ops.gradviz_tests.fill(model.early(X).detach(), target)
    return target


def by_running_mean(model: Pair) -> Tensor:
    norm = nn.BatchNorm1d(4, affine=False)
    norm(model.early(X))
    return norm.running_mean.expand(3, 4)  # type: ignore[union-attr]


def by_gradient(model: Pair) -> Tensor:
    given = X.clone().requires_grad_()
    model.early(given).pow(2).sum().backward()
    assert given.grad is not None
    return given.grad


def by_norm_of_gradients(model: Pair) -> Tensor:
    model.early(X).pow(2).sum().backward()
    return X * nn.utils.clip_grad_norm_(model.early.parameters(), 1.0)


def by_set(model: Pair) -> Tensor:
    return torch.empty(0).set_(model.early(X).detach())  # type: ignore[call-overload,no-any-return]


def by_capsule(model: Pair) -> Tensor:
    return from_dlpack(to_dlpack(model.early(X).detach()))


def by_subclass(model: Pair) -> Tensor:
    return torch.Tensor._make_subclass(torch.Tensor, model.early(X))  # type: ignore[no-any-return,arg-type]


def by_queue_of_processes(model: Pair) -> Tensor:
    jobs = torch.multiprocessing.get_context("fork").SimpleQueue()
    jobs.put(model.early(X).detach())
    return jobs.get()  # type: ignore[no-any-return]


def by_list_of_a_storage(model: Pair) -> Tensor:
    return torch.tensor(model.early(X).detach().storage().tolist()).view(3, 4)


def by_file(model: Pair) -> Tensor:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "early.bin")
        model.early(X).detach().numpy().tofile(path)
        return torch.from_file(str(path), size=12).view(3, 4).clone()


POOL = ThreadPoolExecutor(1)
POOL.submit(int).result()

WAYS = [
    by_thread,
    by_pool,
    by_pool_that_was_there,
    by_pool_of_multiprocessing,
    by_write_of_a_thread,
    by_average,
    by_operator,
    by_packet,
    by_running_mean,
    by_gradient,
    by_norm_of_gradients,
    by_set,
    by_capsule,
    by_subclass,
    by_queue_of_processes,
    by_list_of_a_storage,
    by_file,
]

BY_PYTHON = [by_queue_of_processes, by_list_of_a_storage, by_file]
"""Python has the numbers, and what it does with them is not seen."""


def traced(way: Callable[[Pair], Tensor]) -> gradviz.Report:
    model = Pair()
    with gradviz.trace() as trace:
        loss = model.late(way(model)).sum()
        loss.backward()
    return trace.report(loss, model)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WAYS)
def test_a_value_that_comes_back_is_cut_at_its_line(way: Callable[[Pair], Tensor]) -> None:
    report = traced(way)
    assert report.parameters["early.weight"].verdict is Verdict.CUT
    assert report.parameters["late.weight"].verdict is Verdict.REACHED
    assert {Path(cut.file).name for cut in report.cuts} == {"test_leaving.py"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WAYS)
def test_a_value_that_stays_away_is_unused_and_for_certain_if_torch_alone_had_it(
    way: Callable[[Pair], Tensor],
) -> None:
    def dropped(model: Pair) -> Tensor:
        way(model)
        return torch.ones(3, 4)

    parameter = traced(dropped).parameters["early.weight"]
    assert (parameter.verdict, parameter.uncertain) == (Verdict.UNUSED, way in BY_PYTHON)


def test_what_a_thread_computes_with_gradient_is_reached_and_has_its_line() -> None:
    found: list[Tensor] = []

    def live(model: Pair) -> Tensor:
        thread = threading.Thread(target=lambda: found.append(model.early(X).tanh()))
        thread.start()
        thread.join()
        return found.pop()

    report = traced(live)
    assert all(one.verdict is Verdict.REACHED for one in report.parameters.values())
    assert report.notes == ()
    tanh = next(node for node in report.graph.nodes if node.operation == "TanhBackward0")
    assert tanh.place is not None
    assert "model.early(X).tanh()" in tanh.place.code


def test_a_thread_is_left_as_it_was() -> None:
    modes: list[object] = []
    bootstrap, run = threading.Thread._bootstrap_inner, threading.Thread.run  # type: ignore[attr-defined]

    def look() -> None:
        modes.append(torch.overrides._get_current_function_mode_stack())

    with gradviz.trace():
        during = threading.Thread(target=look)
        during.start()
        during.join()
        POOL.submit(int).result()
    POOL.submit(look).result()
    assert [len(stack) for stack in modes] == [1, 0]  # type: ignore[arg-type]
    assert threading.Thread._bootstrap_inner is bootstrap  # type: ignore[attr-defined]
    assert threading.Thread.run is run


def test_a_value_that_a_child_process_may_have_used_is_uncertain() -> None:
    shared = torch.zeros(3, 4).share_memory_()

    def forked(model: Pair) -> Tensor:
        def write() -> None:
            with torch.no_grad():
                shared.copy_(model.early(X))

        target = shared.share_memory_()
        process = multiprocessing.get_context("fork").Process(target=write)
        process.start()
        process.join()
        return target

    report = traced(forked)
    parameter = report.parameters["early.weight"]
    assert (parameter.verdict, parameter.uncertain) == (Verdict.UNUSED, True)
    assert any("left torch at" in note for note in report.notes)


def test_what_came_of_a_thread_that_ran_before_is_uncertain() -> None:
    jobs: queue.Queue[Callable[[], Tensor] | None] = queue.Queue()
    results: queue.Queue[Tensor] = queue.Queue()

    def serve() -> None:
        while (job := jobs.get()) is not None:
            results.put(job())

    server = threading.Thread(target=serve, name="server")
    server.start()

    def asked(model: Pair) -> Tensor:
        jobs.put(lambda: model.early(X).detach())
        return results.get()

    try:
        report = traced(asked)
    finally:
        jobs.put(None)
        server.join()
    parameter = report.parameters["early.weight"]
    assert (parameter.verdict, parameter.uncertain) == (Verdict.UNUSED, True)
    assert any("server" in note for note in report.notes)


def inside_a_checkpoint(
    inner: Callable[[Pair, Tensor], Tensor], *, backward: bool
) -> gradviz.Report:
    model = Pair()
    with gradviz.trace() as trace:
        loss = checkpoint(
            lambda given: inner(model, given), X.clone().requires_grad_(), use_reentrant=True
        ).sum()
        if backward:
            loss.backward()
    return trace.report(loss, model)


@torch.no_grad()
def quietly(model: Pair, given: Tensor) -> Tensor:
    return model.early(given)  # type: ignore[no-any-return]


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        (lambda model, given: model.late(model.early(given).detach() + given), "detach"),
        (lambda model, given: model.late(given) * model.early(given).mean().item(), "item"),
        (lambda model, given: model.late(quietly(model, given) + given), "no_grad"),
        (
            lambda model, given: model.late(given) * model.early(given).argmax(1, keepdim=True),
            "non_differentiable",
        ),
    ],
)
def test_what_severs_inside_a_reentrant_checkpoint_is_the_cut(
    inner: Callable[[Pair, Tensor], Tensor], kind: str, *, backward: bool
) -> None:
    report = inside_a_checkpoint(inner, backward=backward)
    assert report.parameters["early.weight"].verdict is Verdict.CUT
    assert report.parameters["late.weight"].verdict is Verdict.REACHED
    assert [cut.kind for cut in report.cuts] == [kind]


@pytest.mark.parametrize("backward", [False, True])
def test_a_whole_route_inside_a_reentrant_checkpoint_is_reached(*, backward: bool) -> None:
    report = inside_a_checkpoint(
        lambda model, given: model.late(model.early(given)), backward=backward
    )
    assert all(
        one.verdict is Verdict.REACHED and not one.partial for one in report.parameters.values()
    )
    assert report.cuts == ()
