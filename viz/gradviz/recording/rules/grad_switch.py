"""Grad mode is switched: by ``no_grad``, ``enable_grad``, ``set_grad_enabled``."""

import sys
from typing import Any

import torch

from gradviz.recording import torch_inside
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.reading import switches
from gradviz.recording.recorder import Recorder


def _before_switch(recorder: Recorder, args: Any, kwargs: Any) -> bool:
    """Take note of what is about to switch grad mode off.

    An interrupt after the call then finds it noted.
    """
    enabled = torch.is_grad_enabled()
    if enabled and not args[0]:
        frame = sys._getframe(2)
        # enable_grad within no_grad has ended
        back = recorder.switch_before if switches.leaves_a_block(frame) else None
        if switches.is_of_a_transform(frame):
            # A transform puts back what was around it, and decides nothing; where it leaves
            # inference mode for a while, no switch shows that grad mode was on
            back, recorder.switch_around = recorder.switch_around or recorder.switch, None
        recorder.switch = back or recorder.stacks.look_at_switch(frame)
    elif not enabled and (recorder.switch is None or recorder.switch_inside is not None):
        frame = sys._getframe(2)
        inside = (
            None
            if args[0] or switches.leaves_a_block(frame)
            else recorder.stacks.look_at_switch(frame)
        )
        # A checkpoint's own is no block of the user's
        recorder.switch_inside = None if inside is None or inside.library else inside
    return enabled


def _after_switch(call: TorchCall) -> None:
    recorder = call.recorder
    if torch.is_grad_enabled() and not call.before:
        recorder.switch_before, recorder.switch = recorder.switch, None
        if switches.is_of_a_transform(call.frame):
            blocks = recorder.inference_blocks
            recorder.switch_around = recorder.switch_before or (blocks[-1] if blocks else None)


RULES = {
    torch_inside.SET_GRAD_ENABLED: Rule(
        torch_inside.SET_GRAD_ENABLED, _after_switch, _before_switch
    ),
}
