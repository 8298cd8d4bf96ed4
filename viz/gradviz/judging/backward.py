"""A backward that gradviz runs itself, where it is asked to.

Watched as the user's own is, and nothing of it stays behind.

``torch.autograd.grad`` leaves ``.grad`` fields alone and does not run what steps in them. Only a
graph with a reentrant checkpoint, which refuses it, is run by a real backward, whose ``.grad``
fields are put back.
"""

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from gradviz.judging.build import Built
from gradviz.judging.model_names import Model, Names
from gradviz.recording import torch_inside
from gradviz.recording.backwards.observer import Observer
from gradviz.recording.calls.ancestry import brought_by
from gradviz.recording.entries.records import Step
from gradviz.recording.tape import Tape
from gradviz.recording.uninterrupted import is_own
from gradviz.system.undo import Action, Undo


def ask(
    tape: Tape, built: Built, losses: tuple[Tensor, ...], model: Model | None, names: Names
) -> str:
    """Run the backward of some losses for the tape, unless the step has run it itself.

    Return why it could not be run, if so.
    """
    leaves = _leaves(tape, built, losses, names)
    if not leaves or any(loss.device.type == "meta" for loss in losses):
        return ""
    if any(brought_by(tape, tape.live(loss)) is not None for loss in losses):
        return ""
    checkpoints = [
        (index, step)
        for index, number in enumerate(built.numbers)
        if (step := tape.steps.get(number)) is not None and step.checkpoint
    ]
    if any(_closes_over_history(tape, built, index, step) for index, step in checkpoints):
        return (
            "a reentrant checkpoint reads a value from outside, and a backward for the report would"
            " free that value's graph before yours"
        )
    reentrant = bool(checkpoints)
    if reentrant:  # what it reads is watched by no edge, and is let go of as the trace ends
        tape.held.update(leaves)
    given = [model] if isinstance(model, nn.Module) else list((model or {}).values())
    observer = Observer(tape)
    backward, error = None, None
    off: list[Action] = []
    with _undisturbed(module for module in given if isinstance(module, nn.Module)), Undo(off):
        try:
            backward = observer.begin(losses, None, off)
            for number, gradient in _run(losses, leaves, real=reentrant):
                backward.take(number, gradient)
        except Exception as raised:
            if not is_own(raised):
                raise
            error = raised
        finally:
            if error is not None and torch_inside.graph_was_freed(error):
                backward = None
            observer.end(backward, error, outermost=True)
            error = None
    if backward is None:
        return "backward() had freed the graph; call it inside the trace"
    return ""


def _leaves(
    tape: Tape, built: Built, losses: tuple[Tensor, ...], names: Names
) -> dict[int, Tensor]:
    """Return the leaves that gradient passes to and that are there, by number.

    Edges lead to them, or they are the model's.
    """
    there = {
        number: tensor
        for tensor in (*names.tensors.values(), *names.wholes.values())
        if (number := tape.leaf_number(tensor))
    }
    there |= tape.held | tape.leaves_before(losses)
    numbers = [built.numbers[index] for index in sorted(built.reached())]
    return {
        number: there[number]
        for number in numbers
        if number in there and there[number].requires_grad
    }


def _run(
    losses: tuple[Tensor, ...], leaves: Mapping[int, Tensor], *, real: bool
) -> Iterator[tuple[int, Tensor]]:
    """Run a backward that keeps the graph.

    Yield what it brings that no hook of a leaf gets to see.
    """
    # torch makes the seed of a scalar itself; given one, it imports sympy to compare the shapes
    seeds = [
        None if loss.numel() == 1 and loss.is_floating_point() else torch.ones_like(loss)
        for loss in losses
    ]
    with torch.enable_grad():
        if not real:
            gradients = torch.autograd.grad(
                losses, tuple(leaves.values()), seeds, retain_graph=True, allow_unused=True
            )
            yield from (
                (number, gradient)
                for number, gradient in zip(leaves, gradients, strict=True)
                if gradient is not None
            )
            return
        with Undo([partial(setattr, leaf, "grad", leaf.grad) for leaf in leaves.values()]):
            for leaf in leaves.values():
                leaf.grad = None
            torch.autograd.backward(losses, seeds, retain_graph=True)


def _closes_over_history(tape: Tape, built: Built, index: int, step: Step) -> bool:
    """Say whether what a reentrant checkpoint runs again reads a value that has a
    graph of its own.
    """
    read = [edge.source for edge in built.links.into[index] if edge.gradient]
    return any(
        built.numbers[source] in tape.steps and built.numbers[source] not in step.nexts
        for source in read
    )


@contextmanager
def _undisturbed(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Put back what a backward may touch.

    Random state, and buffers that a checkpointed forward writes again.
    """
    buffers = [
        buffer for module in modules for buffer in module.buffers() if buffer.device.type != "meta"
    ]
    kept = [
        (buffer, torch_inside.version(buffer), torch_inside.detach(buffer).clone())
        for buffer in buffers
        if not buffer.is_inference()
    ]
    cpu, python = torch.get_rng_state(), random.getstate()
    cuda = (
        torch.cuda.get_rng_state_all()
        if torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        else []
    )
    try:
        yield
    finally:
        torch.set_rng_state(cpu)
        random.setstate(python)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)
        for buffer, version, value in kept:
            if torch_inside.version(buffer) != version or not _is_same(buffer, value):
                with torch.no_grad():
                    buffer.copy_(value)
                torch_inside.set_version(buffer, version)


def _is_same(buffer: Tensor, value: Tensor) -> bool:
    """Say whether a buffer holds a value still: a norm writes its statistics uncounted by torch.

    Of a tensor class the count alone tells, for comparing it may run code of its own.
    """
    if type(buffer) is not Tensor:
        return torch_inside.version(buffer) is not None
    return buffer.layout is torch.strided and torch.equal(buffer, value)
