"""Where NaN or infinity is born, and why.

Read off what the operation has saved, at the moment when its backward gives it.

Where a value of the forward is to blame, it is followed back to the operation that made it. What is
not seen in the numbers is said to be "usually" so, and only where the numbers could not be read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gradviz.recording.arithmetic import flat
from gradviz.recording.arithmetic.birth_causes import SCALE, BirthCause, causes_of
from gradviz.recording.arithmetic.held import Held, holding
from gradviz.recording.arithmetic.known import KnownFinite
from gradviz.recording.arithmetic.overflows import (
    largest_of,
    overflow,
    product_overflow,
    words_where,
)
from gradviz.recording.arithmetic.recomputed import first_spoilt
from gradviz.recording.arithmetic.saved import RESULTS, saved
from gradviz.recording.arithmetic.sizes import plain
from gradviz.recording.names import is_accumulator, operation_name
from gradviz.recording.tensor_state import nodes_before
from gradviz.recording.torch_inside import CHECKPOINT_NODE, node_number
from gradviz.system.walk import walk

_FAR = 4_000  # nodes that are looked at for where a value of the forward came from
_BETWEEN = 8  # nodes between a product and what it spoils
_BEFORE = "Look at what made it so before."
_HALVES = (torch.float16, torch.bfloat16)

_LINEAR = frozenset(
    "mul add sub neg sum mean to_copy mm bmm addmm baddbmm convolution matmul linear".split()
)
"""Operations whose backward makes of finite values nothing infinite but what is too large."""
_DATA = "Look at the data."
_CAST = "Look at the data: a cast to a type of half precision may have made it infinite."
HALF = "Scale the loss down (GradScaler finds the scale), or compute this in float32."
_CLIP = "Look at what makes the gradient as large, layer by layer, and clip or normalise there."

_INVERTS = ("rsqrt", "reciprocal", "linalg_inv", "linalg_inv_ex")  # of infinity they give 0
Words = tuple[str, str]
"""Why, and what mends it."""
IsWritten = Callable[[Tensor], bool]
"""Says of a leaf that a step spoilt it last: what is infinite in it is no mask."""


def _unwritten(leaf: Tensor) -> bool:
    return False


BEFORE: Words = (
    "the loss is not finite, and no value that can be read shows where that began",
    "Look at the values before it.",
)
"""What there is to say of a loss where nothing shows the reason."""
ON_DEVICE: Words = (
    "the loss is not finite; where that began was not looked at, for gradviz makes no step wait"
    " for its device until something is not finite",
    "Watch another call (--every, or a trace of the next step): the line is named from now on.",
)
_UNREAD: Words = ("what comes out is not finite", "Look at the values that go in.")
_UNEXPLAINED: Words = (
    "what goes in is finite, and what comes out is not",
    "Look at the values that go in, and at what their type can hold.",
)
_GIVEN: Words = (
    "what its own forward() gives is the first value that is not finite, of those that can be read",
    "Look at what goes into that forward(), and at what it divides by.",
)
_RUN_AGAIN: Words = (
    "what it runs again in backward makes it of a finite gradient",
    "Pass use_reentrant=False to that checkpoint: then the line can be named.",
)
_CUSTOM: Words = (
    "its own backward() makes it of a finite gradient",
    "Look at what that backward() divides by, and at its roots, powers and logarithms.",
)


@dataclass(frozen=True, slots=True)
class Born:
    """A birth of NaN or infinity.

    Attributes:
        node: The tape's number of the operation.
        forward: It is the result of its forward; else the gradient that its backward gives.
        why: A sentence.
        mend: What mends it.
        held: What was not finite before the forward, where that is it.
        unsure: As :class:`gradviz.graph.NotFinite` has it.
    """

    node: int
    forward: bool
    why: str
    mend: str
    held: Held | None = None
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class Birth:
    """A birth as it is found, with the node itself, and the value that was not finite before."""

    node: Any
    forward: bool
    words: Words
    held: Tensor | None = None
    others: int = 0
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class _Suspect:
    """An operation of the forward that may have made the first value that is not finite.

    Attributes:
        node: Its autograd node.
        checked: The numbers show it.
        held: The value that was not finite before, where that is it.
        proven: What the node made it of was read, and is finite.
    """

    node: Any
    words: Words
    checked: bool = True
    held: Tensor | None = None
    proven: bool = True

    @property
    def rank(self) -> tuple[bool, int]:
        return not self.checked, node_number(self.node)


def look(
    node: Any,
    went: Sequence[Tensor | None],
    came: Sequence[Tensor | None] = (),
    *,
    is_written: IsWritten = _unwritten,
) -> Birth:
    """Say where and why NaN or infinity came about that leaves a node in backward, though finite
    gradient came to it.
    """
    values = saved(node)
    causes = causes_of(operation_name(type(node).__name__))
    spoiled = any(not _finite(value) for value in values.values())
    if spoiled or _by_result(causes, values, node) is not None:
        made = made_in_forward([node], is_written=is_written)
        return made or _unproven(node, _unread_result(causes, values, node))
    readable = not causes
    for cause in causes:
        why = cause.gradient(values, node)
        if why:
            return Birth(node, False, (why, cause.mend))
        readable = readable or why is not None
    if isinstance(node, torch.autograd.function.BackwardCFunction):
        again = type(node).__name__.startswith(CHECKPOINT_NODE)
        return Birth(node, False, _RUN_AGAIN if again else _CUSTOM)
    is_linear = operation_name(type(node).__name__) in _LINEAR
    for edge, gradient in enumerate(went):
        if gradient is None:
            continue
        dtype = gradient.dtype
        if bool(gradient.isinf().any()) and (
            is_linear or (dtype in _HALVES and not bool(gradient.isnan().any()))
        ):
            why = f"the gradient is larger than {largest_of(dtype)}"
            why = words_where(why, gradient.isinf())
            why += _product_of(came, flat.factor(node, edge))
            return Birth(node, False, (why, HALF if dtype in _HALVES else _CLIP))
    return Birth(node, False, _UNEXPLAINED if readable else _usual(causes))


def _product_of(came: Sequence[Tensor | None], factor: Tensor | None) -> str:
    """Return how large what came to a node is, and what it is multiplied by."""
    largest = [float(value.abs().max()) for value in came if value is not None and value.numel()]
    if not largest:
        return ""
    by = "" if factor is None else f", and it is multiplied by up to {float(factor.abs().max()):g}"
    return f"; the largest gradient that comes to it is {max(largest):g}{by}"


def without_derivative(nodes: Iterable[Any]) -> Birth | None:
    """Return the operation before some nodes whose backward makes NaN or infinity of a finite
    gradient at the values that it has saved, the first that a backward comes to; None where none is
    seen to.
    """
    before = walk(nodes, nodes_before, most=_FAR)
    for node in sorted(before, key=node_number, reverse=True):
        causes = causes_of(operation_name(type(node).__name__))
        values = saved(node) if causes else {}
        for cause in causes:
            if why := cause.gradient(values, node):
                return Birth(node, False, (why, cause.mend))
            if why := cause.result(values, node):
                return None  # what it gave is not finite already
    return None


def of_loss(loss: Any) -> Birth:
    """Say what there is to say of a loss that is not finite, where no value that can be read shows
    how that began.
    """
    causes = causes_of(operation_name(type(loss).__name__))
    values = saved(loss)
    unreadable = all(cause.result(values, loss) is None for cause in causes)
    if not causes or not unreadable or operation_name(type(loss).__name__) in _LINEAR:
        return Birth(loss, True, BEFORE, unsure="before")
    return _unproven(loss, _usual(causes))


def usually(operation: str) -> Words:
    """Say what is usually the reason, where no numbers can be read; and what mends it."""
    return _usual(causes_of(operation_name(operation)))


def made_in_forward(
    nodes: Sequence[Any], *, spoiled: bool = False, is_written: IsWritten = _unwritten
) -> Birth | None:
    """Say which operation of the forward made the first value that is not finite, of those before
    some nodes that can be read.

    Args:
        nodes: Where to begin.
        spoiled: What these nodes gave is not finite.
        is_written: Says which leaves a step spoilt.

    Returns:
        None where every value that can be read is finite, and every operation of it harmless.
    """
    visited, suspects = _suspects(nodes, spoiled, is_written)
    finite_inputs = KnownFinite(visited)
    sure = next((suspect for suspect in suspects if _is_sure(suspect, finite_inputs)), None)
    first = sure or next(iter(suspects), None)
    if sure is None or not sure.checked or sure.words == _UNEXPLAINED:
        recomputed = first_spoilt(visited, _given(visited))
        if recomputed is not None:
            return Birth(recomputed[0], True, recomputed[1])
    if first is None:
        return None
    if sure is not None or first.held is not None:
        return Birth(first.node, True, first.words, first.held, _others(suspects, first))
    words = _unsure(first.words)
    if not first.checked or words == _UNREAD:
        return Birth(first.node, True, words, unsure="before")
    return Birth(first.node, True, (f"perhaps {words[0]}", words[1]), unsure="there")


def _suspects(
    nodes: Sequence[Any], spoiled: bool, is_written: IsWritten
) -> tuple[set[Any], list[_Suspect]]:
    """Return the nodes that were looked at, and what may have made the first value that is not
    finite, the likeliest first.
    """
    visited, queue = set(nodes), list(nodes)
    suspects: list[_Suspect] = []
    results: dict[Any, Tensor | None] = dict.fromkeys(nodes) if spoiled else {}
    while queue and len(visited) < _FAR:
        node = queue.pop()
        values = saved(node)
        suspects += _by_itself(node, values)
        for label, value in values.items():
            if _finite(value):
                continue
            if label in RESULTS:
                results.setdefault(node, None)
            elif value.grad_fn is not None:
                results[value.grad_fn] = value
        for before, _ in node.next_functions:
            if before is None or before in visited:
                continue
            visited.add(before)
            if not is_accumulator(before):
                queue.append(before)
            elif not _finite(before.variable):
                words = f"a leaf that goes in {holding(before.variable)} already", _BEFORE
                suspect = _Suspect(node, words, held=before.variable)
                is_mask = _is_mask(before.variable) and not is_written(before.variable)
                suspects.append(replace(suspect, checked=False) if is_mask else suspect)
    for giver, result in results.items():
        suspects += _by_what_it_gave(giver, result) or _by_a_product_before(giver)
    return visited, sorted(suspects, key=lambda suspect: suspect.rank)


def _is_sure(suspect: _Suspect, finite_inputs: KnownFinite) -> bool:
    """Say whether all that went into a suspect is known to be finite."""
    if suspect.held is not None or (suspect.checked and suspect.proven):
        return suspect.checked
    causes = causes_of(operation_name(type(suspect.node).__name__))
    return finite_inputs.goes_in_finite(suspect.node, masks=any(cause.masks for cause in causes))


def _unproven(node: Any, words: Words) -> Birth:
    """Return what is said of a node whose result is not finite, by what is known to go in."""
    sure = KnownFinite([node]).goes_in_finite(node)
    return Birth(node, True, words if sure else _unsure(words), unsure="" if sure else "before")


def _unsure(words: Words) -> Words:
    return _UNREAD if words == _UNEXPLAINED else words


def _given(nodes: Iterable[Any]) -> dict[Any, Tensor]:
    """Return what nodes gave, as others have saved it that took it in."""
    return {
        value.grad_fn: value
        for node in nodes
        if not is_accumulator(node)
        for label, value in saved(node).items()
        if label not in RESULTS and value.grad_fn is not None
    }


def _others(suspects: Sequence[_Suspect], first: _Suspect) -> int:
    """Return how many leaves that require grad are suspects beside the first."""
    leaves = [suspect.held for suspect in suspects if suspect.held is not None]
    return len({id(leaf) for leaf in leaves if leaf.requires_grad} - {id(first.held)})


def _by_itself(node: Any, values: dict[str, Tensor]) -> Iterator[_Suspect]:
    """Yield what a node has saved that shows it to have made what is not finite."""
    causes = causes_of(operation_name(type(node).__name__))
    masks = any(cause.masks for cause in causes)
    bad = {label: value for label, value in values.items() if not _finite(value)}
    came_in = {label: value for label, value in bad.items() if label not in RESULTS}
    for label, value in came_in.items():
        if value.grad_fn is None and bool((value.isnan() | value.isposinf()).any()):
            why = (
                f"what goes in {holding(value)} already (input {label!r}), and is no result of"
                " this graph"
            )
            yield _Suspect(node, (why, _CAST if value.dtype in _HALVES else _DATA), held=value)
            return
    if came_in and not (masks and all(_is_mask(value) for value in came_in.values())):
        return  # it came from before
    words = _by_result(causes, values, node)
    if words is not None:
        blamed = next((cause.blames for cause in causes if cause.blames), "")
        is_proven = not values or not RESULTS.issuperset(values) or _makes_infinity(node, values)
        yield _Suspect(node, words, held=values.get(blamed), proven=is_proven)
    elif len(bad) > len(came_in):
        yield _Suspect(node, _unread_result(causes, values, node), checked=False)


def _by_what_it_gave(node: Any, value: Tensor | None) -> list[_Suspect]:
    """Return a node that was given finite values alone, and gave what is not finite, as a
    suspect.
    """
    values = saved(node)
    if isinstance(node, torch.autograd.function.BackwardCFunction) and value is not None:
        return [_Suspect(node, _GIVEN, checked=False)]
    if not _is_all_that_goes_in(node, values) or not all(map(_finite, values.values())):
        return []
    causes = causes_of(operation_name(type(node).__name__))
    if _by_result(causes, values, node) is not None:
        return []  # told already
    if value is not None and not bool(value.isnan().any()):
        return [_Suspect(node, (overflow(value.isinf(), value.dtype), SCALE))]
    if causes and all(cause.result(values, node) is None for cause in causes):
        return [_Suspect(node, _usual(causes), checked=False)]
    return [_Suspect(node, _UNEXPLAINED)]


def _by_a_product_before(node: Any) -> list[_Suspect]:
    """Return the product of matrices before a node that is too large, as a suspect.

    Only one way leads to it; what lies between makes nothing infinite of what is finite, or is no
    more to blame.
    """
    for _ in range(_BETWEEN):
        why = product_overflow(node, saved(node))
        if why:
            return [_Suspect(node, (why, SCALE))]
        before = [
            earlier
            for earlier, _ in node.next_functions
            if earlier is not None and not is_accumulator(earlier)
        ]
        if why is not None or len(before) != 1:
            return []
        (node,) = before
    return []


def _is_all_that_goes_in(node: Any, values: dict[str, Tensor]) -> bool:
    """Say whether a node has saved all that goes in, but for leaves that are finite."""
    given = [value.grad_fn for label, value in values.items() if label not in RESULTS]
    return bool(given) and all(
        before is None or before in given or _is_finite_leaf(before)
        for before, _ in node.next_functions
    )


def _is_finite_leaf(node: Any) -> bool:
    """Say whether a node stands for a finite leaf, or hands one on as it is, as a linear layer does
    its weight.
    """
    if operation_name(type(node).__name__) in ("t", "transpose", "permute", "to_copy"):
        before = nodes_before(node)
        node = before[0] if len(before) == 1 else node
    return is_accumulator(node) and _finite(node.variable)


def _by_result(causes: Sequence[BirthCause], values: dict[str, Tensor], node: Any) -> Words | None:
    """Return why a node's result is not finite, where the numbers show it."""
    for cause in causes:
        why = cause.result(values, node)
        if why:
            return why, cause.mend
    return None


def _unread_result(causes: Sequence[BirthCause], values: dict[str, Tensor], node: Any) -> Words:
    """Say of a result that is not finite what there is to say where no check explains it."""
    if causes and all(cause.result(values, node) is None for cause in causes):
        return _usual(causes)
    inputs = [value for label, value in values.items() if label not in RESULTS]
    if inputs and all(map(_finite, inputs)):
        return _UNEXPLAINED
    return _UNREAD


def _makes_infinity(node: Any, values: dict[str, Tensor]) -> bool:
    """Say whether a result is infinite, and cannot be so because what went in was."""
    if operation_name(type(node).__name__) not in _INVERTS:
        return False
    return any(bool(value.isinf().any()) for value in values.values())


def _usual(causes: Sequence[BirthCause]) -> Words:
    return (f"usually because of {causes[0].usual}", causes[0].mend) if causes else _UNEXPLAINED


def _is_mask(value: Tensor) -> bool:
    return not bool((value.isnan() | value.isposinf()).any())


def _finite(value: Tensor) -> bool:
    numbers = plain(value)
    return numbers is None or bool(numbers.isfinite().all())
