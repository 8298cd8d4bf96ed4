"""``gradviz.make_dot``: torchviz's own function, coloured by where gradient goes."""

from collections.abc import Mapping
from typing import Any

import graphviz
from torch import Tensor

from gradviz.errors import LossError
from gradviz.render.svg import drawing
from gradviz.render.torchviz_drawing import torchviz_make_dot
from gradviz.tracing.trace import report


def make_dot(
    var: Any,
    params: Mapping[str, Tensor] | None = None,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
) -> graphviz.Digraph:
    """Draw the autograd graph of ``var`` as ``torchviz.make_dot`` does, with each parameter's
    verdict.

    Args:
        var: A tensor, or a tuple or mapping of tensors.
        params: Names of the leaves, as ``dict(model.named_parameters())``.
        show_attrs: Show attributes of the backward nodes; torchviz then draws it uncoloured.
        show_saved: Show saved tensors; torchviz then draws it uncoloured.
        max_attr_chars: How long an attribute may be.

    Returns:
        A graph for Graphviz: ``.source``, ``.render(...)``, and a picture in a notebook.

    Raises:
        LossError: ``var`` is no tensor.
    """
    several = isinstance(var, (tuple, list))
    if several and not all(isinstance(tensor, Tensor) for tensor in var):
        raise LossError(
            "make_dot draws a tensor, or a tuple of tensors; this one holds something else"
        )
    if show_attrs or show_saved:
        drawn = torchviz_make_dot()(
            tuple(var) if several else var, params, show_attrs, show_saved, max_attr_chars
        )
        drawn.graph_attr.pop("size", None)
        return drawn
    losses = {f"output {number}": tensor for number, tensor in enumerate(var)} if several else var
    return drawing(report(losses, params))
