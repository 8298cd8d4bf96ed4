"""Whether what goes into an operation of the forward is known to be finite.

It is read where a node has saved it, computed again from what is known, or a leaf. What none of
these shows is not known, and no operation is then said to have made what is not finite.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.overflows import product_overflow
from gradviz.recording.arithmetic.recomputed import computed
from gradviz.recording.arithmetic.saved import RESULTS, saved
from gradviz.recording.arithmetic.sizes import plain
from gradviz.recording.names import is_accumulator, operation_name

_MOST = 512  # nodes that are looked at
_DEEP = 64  # nodes one behind the other, likewise

_MOVES = frozenset(
    "view unsafe_view reshape_alias unsqueeze squeeze transpose permute t expand select slice clone"
    " alias index index_select gather roll flip unbind split split_with_sizes diagonal embedding"
    " repeat relu neg abs native_dropout".split()
)
"""Operations that give of finite values finite ones; what else goes in says which."""
_BOUNDED = frozenset(
    "tanh sigmoid sin cos gelu silu softplus elu leaky_relu hardtanh log_sigmoid log_softmax"
    " softmax native_layer_norm native_batch_norm native_group_norm".split()
)
"""Those that do where all that they have saved is finite."""
_PRODUCTS = frozenset(("addmm", "baddbmm"))
"""Products of matrices that something is added to."""
_MASKS = frozenset("masked_fill where add sub mul div copy_slices index_put".split()) | _PRODUCTS
"""Operations by which a mask goes in."""


class KnownFinite:
    """What is known of the results of nodes.

    Args:
        nodes: The nodes whose saved values may be read for it.
    """

    def __init__(self, nodes: Iterable[Any]) -> None:
        self._given: dict[tuple[Any, int], Tensor] = {
            (value.grad_fn, value.output_nr): value
            for node in nodes
            if not is_accumulator(node)
            for label, value in saved(node).items()
            if label not in RESULTS and value.grad_fn is not None
        }
        self._values: dict[tuple[Any, int], Tensor | None] = {}
        self._finite: dict[tuple[Any, int, bool], bool] = {}

    def goes_in_finite(self, node: Any, *, masks: bool = False, depth: int = 0) -> bool:
        """Say whether all that goes into a node is known to be finite, but for a mask where that is
        allowed.
        """
        inputs = [value for label, value in saved(node).items() if label not in RESULTS]
        others = sum(before is None for before, _ in node.next_functions)
        plain_inputs = sum(value.grad_fn is None and not value.requires_grad for value in inputs)
        return (
            (masks or (others <= plain_inputs and all(map(is_finite, inputs))))
            and bool(node.next_functions)
            and all(
                self._is_finite(before, place, masks, depth + 1)
                for before, place in node.next_functions
                if before is not None
            )
        )

    def _is_finite(self, node: Any, place: int, masks: bool, depth: int) -> bool:
        key = (node, place, masks)
        if key not in self._finite:
            if depth > _DEEP or len(self._finite) > _MOST:
                return False
            self._finite[key] = self._look(node, place, masks, depth)
        return self._finite[key]

    def _look(self, node: Any, place: int, masks: bool, depth: int) -> bool:
        value = self._value(node, place, depth)
        if value is not None and is_finite(value):
            return True
        if is_accumulator(node) or (value is not None and not masks):
            return False
        name = operation_name(type(node).__name__)
        if name in _MOVES:
            return all(
                self._is_finite(before, at, masks, depth + 1)
                for before, at in node.next_functions
                if before is not None
            )
        if name in _BOUNDED:
            return all(map(is_finite, saved(node).values())) and self.goes_in_finite(
                node, depth=depth
            )
        if name in _PRODUCTS and product_overflow(node, saved(node)) != "":
            return False
        return masks and name in _MASKS and self.goes_in_finite(node, masks=True, depth=depth)

    def _value(self, node: Any, place: int, depth: int) -> Tensor | None:
        """Return what a node gave; None where that is not known."""
        if node is None or depth > _DEEP:
            return None
        if is_accumulator(node):
            return torch_inside.detach(node.variable)
        key = (node, place)
        if key in self._given:
            return self._given[key]
        if key not in self._values and len(self._values) < _MOST:
            result = saved(node).get("result")
            if result is None and not isinstance(node, torch.autograd.function.BackwardCFunction):
                went_in = [self._value(before, at, depth + 1) for before, at in node.next_functions]
                result = computed(node, went_in)
            self._values[key] = result
        return self._values.get(key)


def is_finite(value: Tensor) -> bool:
    """Say whether all numbers of a value can be read and are finite."""
    numbers = plain(value)
    return numbers is not None and bool(numbers.isfinite().all())
