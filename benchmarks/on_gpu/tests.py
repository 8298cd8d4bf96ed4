"""The cases and the healthy programs of ``tests/``, their tensors on the device."""

import random
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import gradviz

from . import device
from .device import Row

TESTS = Path(__file__).resolve().parents[2] / "tests"
sys.path.insert(0, str(TESTS))  # before this folder, which has a ``healthy`` too


def cases() -> Iterator[Row]:
    """Every case of tests/cases, its tensors on the GPU."""
    import scoring

    right, listed = dict.fromkeys(scoring.FIGURES, 0), dict.fromkeys(scoring.FIGURES, 0)
    judged = false = 0
    refused, complaints = [], []
    for path in sorted((TESTS / "cases").glob("[0-9]*.py")):
        with torch.device(device.name()):
            reason = _plain_failure(scoring.load(path).step)
            case = scoring.load(path)
            if reason or not scoring.holds_here(case):
                refused.append(f"{path.name}: {reason}")
                continue
            try:
                score = scoring.score(case, path, scoring.judged(case))
            except Exception as error:
                complaints.append(f"{path.name}: {device.worded(error)}")
                continue
        judged += 1
        false += score.false
        complaints += [f"{path.name}: {complaint}" for complaint in score.complaints]
        for figure in scoring.FIGURES:
            right[figure] += score.right[figure]
            listed[figure] += score.listed[figure]
    for line in complaints:
        print(f"    {line}")
    print("\n".join(f"    not run: {line}" for line in refused), file=sys.stderr)
    for figure in scoring.FIGURES:
        share = f"{right[figure]}/{listed[figure]}"
        yield f"{figure} of {judged} cases", share, right[figure] == listed[figure]
    yield "innocent lines named", str(false), false == 0
    yield "cases that torch refuses there", str(len(refused)), None


def _plain_failure(step: Callable[[], tuple[Tensor, object]]) -> str:
    """Return how a case fails untraced; an empty text where it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loss, _ = step()
            if loss.requires_grad:
                loss.backward()
        except Exception as error:
            return device.worded(error)
        finally:
            torch.set_grad_enabled(True)
    return ""


def programs() -> Iterator[Row]:
    """The healthy programs of tests/healthy.py come to the same, to the bit."""
    from healthy import PROGRAMS

    same, loose, refused, other = 0, [], [], []
    for name, program in PROGRAMS.items():
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
