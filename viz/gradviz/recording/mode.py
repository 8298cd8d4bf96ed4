"""Sees every torch call of one thread and puts on the tape what matters.

Where gradient is severed, and what that carries along.

The common case, a call whose inputs and outputs are all part of the autograd graph, costs a line in
a list: autograd keeps the rest. Only calls that autograd does not record are written down, and only
if a value of interest went in: one that requires grad, one that was severed before, or a frozen
parameter.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gradviz.graph import GRAD_MODES, CutKind
from gradviz.recording import beside, elsewhere, exits, scripted, torch_inside, transforms, where
from gradviz.recording.arguments import as_array, is_whole, part_at, tensors_in
from gradviz.recording.compiling import values_in
from gradviz.recording.escapes import Escapes, Met, of_interest
from gradviz.recording.exposed import Exposed
from gradviz.recording.fingerprints import is_short
from gradviz.recording.gradients import Gradients
from gradviz.recording.identity import Facts
from gradviz.recording.locked import Locked
from gradviz.recording.named_calls import (
    CASTS,
    FILLS,
    KIND_OF,
    POSITIONS,
    SHAPE_ONLY,
    is_in_place,
    operation_inside,
    operation_text,
)
from gradviz.recording.observe import Backward, Observer
from gradviz.recording.replaced import original_of
from gradviz.recording.stacks import Stacks
from gradviz.recording.step_watch import GradientTouches
from gradviz.recording.tape import Call, Exit, Stamp, Tape, address, base_of, history, is_recorded
from gradviz.recording.torch_inside import (
    dispatch_modes,
    other_modes,
    sequence_number,
    without_torch_function,
)
from gradviz.recording.uninterrupted import is_own
from gradviz.recording.where import NOWHERE, Spot, Surroundings, Switch

_PLAIN = frozenset(
    (
        int,
        float,
        complex,
        str,
        bool,
        type(None),
        torch.dtype,
        torch.device,
        torch.Size,
        torch.layout,
        torch.memory_format,
    )
)
_SEEN: AbstractContextManager[Any] = nullcontext()


class _Known:
    """What is known of a torch function by its name, worked out once."""

    __slots__ = ("after", "before", "name", "plain", "shape_only", "skip_first")

    def __init__(
        self, name: str, before: "Callable[..., Any] | None", after: "Callable[..., Any]"
    ) -> None:
        self.name = name
        self.before = before
        self.after = after
        # zeros_like(x) and x.new_zeros(...) take x's shape, not its value
        self.skip_first = name.endswith("_like") or name.startswith("new_")
        self.shape_only = name in SHAPE_ONLY
        # What it makes carries no value
        self.plain = name in torch_inside.PLAIN_RESULTS or name in POSITIONS


class RecordingMode(TorchFunctionMode):
    """Watches one thread's torch calls for a tape.

    If it fails itself, it stops watching and keeps the reason.
    """

    def __init__(self, tape: Tape, touches: GradientTouches) -> None:
        super().__init__()
        self.tape = tape
        self.touches = touches
        self.failure = ""  # type and text alone: an exception would keep the user's frames alive
        self.switch: Switch | None = None  # what switched grad mode off, while it is off
        # The one in a custom Function's forward, for which torch had switched it off before
        self._switch_inside: Switch | None = None
        self._switch_before: Switch | None = None  # the one before grad mode was last switched on
        self.escapes = Escapes(self._bundle)
        self.exposed = Exposed()
        self._met = Met()
        self.stacks = Stacks(tape.module)
        self.observer = Observer(tape)
        self.gradients = Gradients(tape)
        self.children: list[RecordingMode] = []  # of the threads that this one started
        self.threads: set[int] = set()  # by Python's number
        self.lock: Any = None  # while there are any
        self._known: dict[Any, _Known | None] = {}
        # Of functions that were put in place of torch's
        self._instead: dict[Any, Callable[..., Any]] = {}
        # Those of torch.inference_mode that are entered, the innermost last
        self.inference_blocks: list[Switch] = []
        self._first = 0  # torch's number of the first node that the running call makes
        self._grad_at_start = torch.is_grad_enabled()
        self._runs_beside = bool(elsewhere.thread_that_may_compute())
        self.escapes.any = self._runs_beside

    # The one entry

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        try:
            if self._instead:
                func = self._instead.get(func, func)
            known = self._known[func]
        except KeyError:
            original = original_of(func, sys._getframe(1))
            if original is not func:
                self._instead[func] = func = original
            known = self._known[func] = self._learn(func)
        except TypeError:  # an unhashable callable
            known = None
        if known is None or self.failure:
            return func(*args, **kwargs)
        frame = sys._getframe(1)
        # What is asked of a tensor must not come to the user's own modes and subclasses.
        unseen = without_torch_function() if types or other_modes() or dispatch_modes() else _SEEN
        if self.lock is not None:
            unseen = Locked(self.lock, unseen)
        before = None
        given, named = (
            (args, kwargs)
            if not torch_inside.is_transforming()
            else (transforms.plain(args), transforms.plain(kwargs))
        )
        if known.before is not None or self.exposed.windows:
            try:
                with unseen:
                    if self.exposed.windows:
                        self._look_outside(given, named, frame)
                    if known.before is not None:
                        before = known.before(given, named)
            except BaseException as failure:
                self.failed(failure)
        self._first = sequence_number()
        out = func(*args, **kwargs)
        try:
            with unseen:
                if given is not args:
                    return self._transformed(known, args, (given, named), out, before, frame)
                return known.after(known, args, kwargs, out, before, frame)
        except BaseException as failure:
            self.failed(failure)
            return out

    def failed(self, failure: BaseException) -> None:
        """Stop watching, and keep why.

        What a signal handler raised meanwhile is the user's, and goes on.
        """
        self.failure = described(failure)
        if not is_own(failure):
            raise

    def end(self) -> None:
        """Let every call pass from here on, should torch ask again.

        It puts a mode back that was running as the trace ended.
        """
        self._known = defaultdict(lambda: None)
        self._instead.clear()
        while self.children:
            self.children.pop().end()

    def leave_blocks(self) -> None:
        """Put grad mode back, where an interrupt has kept the block from ending that switched it
        off.
        """
        switch = self.switch
        left_open = switch is not None and (switch.library or not switch.set_by_function)
        if left_open and self._grad_at_start and not torch.is_grad_enabled():
            with without_torch_function():
                torch_inside.set_grad_enabled(True)

    def _learn(self, func: Any) -> _Known | None:
        # "add_.Tensor" of torch.ops.aten.add_.Tensor
        name: str = getattr(func, "__name__", "").partition(".")[0]
        if name in ("__get__", "__set__"):
            attribute = getattr(getattr(func, "__self__", None), "__name__", "")
            if attribute == "data":
                if name == "__set__":
                    return _Known("data", self._before_set_data, self._after_set_data)
                return _Known("data", None, self._after)
            if attribute == "grad":
                return _Known(
                    attribute,
                    None,
                    self._after_set_grad if name == "__set__" else self._after_get_grad,
                )
            if name == "__set__" and attribute == "requires_grad":
                return _Known(attribute, None, self._after_requires_grad)
            if name == "__get__" and attribute in ("T", "mT", "H", "mH", "real", "imag"):
                return _Known(attribute, None, self._after)
            return None
        if name == torch_inside.SET_GRAD_ENABLED:
            return _Known(name, self._before_switch, self._after_switch)
        if name == "detach_":
            return _Known(name, self._before_detach_, self._after_detach_)
        if name == "requires_grad_":
            return _Known(name, None, self._after_requires_grad)
        if name == "register_hook":
            return _Known(name, None, self._after_register_hook)
        if name in exits.NUMBERS or name in exits.TEXTS:
            return _Known(name, None, self._after_escape)
        if name in exits.MEMORY:
            return _Known(name, None, self._after_memory)
        if name == "grad" and getattr(func, "__module__", "") == "torch.autograd":
            return _Known(name, None, self._after_grad)
        if (
            name == "backward"
            or name.startswith(torch_inside.RECORD_FUNCTION)
            or name == "__bool__"
        ):
            return None
        if is_in_place(name):
            return _Known(name, self._before_in_place, self._after_in_place)
        statistics = beside.statistics_of(func, name)
        if statistics is not None:
            return _Known(name, None, partial(self._after_norm, statistics))
        written = beside.written_arguments(func)
        if written:
            return _Known(
                name, partial(self._before_writing, written), partial(self._after_writing, written)
            )
        return _Known(name, None, self._after)

    # Inside torch.func

    def _transformed(
        self,
        known: _Known,
        args: Any,
        plain: tuple[Any, Any],
        out: Any,
        before: Any,
        frame: FrameType,
    ) -> Any:
        """Look at the plain tensors under the wrapped ones.

        Each wrapper's own node is marked too, for the derivative to come.
        """
        if known.name == "requires_grad_":
            return out  # the transform's own, of a wrapper
        result = transforms.plain(out)
        if known.name == "grad":
            self._derived(known, args, plain, out, result, frame)
            return out
        told = known.after(known, *plain, result, before, frame)
        sources: list[int] = []
        self._dead_sources(plain[0], sources, known)
        self._dead_sources(plain[1].values(), sources, None)
        numbers = (
            tuple(self.came_back((*plain[0], *plain[1].values()), frame))
            if self.escapes.any
            else ()
        )
        for node in transforms.layers(out) if sources or numbers else ():
            stamp = self.tape.stamp(node, None, (*sources, *numbers))
            self._mark_factors(stamp, transforms.factors(known.name, args, plain[1], node))
            stamp.factors += numbers if transforms.is_product(node) else ()
        if known.name == "_unpack_dual":
            self._derived(known, (args[0],), plain, out[1:], result[1:], frame)
        return told if told is not result else out

    def _derived(
        self,
        known: _Known,
        args: Any,
        plain: tuple[Any, Any],
        out: Any,
        result: Any,
        frame: FrameType,
    ) -> None:
        """A derivative was taken: note what it depends on beside what its own history says."""
        nodes = [*transforms.layers(args[0])] or [
            tensor.grad_fn for tensor in tensors_in((plain[0][0],))
        ]
        sources = transforms.derivative_sources(self.tape, nodes, tensors_in(args[1:2]))
        for wrapped, tensor in zip(tensors_in((out,)), tensors_in((result,)), strict=False):
            if known.name == "grad":
                self._is_another(tensor, *plain)
            if is_recorded(tensor):
                self._stamp(known, (), {}, (tensor,), frame)
                self.tape.stamp(tensor.grad_fn, None, sources)
            elif sources:
                inputs = tuple((source, False) for source in sources)
                self._write_down(known, None, inputs, self.stacks.look_around(frame), tensor)
            for node in transforms.layers(wrapped) if sources else ():
                self.tape.stamp(node, None, sources).factors += sources

    def _mark_factors(self, stamp: Stamp, factors: tuple[Any, ...]) -> None:
        """Note which of the values that went in without a gradient edge a derivative depends on."""
        found: list[int] = []
        self._dead_sources(transforms.plain(factors), found, None)
        stamp.factors += tuple(
            source for source in dict.fromkeys(found) if source not in stamp.factors
        )

    # Ordinary calls

    def _after(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        kind = type(out)
        if kind is Tensor or isinstance(out, Tensor):
            if id(out) in self.tape.tensors.by_key:
                self._is_another(out, args, kwargs)
            if is_recorded(out):
                self._stamp(known, args, kwargs, (out,), frame)
            else:
                self._made(known, args, kwargs, (out,), frame)
        elif isinstance(out, (tuple, list)):
            tensors = tuple(item for item in out if isinstance(item, Tensor))
            for item in tensors:
                self._is_another(item, args, kwargs)
            live = tuple(item for item in tensors if is_recorded(item))
            if live:
                self._stamp(known, args, kwargs, live, frame)
            if len(live) < len(tensors):
                dead = tuple(item for item in tensors if not is_recorded(item))
                self._made(known, args, kwargs, dead, frame, several=len(tensors) > 1)
        if "out" in kwargs:
            self._wrote_out(known, args, kwargs, frame)
        return out

    def _is_another(self, out: Tensor, args: Any, kwargs: Any) -> None:
        """Forget what stood where a new tensor stands now.

        What a call hands back as it went in is not new.
        """
        if not any(out is item for item in tensors_in((*args, *kwargs.values()))):
            self.tape.tensors.made(out)

    def _stamp(
        self,
        known: _Known,
        args: Any,
        kwargs: Any,
        outs: tuple[Tensor, ...],
        frame: FrameType,
        *,
        in_place: bool = False,
    ) -> None:
        """Take note of where nodes were made, and of what went into them without a
        gradient edge.
        """
        tape = self.tape
        sources: list[int] = []
        # What was written into memory that a view shows is found by whoever reads the view.
        own = address(outs[0]) if tape.memory and not in_place else 0
        self._dead_sources(args, sources, known, own)
        if kwargs:
            self._dead_sources(kwargs.values(), sources, None, own)
        if self.escapes.any:
            sources.extend(self.came_back((*args, *kwargs.values()), frame))
        last = sequence_number()
        if last == self._first and torch_inside.NUMBERED:
            return  # what comes out is what went in
        code, lasti, caller, caller_lasti, module = where.quick(frame)
        spot = (code, lasti, caller, caller_lasti, -1 if module is None else tape.module(module))
        self._note_nodes(args, kwargs, outs, last, spot)
        if sources or not torch_inside.NUMBERED:
            for out in outs:
                for node in dict.fromkeys(
                    (out.grad_fn, base_of(out).grad_fn if in_place else out.grad_fn)
                ):
                    # Else it went in, and comes out as it was
                    if node is not None and torch_inside.node_number(node) >= self._first:
                        stamp = tape.stamp(node, Spot._make(spot), tuple(sources))
                        if sources:
                            self._mark_factors(stamp, transforms.factors(known.name, args, kwargs))

    def _note_nodes(
        self, args: Any, kwargs: Any, outs: tuple[Tensor, ...], last: int, spot: tuple[Any, ...]
    ) -> None:
        """Take note of the line that made the nodes up to a number."""
        self.tape.made(self._first, last, spot)

    def _after_requires_grad(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        leaf = args[0]
        if leaf.is_leaf:
            self.tape.switched(
                leaf, Spot._make((*where.quick(frame)[:4], -1)), where.calling(frame)
            )
        return out

    def _made(
        self,
        known: _Known,
        args: Any,
        kwargs: Any,
        outs: tuple[Tensor, ...],
        frame: FrameType,
        *,
        several: bool = False,
    ) -> None:
        """Take note of tensors that a call made without recording a gradient edge."""
        if any(item is out for item in args for out in outs):
            outs = tuple(out for out in outs if not any(item is out for item in args))
            if not outs:
                return
        if known.skip_first:
            args = args[1:]
        if known.plain:
            return
        # A view shows what was written into its memory to its readers; what takes it out of the
        # graph severs that as well.
        view = None if known.name in ("detach", "data") else outs[0]
        inputs = self._inputs(args, kwargs, known, out=view, frame=frame)
        if not inputs:
            if known.name in ("detach", "data"):
                self.tape.set_alias(outs[0], KIND_OF[known.name])
            elif self.escapes.any and known.name not in exits.FROM_OUTSIDE:
                for out in outs:
                    self._met.is_new(out)
            return
        around: Surroundings | None = None
        for out in outs:
            # Of a result that is a view of one of the inputs, only that input matters
            # (broadcast_tensors, meshgrid ...).
            viewed = (
                [item for item in tensors_in(args) if address(item) == address(out)]
                if several
                else []
            )
            mine = self._inputs(viewed, {}) if viewed else inputs
            if not mine:
                continue
            if around is None:
                around = self.stacks.look_around(frame, in_apply=self._hands_on(known, args))
                if around.upkeep:
                    return
                if around.checkpoint:
                    self.tape.hold(tensors_in((*args, *kwargs.values())))
            kind = self._kind(known, out, mine, around, viewed or args)
            self._write_down(known, kind, mine, around, out)

    def _write_down(
        self,
        known: _Known,
        kind: CutKind | None,
        inputs: tuple[tuple[int, bool], ...],
        around: Surroundings,
        out: Tensor | None,
    ) -> int:
        spot, block = around.spot, self._block()
        within = None if self._switch_inside is None else self._switch_inside.like
        like = (
            known.name,
            kind,
            around,
            within,
            block.like if isinstance(block, Switch) else block,
        )
        serial = self.tape.repeated(like, inputs) if around.lasting else 0
        if serial:
            if out is not None:
                self.tape.set_origin(out, serial)
            return serial
        library = kind is not None and self._library_decided(kind, around)
        inner = None
        if around.innermost and not self._outer_switch():
            inner = kind if kind not in GRAD_MODES or self._switch_inside is not None else None
        if inner is not None:
            kind, library = None, False
        elif around.applying is not None and not self._outer_switch():
            spot = Spot(
                around.applying.code,
                around.applying.lasti,
                around.applying.caller,
                around.applying.caller_lasti,
                spot.module,
            )
            # Whatever the forward does, it is the Function that passes gradient or does not.
            severs = CutKind.NO_GRAD if around.checkpoint else CutKind.CUSTOM_FUNCTION
            kind, library = (
                (severs if around.opaque or any(live for _, live in inputs) else None),
                False,
            )
        call = Call(
            known.name,
            kind,
            (
                operation_text(known.name, kind, around)
                if inner is None
                else operation_inside(known.name, inner, around)
            ),
            inputs,
            spot,
            inside=around.applied,
            inner=inner,
            checkpoint=around.checkpoint,
            library=library,
            switch=block if inner not in GRAD_MODES else self._switch_inside,
        )
        serial = self.tape.call(call)
        if around.lasting:
            self.tape.may_repeat(serial, like)
        if out is not None:
            self.tape.set_origin(out, serial)
        return serial

    def _kind(
        self,
        known: _Known,
        out: Tensor,
        inputs: Iterable[tuple[int, bool]],
        around: Surroundings,
        given: Iterable[Any],
    ) -> CutKind | None:
        """Say what severs, where something does.

        By the function, by the type of the result, by the grad mode.
        """
        kind = KIND_OF.get(known.name)
        if around.deepcopy:
            return CutKind.DEEPCOPY
        if around.state_dict:
            return CutKind.DETACH
        if kind is not None:
            return kind
        if not (out.dtype.is_floating_point or out.dtype.is_complex):
            if not any(item.dtype.is_floating_point for item in tensors_in(given)):
                return None
            return CutKind.INTEGER_CAST if known.name in CASTS else CutKind.NON_DIFFERENTIABLE
        if not torch.is_grad_enabled():
            return self._mode_kind(around)
        if any(live for _, live in inputs):
            return CutKind.NON_DIFFERENTIABLE
        return None

    def _mode_kind(self, around: Surroundings) -> CutKind:
        if torch.is_inference_mode_enabled():
            return CutKind.INFERENCE_MODE
        if around.torch_line is not None and around.torch_line.co_name == torch_inside.SAMPLE:
            return CutKind.NON_DIFFERENTIABLE
        by_function = self.switch is not None and self.switch.set_by_function
        return CutKind.SET_GRAD_ENABLED if by_function else CutKind.NO_GRAD

    def _block(self) -> Hashable:
        """Return what stands for the block in which grad mode is off; None where it is on."""
        if torch.is_inference_mode_enabled():
            return self.inference_blocks[-1] if self.inference_blocks else "before the trace"
        return None if torch.is_grad_enabled() else self.switch or "before the trace"

    def _hands_on(self, known: _Known, args: Any) -> bool:
        """Say whether a custom Function's ``apply`` makes a call itself.

        Torch views what a forward returns as it went in.
        """
        # Grad mode is off there, and nobody switched it off.
        views_itself = known.name == "view_as" and len(args) == 2 and args[0] is args[1]
        return (
            views_itself
            and not torch.is_grad_enabled()
            and self.switch is None
            and self._grad_at_start
        )

    def _outer_switch(self) -> bool:
        """Grad mode was off already where the custom Function was applied."""
        return not self._grad_at_start or (
            self.switch is not None and not self.switch.inside_function
        )

    def _library_decided(self, kind: CutKind, around: Surroundings) -> bool:
        if kind in (CutKind.NO_GRAD, CutKind.SET_GRAD_ENABLED, CutKind.COPY_UNDER_NO_GRAD):
            return self.switch is not None and self.switch.library
        return around.torch_line is not None

    # What went in

    def came_back(self, items: Iterable[Any], frame: FrameType) -> tuple[int, ...]:
        """Return what left torch and is in plain arguments, or in tensors that nobody saw being
        made.
        """
        escapes = self.escapes
        found: dict[int, None] = {}
        open_: list[Any] = []
        for item in items:
            if isinstance(item, Tensor):
                if item.is_leaf and self._is_stranger(item):
                    serial = self.exposed.given_out(item)
                    if serial:
                        found[serial] = None
                    else:
                        open_.append(item)
            elif of_interest(item):
                sources, whole = escapes.same(item)
                found.update(dict.fromkeys(sources))
                if not whole:
                    open_.append(item)
        if open_:
            behind = escapes.behind(frame, {id(item) for item in open_})
            found.update(dict.fromkeys(behind))
            for item in open_ if not behind else ():
                plain = as_array(item) if isinstance(item, Tensor) else item
                sources = escapes.values.sources(plain)
                found.update(dict.fromkeys(sources))
                if not sources and not is_short(plain):
                    self.came_in()
        return tuple(found)

    def came_in(self) -> None:
        """Take note that something of unknown origin went in."""
        self.tape.came_in()
        if self._runs_beside and not self.tape.beside:
            self.tape.beside = elsewhere.thread_that_may_compute()

    def _is_stranger(self, tensor: Tensor) -> bool:
        """Say whether a tensor is met for the first time and nothing is known of it."""
        kind = type(tensor)
        if (
            kind is nn.Parameter
            or (kind is not Tensor and isinstance(tensor, nn.Parameter))
            or self.tape.origin(tensor) is not None
        ):
            return False
        return self._met.is_new(tensor)

    def _bundle(self, sources: tuple[int, ...]) -> int:
        """Return one number for several values that go one way through Python code."""
        calls = self.tape.calls
        inside = calls[sources[-1]].inside
        together = tuple((source, False) for source in sources if calls[source].inside == inside)
        return self.tape.call(Call("python", None, "python", together, NOWHERE, inside=inside))

    def _dead_sources(
        self, items: Iterable[Any], found: list[int], known: "_Known | None", own: int = 0
    ) -> None:
        """Collect what goes into a recorded call without a gradient edge."""
        tape = self.tape
        interesting, memory = tape.tensors.by_key, tape.memory
        for position, item in enumerate(items):
            kind: Any = type(item)
            if kind is Tensor:
                pass
            elif kind is nn.Parameter:
                tape.read(item)
            elif kind in _PLAIN:
                continue
            elif kind is list or kind is tuple:
                self._dead_sources(item, found, None, own)
                continue
            elif kind is dict:
                self._dead_sources(item.values(), found, None, own)
                continue
            elif not isinstance(item, Tensor):
                continue
            if known is not None and known.shape_only and position:
                continue
            if id(item) in interesting:
                origin = tape.origin(item)
                if origin is not None:
                    node = history(item) if item.requires_grad else None
                    if node is not None:
                        if not self._returned_by_function(node, origin):
                            # Detached, then written into: it has a history again, but not all of it
                            found.append(origin)
                    elif item.requires_grad:
                        tape.leaf(item)
                    else:
                        found.append(origin)
            if not item.requires_grad and isinstance(item, nn.Parameter):
                found.append(tape.leaf(item))
            if memory and address(item) != own:
                found.extend(tape.writes(item))

    def _returned_by_function(self, node: Any, origin: int) -> bool:
        """A custom Function's result carries what was computed inside its forward.

        Say whether this is one.
        """
        call = self.tape.calls.get(origin)
        if (
            call is None
            or call.inside is None
            or not isinstance(node, torch.autograd.function.BackwardCFunction)
        ):
            return False
        if not self.tape.is_stamped(node):
            self.tape.stamp(node, call.spot, (origin,))
        return True

    def _inputs(
        self,
        args: Any,
        kwargs: Any,
        known: "_Known | None" = None,
        *,
        out: Tensor | None = None,
        frame: FrameType | None = None,
    ) -> tuple[tuple[int, bool], ...]:
        """Return the number of every value of interest that went in, and whether it required grad.

        Args:
            args, kwargs: Of the call.
            known: The function.
            out: The result, where it may be a view: what it shares memory with is found by whoever
                reads it.
            frame: Where the call stands, to follow plain numbers through Python code.
        """
        found: dict[int, bool] = {}
        own = address(out) if out is not None and self.tape.memory else 0
        self._gather(args, found, known, own)
        if kwargs:
            self._gather(
                (value for name, value in kwargs.items() if name != "out"), found, None, own
            )
        if frame is not None and self.escapes.any:
            for source in self.came_back((*args, *kwargs.values()), frame):
                found.setdefault(source, False)
        return tuple(found.items())

    def _gather(
        self, items: Iterable[Any], found: dict[int, bool], known: "_Known | None", own: int = 0
    ) -> None:
        tape = self.tape
        tensors, memory = tape.tensors, tape.memory
        for position, item in enumerate(items):
            kind = type(item)
            if kind in _PLAIN:
                continue
            if kind is Tensor or kind is nn.Parameter or isinstance(item, Tensor):
                if known is not None and known.shape_only and position:
                    continue
                facts = tensors.find(item) if id(item) in tensors.by_key else None
                if item.requires_grad:
                    node = history(item)
                    if node is None:
                        found[tape.leaf_of(facts, item)] = True
                    else:
                        if (
                            facts is not None
                            and facts.origin
                            and not self._returned_by_function(node, facts.origin)
                        ):
                            found.setdefault(facts.origin, False)
                        found[tape.walk(node)] = True
                elif facts is not None and facts.origin:
                    found.setdefault(facts.origin, False)
                elif kind is nn.Parameter or (
                    kind is not Tensor and isinstance(item, nn.Parameter)
                ):
                    found.setdefault(tape.leaf(item), False)
                if memory and (there := address(item)) in memory and there != own:
                    for write in tape.writes(item):
                        found.setdefault(write, False)
            elif kind is list or kind is tuple:
                self._gather(item, found, None, own)
            elif kind is dict:
                self._gather(item.values(), found, None, own)

    # In-place calls

    def _before_in_place(self, args: Any, kwargs: Any) -> tuple[tuple[Tensor, bool], ...]:
        targets = args[0] if args else kwargs.get("input", kwargs.get("self", kwargs.get("tensor")))
        if isinstance(targets, Tensor):
            written = base_of(targets)
            origin = self.tape.origin(written)
            node = history(written) if origin is not None else None
            if origin is not None and node is not None and self._returned_by_function(node, origin):
                # The write puts another node in front of the Function's
                self.tape.drop_origin(written)
            return ((targets, is_recorded(targets)),)
        if isinstance(targets, (list, tuple)):
            return tuple((item, is_recorded(item)) for item in targets if isinstance(item, Tensor))
        return ()

    def _after_in_place(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        several = len(before or ()) > 1 or (args and isinstance(args[0], (list, tuple)))
        steps = where.is_optimizer(frame.f_code.co_filename) and not known.name.endswith("zero_")
        for index, (target, was_live) in enumerate(before or ()):
            if self.touches:
                self.touches.wrote(target, known.name, frame)
            if steps:
                continue
            others = [
                (
                    item[index]
                    if several and isinstance(item, (list, tuple)) and len(item) == len(before)
                    else item
                )
                for item in args[1:]
            ]
            self._wrote(known, target, was_live, others, kwargs, frame)
        return out

    def _wrote(
        self,
        known: _Known,
        target: Tensor,
        was_live: bool,
        others: Any,
        kwargs: Any,
        frame: FrameType,
    ) -> None:
        tape = self.tape
        if self.exposed.windows:
            self.exposed.wrote(target)
        over = known.name.removeprefix("_foreach_") in FILLS or known.name == "__setitem__"
        indexed = part_at(target, others[0]) if known.name == "__setitem__" else target
        over = over and indexed is not None
        part = target if indexed is None else indexed
        whole = part.shape == target.shape
        if torch.is_grad_enabled() and is_recorded(target):
            alias_kind = self._alias_kind(target)
            # What was written into the target's memory before is found there by whoever reads it.
            self._stamp(known, others, kwargs, (target,), frame, in_place=True)
            base = base_of(target)
            if not was_live or address(target) in tape.memory:
                around = self.stacks.look_around(frame)
                through = alias_kind or CutKind.DATA
                written = ((tape.walk(target.grad_fn), True),)
                call = Call(
                    known.name,
                    through,
                    operation_text(through.value, through, around),
                    written,
                    around.spot,
                )
                tape.written(part, tape.call(call), base, over=False)
            if over and whole:
                tape.drop_origin(target)
            return
        inputs = self._inputs(
            others,
            {name: value for name, value in kwargs.items() if value is not target},
            frame=frame,
        )
        inputs = self._foreign(inputs, target)
        if not inputs:
            if over:
                tape.overwritten(part)
                if whole and not target.requires_grad:
                    tape.drop_origin(target)
            return
        around = self.stacks.look_around(frame)
        if around.upkeep:
            return
        kind: CutKind | None
        if around.applying is not None and not self._outer_switch():
            kind = CutKind.NO_GRAD
        elif not (target.dtype.is_floating_point or target.dtype.is_complex):
            kind = CutKind.INTEGER_CAST if any(live for _, live in inputs) else None
        elif not torch.is_grad_enabled():
            kind = CutKind.COPY_UNDER_NO_GRAD
        else:
            kind = self._alias_kind(target) or (
                CutKind.NON_DIFFERENTIABLE if any(live for _, live in inputs) else None
            )
        serial = self._write_down(known, kind, inputs, around, None)
        if over and whole and not target.requires_grad:
            tape.drop_origin(target)
        tape.written(part, serial, None, over=over)

    def _foreign(
        self, inputs: tuple[tuple[int, bool], ...], target: Tensor
    ) -> tuple[tuple[int, bool], ...]:
        """Leave out what a tensor is made of already.

        Writing it into itself, also converted or scaled, severs nothing.
        """
        tape = self.tape
        is_leaf = (target.requires_grad and history(target) is None) or isinstance(
            target, nn.Parameter
        )
        origin = tape.origin(target)
        own = set() if origin is None else {origin}
        if not is_leaf:
            return tuple(
                (number, live)
                for number, live in inputs
                if number not in own and not tape.is_written(target, number)
            )
        own |= {tape.leaf(target), *tape.writes(target)}
        return tuple((number, live) for number, live in inputs if not tape.is_made_of(number, own))

    def _alias_kind(self, target: Tensor) -> CutKind | None:
        """Say what took a tensor out of the graph whose memory it may share."""
        origin = self.tape.origin(target)
        kind = self.tape.calls[origin].kind if origin is not None else self.tape.alias(target)
        return kind if kind in (CutKind.DETACH, CutKind.DATA, CutKind.NEW_TENSOR) else None

    def _before_writing(
        self, written: tuple[beside.Argument, ...], args: Any, kwargs: Any
    ) -> tuple[tuple[Tensor, bool], ...]:
        return tuple(
            (target, is_recorded(target)) for target in beside.targets(written, args, kwargs)
        )

    def _after_writing(
        self,
        written: tuple[beside.Argument, ...],
        known: _Known,
        args: Any,
        kwargs: Any,
        out: Any,
        before: Any,
        frame: FrameType,
    ) -> Any:
        """Follow an operator that declares to write some of its arguments."""
        targets = [target for target, _ in before or ()]
        others = [
            item
            for item in tensors_in((*args, *kwargs.values()))
            if not any(item is target for target in targets)
        ]
        for target, was_live in before or ():
            self._wrote(known, target, was_live, others, {}, frame)
        return self._after(known, args, kwargs, out, None, frame)

    def _after_norm(
        self,
        statistics: beside.Statistics,
        known: _Known,
        args: Any,
        kwargs: Any,
        out: Any,
        before: Any,
        frame: FrameType,
    ) -> Any:
        """Follow a norm in training: it writes its running statistics, and does not read them."""
        buffers = statistics.written(args, kwargs)
        if not buffers:
            return self._after(known, args, kwargs, out, before, frame)
        args, kwargs = statistics.without(args, kwargs)
        inputs = self._inputs(args[:1] or (kwargs.get("input"),), {})
        if inputs:
            kind = CutKind.COPY_UNDER_NO_GRAD if any(live for _, live in inputs) else None
            call = Call(
                known.name, kind, f"{known.name}()", inputs, self.stacks.look_around(frame).spot
            )
            serial = self.tape.call(call)
            for buffer in buffers:
                self.tape.written(buffer, serial, None, over=False)
        return self._after(known, args, kwargs, out, before, frame)

    def _wrote_out(self, known: _Known, args: Any, kwargs: Any, frame: FrameType) -> None:
        outs = kwargs["out"]
        others = {name: value for name, value in kwargs.items() if name != "out"}
        for target in (outs,) if isinstance(outs, Tensor) else tuple(outs or ()):
            self._wrote(_Known("copy_", None, self._after), target, False, args, others, frame)

    # Particular calls

    def _before_switch(self, args: Any, kwargs: Any) -> bool:
        """Take note of what is about to switch grad mode off.

        An interrupt after the call then finds it noted.
        """
        enabled = torch.is_grad_enabled()
        if enabled and not args[0]:
            frame = sys._getframe(2)
            # enable_grad within no_grad has ended
            back = self._switch_before if where.leaves_a_block(frame) else None
            self.switch = back or self.stacks.look_at_switch(frame)
        elif not enabled and (self.switch is None or self._switch_inside is not None):
            frame = sys._getframe(2)
            inside = (
                None
                if args[0] or where.leaves_a_block(frame)
                else self.stacks.look_at_switch(frame)
            )
            # A checkpoint's own is no block of the user's
            self._switch_inside = None if inside is None or inside.library else inside
        return enabled

    def _after_switch(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        if torch.is_grad_enabled() and not before:
            self._switch_before, self.switch = self.switch, None
        return out

    def _before_detach_(self, args: Any, kwargs: Any) -> tuple[int, bool] | None:
        tensor = args[0]
        if tensor.requires_grad:
            return self.tape.live(tensor), True
        origin = self.tape.origin(tensor)
        return None if origin is None else (origin, False)

    def _after_detach_(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        if before is not None:
            around = self.stacks.look_around(frame)
            self._write_down(known, CutKind.DETACH_, (before,), around, args[0])
        return out

    def _before_set_data(self, args: Any, kwargs: Any) -> Facts | None:
        return self.tape.tensors.find(args[0])

    def _after_set_data(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        target, value = args
        self.tape.moved(target, before)
        inputs = self._inputs((value,), {})
        inputs = self._foreign(inputs, target)
        around = self.stacks.look_around(frame)
        if inputs and not around.upkeep:
            self._write_down(known, CutKind.DATA, inputs, around, target)
        return out

    def _after_set_grad(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        self.touches.replaced(args[0], frame)
        self.gradients.replaced(args[0])
        return out

    def _after_get_grad(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        if out is None or not self.tape.backwards:
            return out
        if not where.is_optimizer(frame.f_code.co_filename):
            self.gradients.read(args[0], out)
        elif frame.f_code.co_name == "zero_grad":
            self.gradients.replaced(args[0])
        return out

    def _after_register_hook(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        tensor = args[0]
        if tensor.requires_grad:
            spot = self.stacks.look_around(frame).spot
            if tensor.grad_fn is None:
                number = self.tape.leaf(tensor)
            else:
                number = self.tape.stamp(tensor.grad_fn, None).serial
            self.tape.hooks.setdefault(number, []).append(spot)
        return out

    def _after_escape(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        # What is read out of a text is a number
        value = as_array(args[0]) if known.name in exits.TEXTS and args[0].numel() == 1 else out
        serial = self._left(known, args[0], value, frame)
        if KIND_OF[known.name] is CutKind.NUMPY:
            self._give_out(args[0], frame, serial)
        return out

    def _after_memory(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        name = exits.name_of_memory(known.name, frame)
        if name:
            serial = self._left(_Known(name, None, self._after), args[0], as_array(args[0]), frame)
            if name != exits.PICKLE:  # whoever has the memory may write
                self._give_out(args[0], frame, serial)
        return out

    def _left(self, known: _Known, tensor: Tensor, value: Any, frame: FrameType) -> int:
        """Take note that a tensor's value leaves torch. Returns the number of the call.

        0 where the value is of no interest.
        """
        inputs = self._inputs((tensor,), {})
        if not inputs:
            return 0
        around = self.stacks.look_around(frame)
        serial = self._write_down(known, KIND_OF[known.name], inputs, around, None)
        shown = self.escapes.left(frame, serial, value, text=known.name in exits.TEXTS)
        self.tape.left(serial, Exit(shown or known.name in exits.TEXTS, is_whole(value)))
        return serial

    def _give_out(self, tensor: Tensor, frame: FrameType, serial: int) -> None:
        code, lasti, *_ = where.quick(frame)
        if code is not None:
            self.exposed.expose(tensor, (code, lasti), serial)

    def _look_outside(self, args: Any, kwargs: Any, frame: FrameType) -> None:
        """Take note of what something beside torch wrote into the memory of what goes in."""
        if not any(isinstance(item, (Tensor, list, tuple)) for item in (*args, *kwargs.values())):
            return
        with without_torch_function():
            for tensor, window in self.exposed.changed((*args, *kwargs.values())):
                sources = dict.fromkeys(
                    source for site in window.sites for source in self.escapes.written(*site)
                )
                if not sources:
                    sources = dict.fromkeys(self.escapes.values.sources(as_array(tensor)))
                if not sources:
                    self.came_in()
                else:
                    inputs = tuple((source, False) for source in sources)
                    call = Call(
                        "numpy",
                        CutKind.NUMPY,
                        "numpy()",
                        inputs,
                        self.stacks.look_around(frame).spot,
                    )
                    self.tape.write_at(
                        self.tape.pin(tensor), window.low, window.high, self.tape.call(call)
                    )

    def _after_grad(
        self, known: _Known, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
    ) -> Any:
        for item in tensors_in(out):
            self._is_another(item, args, kwargs)
        live = tuple(item for item in out if isinstance(item, Tensor) and is_recorded(item))
        if live:
            self._stamp(known, (), {}, live, frame)
            outputs = [
                tensor.grad_fn for tensor in tensors_in(args[:1] or (kwargs.get("outputs"),))
            ]
            sources = transforms.derivative_sources(
                self.tape, outputs, tensors_in(args[1:2] or (kwargs.get("inputs"),))
            )
            for item in live if sources else ():
                self.tape.stamp(item.grad_fn, None, sources)
        outputs = args[0] if args else kwargs.get("outputs")
        dead = tuple(item for item in out if isinstance(item, Tensor) and not is_recorded(item))
        if dead:
            inputs = self._inputs((outputs, kwargs.get("grad_outputs")), {})
            if inputs:
                around = self.stacks.look_around(frame)
                serial = self._write_down(
                    known, CutKind.GRAD_WITHOUT_GRAPH, inputs, around, dead[0]
                )
                for item in dead[1:]:
                    self.tape.set_origin(item, serial)
        return out

    # Calls that only a seam can see

    def ran_aside(
        self, name: str, arguments: Any, out: Any, frame: FrameType | None, first: int
    ) -> None:
        """Torch has compiled and run something while the trace stood aside.

        One operation of all that it read.
        """
        if self.failure or frame is None:
            return
        try:
            with without_torch_function():
                self._first = first
                for result in out if isinstance(out, (tuple, list)) else (out,):
                    self._after(
                        _Known(name, None, self._after),
                        (values_in(arguments),),
                        {},
                        result,
                        None,
                        frame,
                    )
        except BaseException as failure:
            self.failed(failure)

    def rewrapped(self, name: str, value: Any, out: Tensor, frame: FrameType) -> None:
        """``nn.Parameter(t)`` or ``Variable(t)``: the same memory, no history."""
        if self.failure or out is value:
            return
        self.tape.tensors.made(out)
        if not out.requires_grad and name == "nn.Parameter":
            self.tape.switched(out, Spot._make((*where.quick(frame)[:4], -1)), where.calling(frame))
        elif self.tape.froze:
            self.tape.born(out, Spot._make((*where.quick(frame)[:4], -1)))
        inputs = self._inputs((value,), {})
        if not inputs:
            return
        around = self.stacks.look_around(frame)
        if not around.constructing:
            self._write_down(
                _Known(name, None, self._after),
                CutKind.DEEPCOPY if around.deepcopy else CutKind.NEW_TENSOR,
                inputs,
                around,
                out,
            )

    def aliased(self, name: str, value: Tensor, out: Tensor, frame: FrameType) -> None:
        """``value.as_subclass(kind)`` and what else shares memory.

        Of a value with a history, the result has it too.
        """
        if self.failure or out is value or is_recorded(out):
            return
        self.tape.tensors.made(out)
        self._comes_from(_Known(name, None, self._after), (value,), out, frame)

    def copied(self, name: str, values: tuple[Any, ...], out: Tensor, frame: FrameType) -> None:
        """``torch.nested.nested_tensor(tensors)``: other memory, no history."""
        if not self.failure:
            self.tape.tensors.made(out)
            self._comes_from(_Known(name, None, self._after), values, out, frame)

    def given_memory(self, target: Tensor, value: Any, frame: FrameType) -> None:
        """``target.set_(value)``: a tensor's memory, or a storage that was given out."""
        tensors = self.tape.tensors
        before = tensors.by_key.get(id(target))
        tensors.moved(target, before)
        if isinstance(value, Tensor):
            inputs = self._foreign(self._inputs((value,), {}), target)
            around = self.stacks.look_around(frame)
            if inputs and not around.optimizer:
                self._write_down(
                    _Known("set_", None, self._after), CutKind.DATA, inputs, around, target
                )
        else:
            self.came_from_memory("set_", target, frame)

    def hooks_ran(self, backward: Backward) -> None:
        """A hook of the user's may have kept what passed, which is made of all that the backward
        began from.
        """
        hooks = [*self.tape.hooks.values(), *self.tape.module_hooks.values()]
        if hooks:
            inputs = tuple((root, True) for root in backward.roots)
            serial = self.tape.call(
                Call("hook", CutKind.GRAD_WITHOUT_GRAPH, "hook", inputs, hooks[0][-1])
            )
            self.tape.left(serial, Exit(shown=False, whole=False))
            self.escapes.any = True

    def handed(self, name: str, things: Any, frame: FrameType) -> None:
        """Another process is handed something, by which it may come to values of interest."""
        tensors = elsewhere.tensors_within(things)
        inputs = self._inputs(tensors, {})
        if not inputs:
            return
        serial = self._write_down(
            _Known(name, None, self._after),
            CutKind.NEW_TENSOR,
            inputs,
            self.stacks.look_around(frame),
            None,
        )
        self.escapes.any = True
        for tensor in tensors:
            if self.tape.origin(tensor) is not None:
                self.escapes.values.left(as_array(tensor), serial, shown=False)
        self.tape.left(serial, Exit(shown=False, whole=False))

    def came_from_memory(self, name: str, out: Tensor, frame: FrameType) -> None:
        """``from_dlpack(capsule)``: memory that another library had, which may be a tensor's."""
        owners = self.tape.tensors.sharing(out)
        serial = 0 if owners else self.exposed.given_out(out)
        inputs = tuple((number, False) for number in owners or ((serial,) if serial else ()))
        if inputs:
            self._write_down(
                _Known(name, None, self._after), None, inputs, self.stacks.look_around(frame), out
            )

    def _comes_from(
        self, known: _Known, values: tuple[Any, ...], out: Tensor, frame: FrameType
    ) -> None:
        inputs = self._inputs(values, {}, frame=frame)
        around = self.stacks.look_around(frame)
        if inputs and not around.constructing:
            kind = CutKind.NEW_TENSOR if any(live for _, live in inputs) else None
            self._write_down(known, kind, inputs, around, out)

    def ran_script(
        self, function: Any, first: int, args: Any, kwargs: Any, out: Any, frame: FrameType
    ) -> None:
        """A scripted or traced function ran, unseen but for what its graph says."""
        given = scripted.arguments(function, args, kwargs)
        known = _Known(getattr(function, "name", "scripted function"), None, self._after)
        flows = scripted.flows_of(function)
        outs = tuple(tensors_in((out,)))
        around = self.stacks.look_around(frame)
        if flows is None and any(tensor.requires_grad for tensor in tensors_in(given)):
            self.tape.opaque.append(around.spot)
        for position, tensor in enumerate(outs):
            flow = (
                None if flows is None else flows[position] if len(flows) == len(outs) else flows[0]
            )
            severed: dict[scripted.Severing, list[Tensor]] = {}
            for path, by in flow.dead.items() if flow is not None else ():
                value = scripted.tensor_at(path, function, given)
                if value is not None:
                    severed.setdefault(by, []).append(value)
            through = (
                [scripted.tensor_at(path, function, given) for path in flow.live]
                if flow is not None
                else given
            )
            self._first = first
            if is_recorded(tensor):
                self._stamp(known, through, {}, (tensor,), frame)
            else:
                self._made(known, through, {}, (tensor,), frame)
            for by, tensors in severed.items():
                self._severed_in_script(by, tensors, around, tensor)

    def _severed_in_script(
        self, by: scripted.Severing, severed: list[Tensor], around: Surroundings, out: Tensor
    ) -> None:
        inputs = self._inputs(severed, {})
        if not inputs:
            return
        origin = self.tape.origin(out)
        if not is_recorded(out) and origin is not None:
            inputs = (*inputs, (origin, False))
        kind, operation = by
        known = _Known(operation, None, self._after)
        serial = self._write_down(known, kind, inputs, around, None if is_recorded(out) else out)
        self.tape.calls[serial].operation = f"{operation}() in TorchScript"
        if is_recorded(out):
            self.tape.stamp(out.grad_fn, None, (serial,))

    def hooked(self, module: nn.Module, frame: FrameType) -> None:
        """``module.register_full_backward_hook(...)``."""
        self.tape.module_hooks.setdefault(self.tape.module(module), []).append(
            self.stacks.look_around(frame).spot
        )

    def array_came_back(self, array: Any, out: Tensor, frame: FrameType) -> None:
        """``torch.from_numpy(array)``."""
        self.tape.tensors.made(out)
        inputs = self._inputs((array,), {}, frame=frame)
        if inputs:
            self._write_down(
                _Known("from_numpy", None, self._after),
                None,
                inputs,
                self.stacks.look_around(frame),
                out,
            )

    def communicated(
        self, name: str, outs: Iterable[Tensor], inputs: Iterable[Tensor], frame: FrameType
    ) -> None:
        """A collective wrote into plain tensors."""
        numbers = self._inputs(tuple(inputs), {})
        if numbers:
            around = self.stacks.look_around(frame)
            for out in () if around.upkeep else outs:
                serial = self._write_down(
                    _Known(name, None, self._after), CutKind.COLLECTIVE, numbers, around, None
                )
                self.tape.written(out, serial, None, over=True)


def described(failure: BaseException) -> str:
    """Return type and text of an exception."""
    return (
        f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}".rstrip(
            ": "
        )
    )
