"""Counts what each module keeps for a backward, as a script runs, with one module changed or none.

In a process that does nothing else: torch's hooks for saved tensors and for modules are put in for
it.
"""

import functools
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import FrameType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from gradviz.costing.saved import SavedBytes
from gradviz.graph import Place
from gradviz.mending.order import Experiment
from gradviz.mending.outcome import KeptMemory, Part
from gradviz.recording import torch_inside
from gradviz.recording.reading import where
from gradviz.recording.tensor_state import history, nodes_before
from gradviz.running import names
from gradviz.system.walk import walk


class _EnoughError(SystemExit):
    """The backward call in question has begun: the script need go no further."""


class Counting:
    """Counts while a ``with`` of it lasts, and ends the script at the backward call asked for.

    Attributes:
        kept: What was counted; None until that call.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.kept: KeptMemory | None = None
        self._experiment = experiment
        self._calls = 0
        self._running: list[tuple[nn.Module, bool]] = []  # and whether autograd recorded before
        self._unrecorded: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._order: weakref.WeakKeyDictionary[nn.Module, int] = weakref.WeakKeyDictionary()
        self._changed: nn.Module | None = None
        self._saving = SavedBytes(saver=self._stack)
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        handles = (
            register_module_forward_pre_hook(self._begins),
            register_module_forward_hook(self._ends, always_call=True),
        )
        for handle in handles:
            self._undo.callback(handle.remove)
        backward = torch.autograd.backward
        torch.autograd.backward = self._counting(backward)
        self._undo.callback(setattr, torch.autograd, "backward", backward)
        self._undo.enter_context(self._saving)
        return self

    def __exit__(self, *error: object) -> None:
        self._undo.close()

    # Modules

    def _stack(self) -> tuple[int, ...]:
        return tuple(id(module) for module, _ in self._running)

    def _begins(self, module: nn.Module, args: Any) -> None:
        if torch.compiler.is_compiling():
            return
        if module not in self._order:
            self._order[module] = len(self._order)
        wanted = self._experiment
        if wanted.change and self._changed is None and self._order[module] == wanted.runs_first:
            self._change(module.get_submodule(wanted.path))
        self._running.append((module, torch.is_grad_enabled()))
        if module in self._unrecorded:
            torch.set_grad_enabled(False)

    def _change(self, module: nn.Module) -> None:
        self._changed = module
        if self._experiment.change == "freeze":
            module.requires_grad_(False)
        else:
            self._unrecorded.update(_called(module))

    def _ends(self, module: nn.Module, args: Any, out: Any) -> None:
        if torch.compiler.is_compiling() or all(part is not module for part, _ in self._running):
            return
        part, records = self._running.pop()
        while part is not module:
            part, records = self._running.pop()
        if module in self._unrecorded:
            torch.set_grad_enabled(records)

    # Backward

    def _counting(self, backward: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(backward)
        def counting(*args: Any, **kwargs: Any) -> Any:
            if self.kept is None and torch_inside.current_node() is None:
                self._calls += 1
                if self._calls == self._experiment.backward:
                    losses = args[0] if args else kwargs.get("tensors")
                    self.kept = self._count(sys._getframe(1), losses)
                    raise _EnoughError(0)
            return backward(*args, **kwargs)

        return counting

    def _count(self, frame: FrameType, losses: Any) -> KeptMemory:
        roots = {
            name: root
            for name, root in names.find(frame).roots.items()
            if isinstance(root, nn.Module)
        }
        modules = [*roots.values(), *self._order]
        there = [tensor for module in modules for tensor in _tensors(module)]
        place = _place(frame)
        leaves = set(_leaves(losses))
        changed = () if self._changed is None else self._changed.parameters()
        return KeptMemory(
            parts=tuple(self._parts(roots, there, leaves)),
            file=place.file,
            line=place.line,
            code=place.code,
            reached=len(leaves - set(map(id, changed))),
        )

    def _parts(
        self, roots: dict[str, nn.Module], there: list[Tensor], leaves: set[int]
    ) -> Iterator[Part]:
        """Yield the modules as a model lists them, what ran in none of them first."""
        modules: dict[int, tuple[str, nn.Module]] = {}
        for root, model in roots.items():
            for inner, module in model.named_modules(prefix=root):
                modules.setdefault(id(module), (inner, module))
        saved: Counter[str] = Counter()
        for stack, count in self._saving.by_saver(there).items():
            path = next((modules[key][0] for key in reversed(stack) if key in modules), "")
            saved[path] += count
        numbers = {path: number for number, (path, _) in enumerate(modules.values(), 1)}
        ways = self._ways()
        yield Part(path="", parent=-1, bytes=saved[""])
        for path, module in modules.values():
            runs_first, path_in = ways.get(id(module), (-1, ""))
            yield Part(
                path=path,
                parent=-1 if path in roots else numbers[path.rpartition(".")[0]],
                bytes=saved[path],
                runs_first=runs_first,
                path_in=path_in,
                reached=sum(id(parameter) in leaves for parameter in module.parameters()),
            )

    def _ways(self) -> dict[int, tuple[int, str]]:
        """Return for each module, by identity, the first that ran of those that it lies in, by its
        place in their order, and its path in that one.
        """
        ways: dict[int, tuple[int, str]] = {}
        for module, number in list(self._order.items()):
            for path, part in module.named_modules():
                ways.setdefault(id(part), (number, path))
        return ways


def _called(module: nn.Module) -> Iterator[nn.Module]:
    """Yield what is called where a module is: itself, or what it only holds."""
    if type(module).forward is not nn.Module.forward:
        yield module
        return
    for child in module.children():
        yield from _called(child)


# What is there


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def _place(frame: FrameType | None) -> Place:
    """Return the line of the user's own that a frame was called from."""
    while frame is not None:
        if where.level(frame.f_code.co_filename) == where.USER:
            return where.place(frame.f_code, frame.f_lasti)
        frame = frame.f_back
    return Place("", 0)


def _leaves(losses: Any) -> Iterator[int]:
    """Yield the leaves that the graphs of some losses lead to, by identity."""
    given = (losses,) if isinstance(losses, Tensor) else tuple(losses or ())
    histories = [history(loss) for loss in given if isinstance(loss, Tensor)]
    for node in walk((node for node in histories if node is not None), nodes_before):
        leaf = getattr(node, "variable", None)  # of a node that writes into .grad
        if isinstance(leaf, Tensor):
            yield id(leaf)
