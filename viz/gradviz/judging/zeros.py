"""Where an all-zero gradient begins, from what each node got and passed on in a backward."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gradviz.graph import CutKind, NodeKind, Zero
from gradviz.judging.build import PASSES, Built
from gradviz.judging.lasting import WRITES_OVER, lasts
from gradviz.recording.arithmetic.flat import HOOKED, ZERO_FACTOR, is_checked
from gradviz.recording.arithmetic.flat_statistics import NORMALISES
from gradviz.recording.arithmetic.passage import Passage
from gradviz.recording.names import operation_name
from gradviz.recording.torch_inside import CHECKPOINT_NODE
from gradviz.system.walk import walk

_MOST_ENDS = 4  # of the routes to a parameter, that are told
# Words for the operation, and why nothing comes out of it though gradient goes in: what is so by
# definition, and what usually is.
_FACTOR = "the other factor is zero wherever gradient comes in"
_ADDED = {
    "addmm": 0,
    "baddbmm": 0,
    "addmv": 0,
    "convolution": 2,
    "linear": 2,
    "native_batch_norm": 2,
    "native_layer_norm": 2,
    "native_group_norm": 2,
}
# What adds up the gradient of all places that one value was repeated to
_REPEATS = ("add", "sub", "rsub", "expand", "repeat")
_SELECTION = r"slice|select|index|gather|narrow|split|unbind|take|scatter|as_strided|copy_slices"
# What gives each of its inputs a part of the gradient, and what hands all of it on, only elsewhere
# or in another shape.
_IN_PARTS = r"^(cat|stack|complex|view_as_complex|copy_slices|index_put|.*scatter|constant_pad_nd)$"
_WHOLE_REAL = (
    r"^(view|unsafe_view|reshape_alias|view_as_real|view_as_complex|permute|transpose|t|unsqueeze|squeeze|expand|repeat|clone|alias|add|"
    r"sub|rsub|neg|sum|mean|cat|stack|complex|conj|resolve_conj|backward_hook_function)$"
)
_WHOLE = _WHOLE_REAL.replace("view|", "view|to_copy|", 1)
_ALWAYS: tuple[tuple[str, str], ...] = (
    (
        r"^(round|floor|ceil|trunc|sign|frac|heaviside|bernoulli)",
        "its derivative is zero everywhere",
    ),
    (
        r"^(a?max|a?min|cummax|cummin|aminmax|topk|median|nanmedian|kthvalue|mode|.*max_pool.*)$",
        "it passes gradient to the elements that it picks alone, and none of this input is picked"
        " where gradient comes in",
    ),
    (WRITES_OVER, "it writes over every value that stood there"),
    (r"^(real|imag|view_as_real)$", "the other part of a complex value is dropped"),
)
# Of an activation made of straight pieces: its backward, which a second one runs through
_SLOPE = r"^(threshold|leaky_relu|hardtanh|hardsigmoid|hardshrink|softshrink)_backward$"
_USUALLY: tuple[tuple[str, str], ...] = (
    (
        r"relu|threshold|hardtanh|hardsigmoid|hardswish|softshrink|hardshrink",
        "every input lies where it is flat (a dead unit)",
    ),
    (r"sigmoid|tanh|erf", "it is saturated"),
    (r"clamp|clip", "every input lies outside the bounds, where it is flat"),
    (
        r"to_copy",
        (
            "a complex value is made real, which drops its imaginary part, or because of underflow"
            " in a narrower type"
        ),
    ),
    (r"embedding", "every index is padding_idx, which gets no gradient"),
    (
        r"binary_cross_entropy",
        (
            "every prediction is its target to the last bit, as where logits are as large as 17,"
            " or the weight of every element is 0"
        ),
    ),
    (r"(mse|l1|huber)_loss", "every prediction is its target"),
    (r"nll_loss|cross_entropy", "every target is ignore_index, so that no element counts"),
    (r"softmax", "it is over a single value, or saturated"),
    (r"dropout", "every element was dropped"),
    (r"where|masked", "the mask leaves nothing of this input"),
    (r"grid_sampler", "every point that it samples lies outside of the image"),
    (r"^copy_slices$", "it is written over, or nothing of it is selected"),
    (_SELECTION, "nothing of it is selected"),
    (
        r"^(mul|mm|bmm|addmm|baddbmm|mv|dot|matmul|linear|convolution|einsum|prod|div|scaled_dot_product.*|pow)$",
        _FACTOR,
    ),
    (NORMALISES, _FACTOR),
    (r"maximum|minimum|fmax|fmin|sort", "another element is the extreme one everywhere"),
)


def find_zeros(
    built: Built, flows: Mapping[int, Passage], zero: set[int], nonzero: set[int]
) -> dict[int, Zero]:
    """Say for each parameter with an all-zero gradient where the zero begins.

    Args:
        built: The graph.
        flows: What passed each node, by index.
        zero: Leaves whose gradient is all zero.
        nonzero: Leaves whose gradient is not.
    """
    begun: dict[int, Zero] = {}
    for leaf in sorted(zero):
        above = built.links.after([leaf], PASSES)
        begins = sorted(
            (index, source, edge in flow.empty)
            for index in above
            if (flow := flows.get(index)) is not None and flow.came
            for edge, (source, went) in enumerate(zip(flow.leads, flow.went, strict=False))
            if went == 0 and source is not None and source in above
        )
        if begins:
            begun[leaf] = _together([_zero(built, flows, end, nonzero) for end in _ends(begins)])
        elif not any(flows[index].came for index in above if index in flows):
            why = (
                "backward() was begun with a gradient of zeros, or a hook on the loss or its node"
                " made it so"
            )
            begun[leaf] = Zero(
                operation="backward",
                why=why,
                place=built.nodes[min(above - {0}, default=leaf)].place,
            )
        else:
            begun[leaf] = _cancels(built, leaf, above, flows)
    return begun


_Begins = tuple[int, int, bool]
"""An operation that gradient comes to and zeros leave, what they go to, and that these have no
elements.
"""


def _ends(begins: Sequence[_Begins]) -> list[_Begins]:
    """Return where the routes to a parameter end, the nearest to it first: what stops gradient
    further off stops other routes.
    """
    return list({begin[0]: begin for begin in reversed(begins)}.values())[:_MOST_ENDS]


def _zero(built: Built, flows: Mapping[int, Passage], begins: _Begins, nonzero: set[int]) -> Zero:
    index, source, empty = begins
    if not empty and re.search(_IN_PARTS, operation_name(built.nodes[index].operation)):
        index, source = _taken_up_by(built, flows, index) or (index, source)
    shown = "nothing of it is selected" if empty else _shown(flows[index], source)
    zero = _begins_at(built, flows, (index, source), nonzero, shown)
    lasting, mend = lasts(zero.operation, zero.why)
    return replace(zero, lasting=lasting, mend=mend)


def _together(ends: Sequence[Zero]) -> Zero:
    """Return where a zero begins of which all routes end: by one that may pass, else the nearest.

    Each other line is told with its reason, and it lasts only where all of them do.
    """
    first = next((end for end in ends if end.passing), ends[0])
    others = {(end.operation, end.place): end for end in ends}
    others.pop((first.operation, first.place))
    if not others:
        return first
    ends_too = "".join(f"; another route ends {_at(end)}{end.why}" for end in others.values())
    if first.passing:
        return replace(first, why=f"{first.why}{ends_too}")
    return replace(
        first,
        why=f"{first.why}{ends_too}",
        lasting=first.lasting and all(end.lasting for end in others.values()),
        mend=first.mend if all(end.mend for end in others.values()) else "",
    )


def _at(zero: Zero) -> str:
    return ": " if zero.place is None else f"at {zero.place}: "


def _taken_up_by(built: Built, flows: Mapping[int, Passage], index: int) -> tuple[int, int] | None:
    """Return the operation that made zeros of the part of a gradient that a node hands on, and what
    it goes to from there.

    A node that joins parts gives each its own part of what arrives. Where that is zero, the first
    operation after it that may pass on nothing for a part is where the zero begins: whatever only
    rearranges or adds up hands on everything.
    """
    whole = (
        _WHOLE_REAL
        if re.search(r"complex", operation_name(built.nodes[index].operation))
        else _WHOLE
    )
    met = {index}
    while (
        len(consumers := list(filter(PASSES, built.links.out[index]))) == 1
        and consumers[0].target not in met
        and consumers[0].target in flows
    ):
        source, index = index, consumers[0].target
        met.add(index)
        if not re.search(whole, operation_name(built.nodes[index].operation)):
            return index, source
    return None


def _shown(flow: Passage, source: int) -> str | None:
    """Return the reason that the numbers showed for zeros on an edge.

    Empty where they showed none; None where they could not be read.
    """
    return next((why for edge, why in flow.flat.items() if flow.leads[edge] == source), None)


def _begins_at(
    built: Built,
    flows: Mapping[int, Passage],
    begins: tuple[int, int],
    nonzero: set[int],
    shown: str | None,
) -> Zero:
    index, source = begins
    node, inputs = built.nodes[index], flows[index].leads
    name = operation_name(node.operation)
    if node.severs is CutKind.HOOK:
        return Zero(operation="hook", why="a hook replaces the gradient by zeros", place=node.place)
    if shown == HOOKED:
        return Zero(operation="hook", why=HOOKED, place=node.place)
    added = _ADDED.get(name)
    if name in _REPEATS or (added is not None and source in inputs[added : added + 1]):
        # Nothing scales it, so that only a sum over the places that it was added to can be zero
        why = "what arrives from the several places that it is added to cancels out"
        return Zero(operation="sum", why=why, place=node.place)
    usual = next((reason for pattern, reason in _USUALLY if re.search(pattern, name)), "")
    if usual and shown == "" and is_checked(name):
        usual = ""  # it was looked at, and is not so
    why = (
        shown
        or _always(name, is_input=source in inputs[1:2])
        or (f"usually because {usual}" if usual else "gradient goes in, and zeros come out")
    )
    if usual == _FACTOR and (not shown or shown.startswith(ZERO_FACTOR)):
        others = [
            other
            for place, other in enumerate(inputs)
            if other is not None and other != source and place != added  # a bias is no factor
        ]
        learns = shown in ("", ZERO_FACTOR) and _learns(built, flows, others, nonzero)
        if learns:
            why = (
                f"{'' if shown else 'usually because '}the other factor is still zero, but it gets"
                " gradient itself"
            )
        return Zero(operation="zero_factor", why=why, place=node.place, passing=learns)
    return Zero(operation=name, why=why, place=node.place)


def _always(name: str, *, is_input: bool) -> str:
    """Return why an operation passes nothing on, whatever its numbers; empty where it may.

    Args:
        name: The operation.
        is_input: Of the backward of an activation: what is looked at went into the activation.
    """
    if is_input and re.search(_SLOPE, name):
        return "it is made of straight pieces, whose slope does not depend on the input"
    return next((reason for pattern, reason in _ALWAYS if re.search(pattern, name)), "")


def _learns(
    built: Built, flows: Mapping[int, Passage], factors: Sequence[int], nonzero: set[int]
) -> bool:
    """Say whether gradient that is not zero goes on from a factor to a leaf: it may stop on the
    way, as at dead units.
    """

    def onward(index: int) -> Iterable[int]:
        flow = flows.get(index)
        if flow is None:  # not measured
            return built.before([index])
        leads = zip(flow.leads, flow.went, strict=False)
        return (source for source, went in leads if source is not None and went)

    return any(index in nonzero for index in walk(factors, onward))


def _cancels(built: Built, leaf: int, above: set[int], flows: Mapping[int, Passage]) -> Zero:
    checkpoint = next(
        (
            built.nodes[index]
            for index in sorted(above)
            if built.nodes[index].operation.startswith(CHECKPOINT_NODE)
        ),
        None,
    )
    if checkpoint is not None:
        why = (
            "a reentrant checkpoint runs its forward again in backward, unseen; with"
            " use_reentrant=False the line can be named"
        )
        return Zero(operation="checkpoint", why=why, place=checkpoint.place)
    parts = _parts_that_went(flows)
    emptied = [
        index for index in sorted(above) if parts[index] and _got_nothing(index, leaf, flows)
    ]
    if emptied and all(parts[index] == 1 for index in emptied):
        # One part came, so nothing can cancel
        why = (
            "gradient goes to it and is zero when it has arrived, usually because a hook on its"
            " node replaces it"
        )
        return Zero(operation="hook", why=why, place=built.nodes[emptied[0]].place)
    last = [
        index
        for index in sorted(above)
        if built.nodes[index].kind is NodeKind.OPERATION and index in flows and flows[index].came
    ]
    place = built.nodes[last[-1]].place if last else built.nodes[leaf].place
    return Zero(operation="sum", why="what arrives on several routes cancels out", place=place)


def _parts_that_went(flows: Mapping[int, Passage]) -> Counter[int]:
    """Return how many parts of gradient that are not zero went to each node."""
    return Counter(
        source
        for flow in flows.values()
        for source, went in zip(flow.leads, flow.went, strict=False)
        if source is not None and went
    )


def _got_nothing(index: int, leaf: int, flows: Mapping[int, Passage]) -> bool:
    return index == leaf or (index in flows and not flows[index].came)
