"""A custom Function inside ``torch.func``, which torch applies where no trace sees its forward.

The tensors that ``apply`` is handed as arguments of their own are edges of its node. One inside a
tuple goes in too, and one from around the forward: gradient does not come back along these.
"""

from dataclasses import replace

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.calls.severing import block_of, write_down
from gradviz.recording.calls.transforms import plain
from gradviz.recording.entries.records import Call
from gradviz.recording.reading.functions import methods_of, tensors_around
from gradviz.recording.rules.called_back import took_part
from gradviz.recording.rules.ordinary import after
from gradviz.recording.tensor_state import is_recorded


def _after_applied(call: TorchCall) -> None:
    recorder, rule, (function, *given), kwargs, out, _, frame = call
    held = [item for item in given if not isinstance(item, Tensor)]
    held += tensors_around(function.forward)
    code = (*methods_of(function), *held)
    took_part(recorder, rule.name, code, (*given, *kwargs.values()), frame)
    inputs = inputs_of(recorder, plain(held), kwargs)
    if not any(live for _, live in inputs) or block_of(recorder) is not None:
        after(call._replace(args=tuple(given)))
        return
    after(call._replace(args=tuple(item for item in given if isinstance(item, Tensor)), kwargs={}))
    stack = replace(recorder.stacks.look_around(frame), function=function.__name__, lasting=False)
    for result in tensors_in((out,)):
        if is_recorded(result) and result.grad_fn is not None:
            captured = Call(
                rule.name, CutKind.CUSTOM_FUNCTION, "", inputs, stack.spot, inside=stack
            )
            recorder.tape.stamp(result.grad_fn, stack.spot, (recorder.tape.call(captured),))
        else:
            all_of_it = inputs_of(recorder, plain((*given, *held)), kwargs)
            write_down(recorder, rule.name, CutKind.CUSTOM_FUNCTION, all_of_it, stack, result)


RULES = {"custom_function_call": Rule("custom_function_call", _after_applied)}
