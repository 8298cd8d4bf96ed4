"""Hooks of the user's, which may put something else in the place of a gradient."""

from types import FrameType
from typing import Any

from torch import nn

from gradviz.graph import CutKind
from gradviz.recording.brought import Backward
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.entries.records import Call, Exit
from gradviz.recording.recorder import Recorder


def _after_register_hook(call: TorchCall) -> None:
    recorder, tensor = call.recorder, call.args[0]
    if tensor.requires_grad:
        spot = recorder.stacks.look_around(call.frame).spot
        if tensor.grad_fn is None:
            number = recorder.tape.leaf(tensor)
        else:
            number = recorder.tape.stamp(tensor.grad_fn, None).serial
        recorder.tape.hooks.setdefault(number, []).append(spot)
        recorder.tape.registered.on_tensor(number, call.out)


def hooked(recorder: Recorder, name: str, module: nn.Module, frame: FrameType) -> None:
    """``module.register_full_backward_hook(...)``, or another method of ``MODULE_HOOKS``."""
    recorder.tape.module_hooks.setdefault((recorder.tape.module(module), name), []).append(
        recorder.stacks.look_around(frame).spot
    )


def hooked_at_node(recorder: Recorder, handle: Any, frame: FrameType) -> None:
    """``node.register_hook(...)`` or ``node.register_prehook(...)``, which gave a handle."""
    spot = recorder.stacks.look_around(frame).spot
    recorder.tape.registered.on_nodes[handle.id] = spot


def hooks_ran(recorder: Recorder, backward: Backward) -> None:
    """A hook of the user's may have kept what passed, which is made of all that the backward
    began from.
    """
    hooks = [*recorder.tape.hooks.values(), *recorder.tape.module_hooks.values()]
    if hooks:
        inputs = tuple((root, True) for root in backward.roots)
        serial = recorder.tape.call(
            Call("hook", CutKind.GRAD_WITHOUT_GRAPH, "hook", inputs, hooks[0][-1])
        )
        recorder.tape.left(serial, Exit.DATA)
        recorder.escapes.any = True


RULES = {"register_hook": Rule("register_hook", _after_register_hook)}
