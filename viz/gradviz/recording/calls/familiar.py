"""Calls without gradient that say once more what such a call has said before, told by little.

A loop without gradient comes by the same lines again and again, with tensors that the calls of the
round before have made. Where nothing has to be looked at but what went in and where the call
stands, the number that it had before is looked up by these.
"""

from collections.abc import Hashable

from torch import Tensor, nn

from gradviz.recording.calls.inputs import PLAIN
from gradviz.recording.calls.rule import TorchCall
from gradviz.recording.calls.severing import block_of
from gradviz.recording.entries.records import Inputs
from gradviz.recording.outside.alike import of_interest
from gradviz.recording.reading.switches import Switch
from gradviz.recording.reading.where import Surroundings
from gradviz.recording.tensor_state import address

_MOST = 10_000  # calls that are remembered
# What their results are depends on more than what went in
_LOOK_FURTHER = frozenset(("view_as", "where", "__getitem__"))


def told_before(call: TorchCall) -> bool:
    """Say whether a call is familiar that made a plain tensor without a history, and take note of
    it as that.
    """
    recorder, _, args, kwargs, out, _, frame = call
    tape, escapes, familiar = recorder.tape, recorder.escapes, recorder.familiar
    if not familiar or escapes.chosen or recorder.switch_inside is not None:
        return False
    tensors, memory = tape.tensors, tape.memory
    inputs: dict[int, bool] = {}
    for item in (*args, *kwargs.values()) if kwargs else args:
        kind = type(item)
        if kind is Tensor or kind is nn.Parameter:
            facts = tensors.find(item)
            if facts is None or item is out or (memory and address(item) in memory):
                return False
            live = item.requires_grad
            number = facts.leaf if live else facts.origin
            if not number or (live and (facts.origin or not item.is_leaf)):
                return False
            inputs[number] = live
        elif kind not in PLAIN or (escapes.any and of_interest(item)):
            return False
    stack = recorder.stacks.look_around(frame)
    number = familiar.get(_key(call, tuple(inputs.items()), stack), 0)
    if number not in tape.calls:
        return False
    tape.again(number)
    tensors.renew(out).origin = number
    return True


def may_be_told_again(call: TorchCall, inputs: Inputs, stack: Surroundings, number: int) -> None:
    """Take note of what a call was told as that made one tensor without a history.

    Only where it follows from what went in and from the stack.
    """
    recorder, function, args, kwargs, out, _, _ = call
    given = args[0] if args else None
    follows = (
        stack.lasting
        and not (stack.checkpoint or function.shape_only or function.skip_first)
        and function.name not in _LOOK_FURTHER
        and recorder.switch_inside is None
        and not recorder.tape.joints
        and "out" not in kwargs
    )
    plain = type(out) is Tensor and out.dtype.is_floating_point
    if follows and plain and isinstance(given, Tensor):
        if address(given) != address(out) != 0:  # no view
            if len(recorder.familiar) > _MOST:
                recorder.familiar.clear()
            recorder.familiar[_key(call, inputs, stack)] = number


def _key(call: TorchCall, inputs: Inputs, stack: Surroundings) -> Hashable:
    block = block_of(call.recorder)
    like = block.like if type(block) is Switch else block
    return call.function, inputs, stack, like, call.out.dtype
