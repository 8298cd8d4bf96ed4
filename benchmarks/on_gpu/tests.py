"""The cases and the healthy programs of ``tests/``, their tensors on the device.

On a CPU every twentieth case and every tenth program: ``tests/`` itself judges all of them there.
"""

import multiprocessing
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import gradviz

from . import device
from .device import Row

if TYPE_CHECKING:
    import scoring

TESTS = Path(__file__).resolve().parents[2] / "tests"
sys.path.insert(0, str(TESTS))  # before this folder, which has a ``healthy`` too


def cases() -> Iterator[Row]:
    """Every case of tests/cases, its tensors on the device, in a process that may die of it."""
    import scoring

    right, listed = dict.fromkeys(scoring.FIGURES, 0), dict.fromkeys(scoring.FIGURES, 0)
    judged = false = 0
    refused, complaints = [], []
    worker = Worker()
    paths = sorted((TESTS / "cases").glob("[0-9]*.py"))
    for path in paths if device.is_cuda() else paths[::20]:
        reason = worker.call(_plain_failure, path, device.name())
        if reason:
            refused.append(f"{path.name}: {reason}")
            continue
        score = worker.call(_score, path, device.name())
        if isinstance(score, str):
            complaints.append(f"{path.name}: {score}")
            continue
        judged += 1
        false += score.false
        complaints += [f"{path.name}: {complaint}" for complaint in score.complaints]
        for figure in scoring.FIGURES:
            right[figure] += score.right[figure]
            listed[figure] += score.listed[figure]
    worker.end()
    for line in complaints:
        print(f"    {line}")
    print("\n".join(f"    not run: {line}" for line in refused), file=sys.stderr)
    for figure in scoring.FIGURES:
        share = f"{right[figure]}/{listed[figure]}"
        yield f"{figure} of {judged} cases", share, right[figure] == listed[figure]
    yield "innocent lines named", str(false), false == 0
    raised = [line for line in complaints if "Error" in line]
    yield "cases in which gradviz or the step raised", str(len(raised)), not raised
    yield "cases that torch itself refuses there", str(len(refused)), None


class Worker:
    """A process that calls what it is given, one call after another; a new one where it dies."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def call(self, function: Callable[..., Any], *given: object) -> Any:
        """Return what a function returns; what the process died of as a text."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        try:
            return self._pool.submit(function, *given).result()
        except BrokenProcessPool:
            self._pool = None
            return "the process died"

    def end(self) -> None:
        """Let the process end."""
        if self._pool is not None:
            self._pool.shutdown()


def _plain_failure(path: Path, name: str) -> str:
    """Return how a case fails untraced on a device; an empty text where it runs."""
    import scoring

    try:
        with torch.device(name), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            case = scoring.load(path)
            loss, _ = case.step()
            if loss.requires_grad:
                loss.backward()
    except Exception as error:
        return device.worded(error)
    finally:
        torch.set_grad_enabled(True)
    return "" if scoring.holds_here(case) else f"asks for torch {case.SINCE}"


def _score(path: Path, name: str) -> "scoring.Score | str":
    """Return how a report of a case on a device compares; the error as a text, where one comes."""
    import scoring

    try:
        with torch.device(name):
            case = scoring.load(path)
            return scoring.score(case, path, scoring.judged(case))
    except Exception as error:
        return device.worded(error)


def programs() -> Iterator[Row]:
    """The healthy programs of tests/healthy.py come to the same, to the bit."""
    from healthy import PROGRAMS

    same, loose, refused, other = 0, [], [], []
    for name, program in list(PROGRAMS.items())[:: 1 if device.is_cuda() else 10]:
        try:
            first, second = _outcome(program), _outcome(program)
        except Exception as error:
            refused.append(f"{name}: {device.worded(error)}")
            continue
        if first != second:  # atomic additions come in any order
            loose.append(name)
            continue
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", message="gradviz stopped watching")
                with gradviz.trace():
                    traced = _outcome(program)
        except Exception as error:
            other.append(f"{name}: {device.worded(error)}")
            continue
        if traced == second:
            same += 1
        else:
            other.append(name)
    for line in other:
        print(f"    differs: {line}")
    print("\n".join(f"    not run: {line}" for line in refused + loose), file=sys.stderr)
    yield (
        "healthy programs, traced, the same to the bit",
        f"{same}/{same + len(other)}",
        not other,
    )
    yield "programs that differ from run to run", str(len(loose)), None
    yield "programs that torch refuses there", str(len(refused)), None


def _outcome(program: Callable[[], object]) -> object:
    from test_healthy import bits

    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    with torch.device(device.name()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = bits(program())
    state = torch.cuda.get_rng_state().tolist() if device.is_cuda() else None
    return value, torch.get_rng_state().tolist(), state, random.random(), np.random.rand()
