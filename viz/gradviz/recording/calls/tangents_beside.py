"""What the tangent beside a value is made of, in forward mode where no history is recorded.

The tangent of a sum has nothing of what was only added, that of a product has the other factor.
With a history torch's own graph says so; without one it is kept here, beside each call.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from torch import Tensor
from torch.autograd import forward_ad

from gradviz.recording.calls import transforms
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.rule import TorchCall
from gradviz.recording.calls.severing import kind_without_graph, write_down
from gradviz.recording.entries.records import Inputs
from gradviz.recording.recorder import Recorder
from gradviz.recording.torch_inside import is_wrapped

_LINEAR = frozenset(
    "sum mean view reshape permute transpose t squeeze unsqueeze expand select narrow flatten"
    " movedim neg clone contiguous cumsum flip roll trace diagonal split chunk unbind unflatten"
    " swapaxes swapdims tile repeat __getitem__ gather index_select cat"
    " concat stack hstack vstack".split()
)
_PRODUCTS = frozenset(
    "mul __mul__ __rmul__ multiply matmul __matmul__ mm bmm mv dot linear conv1d conv2d conv3d"
    " addmm addmv baddbmm div __truediv__".split()
)
_SUMS = frozenset("add __add__ __radd__ sub __sub__ __rsub__ subtract".split())
_UNPACK: Any = forward_ad.unpack_dual
_STOPS = frozenset(("detach", "data"))
_DIVISIONS = frozenset(("div", "__truediv__"))


def note_tangent(
    recorder: Recorder, name: str, args: Any, kwargs: Mapping[str, Any], result: Tensor
) -> None:
    """Take note of what the tangent of a result is made of that has no history.

    Args:
        recorder: Of the thread.
        name: Of the function.
        args, kwargs: What it was given, as it is wrapped.
        result: The plain tensor that it gave.
    """
    tape, number = recorder.tape, recorder.tape.origin(result)
    call = None if number is None else tape.calls.get(number)
    if number is None or call is None:
        return
    if name in _STOPS:
        recorder.beside_values[number] = 0
        return
    if not _is_told(name, args, kwargs):
        recorder.beside_values[number] = number
        return
    attributed = dict(inputs_of(recorder, transforms.plain((*args, *kwargs.values())), {}))
    # Numbers that came back from Python are in the derivative for all that can be told
    inputs = {before: live for before, live in call.inputs if before not in attributed}
    inputs.update(_of_factors(recorder, name, args, kwargs))
    for item in filter(_has_tangent, tensors_in((*args, *kwargs.values()))):
        value = transforms.plain(item)
        origin = tape.origin(value)
        if origin is None:  # written part by part
            inputs.update(inputs_of(recorder, (value,), {}))
        elif before := recorder.beside_values.get(origin, origin):
            inputs.setdefault(before, False)
    like = replace(call, inputs=tuple(inputs.items()))
    recorder.beside_values[number] = tape.call(like) if inputs else 0


def _is_told(name: str, args: Any, kwargs: Mapping[str, Any]) -> bool:
    """Say whether it is known what the derivative of a result has of the arguments; else it has all
    that the result has.
    """
    is_known = name in _LINEAR or name in _PRODUCTS or name in _SUMS
    named = [*tensors_in(kwargs.values())]
    return is_known and not named and any(map(_has_tangent, tensors_in(args)))


def _of_factors(recorder: Recorder, name: str, args: Any, kwargs: Mapping[str, Any]) -> Inputs:
    """Return the inputs of a call that the derivative of its result depends on by their values."""
    if name in _LINEAR:  # in the first; an index is what it is
        return inputs_of(recorder, transforms.plain(args[1:]), {})
    factors = transforms.factors(name, args, kwargs)
    followed = [item for item in tensors_in(factors) if _has_tangent(item)]
    divides = name in _DIVISIONS and len(args) > 1 and _has_tangent(args[1])
    if name in _PRODUCTS and len(followed) == 1 and not divides:
        factors = tuple(item for item in factors if item is not followed[0])
    return inputs_of(recorder, transforms.plain(factors), {})


def _has_tangent(item: Any) -> bool:
    """Say whether forward mode goes on from an argument."""
    if not (isinstance(item, Tensor) and is_wrapped(item)):
        return False
    with suppress(RuntimeError):  # no level of forward mode is entered
        return _UNPACK(item).tangent is not None
    return False


def take_tangent(call: TorchCall, tangents: tuple[Any, ...]) -> None:
    """Take note that a tangent without a history was taken from beside a value, under all its
    wrappers.
    """
    recorder, dual = call.recorder, call.args[0]
    tape, origin = recorder.tape, recorder.tape.origin(dual)
    inputs = inputs_of(recorder, (dual,), {}) if origin is None else ()
    number = 0 if origin is None else recorder.beside_values.get(origin, origin)
    if inputs:  # written part by part: what of it is in the derivative is not known
        is_cut = any(live for _, live in inputs)
        kind = kind_without_graph(recorder, is_pullback=True) if is_cut else None
        stack = recorder.stacks.look_around(call.frame)
        number = write_down(recorder, call.function.name, kind, inputs, stack, None)
    for tangent in tangents:
        if number:
            tape.set_origin(tangent, number)
        elif origin is not None:
            tape.drop_origin(tangent)
