"""PEFT's own words.

Adapters folded to a row, and how much of a model is trainable as ``print_trainable_parameters()``
says it.

Adapters are known by their names, ``...layers.0.q_proj.lora_A.default.weight``: the layer, the
tensor, the adapter.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from gradviz.graph import Parameter, Verdict
from gradviz.render.names import NameGroup, fold_names
from gradviz.render.sentences import listing

_TUNERS = (
    "lora|adalora|randlora|vera|ia3|hada|lokr|oft|boft|hra|fourierft|bone|miss|shira|road|c3a"
    "|ln_tuning"
)
_ADAPTER = re.compile(
    rf"(?:^|\.)(?P<layer>[^.]+)\.(?P<tensor>(?:{_TUNERS})_\w+)\.(?P<adapter>(?!weight$|bias$)[^.]+)(?:\.weight)?$"
)


def fold(
    names: Iterable[str], among: Mapping[str, Parameter], roots: Iterable[str] = ()
) -> list[NameGroup]:
    """Return some of a model's names in groups: adapters, then what :func:`fold_names` makes of
    the others.

    The arguments are those of :func:`fold_names`.

    >>> among = {f"h.{i}.q.lora_B.default.weight": Parameter(name="", numel=8) for i in range(4)}
    >>> [str(group) for group in fold(among, among)]
    ['lora_B.default in q (4 tensors, 32 values)']
    """
    adapters, rest = _fold_adapters(names, among)
    return [*adapters, *fold_names(rest, among, roots)]


def _fold_adapters(
    names: Iterable[str], among: Mapping[str, Parameter]
) -> tuple[list[NameGroup], list[str]]:
    """Return a group for each tensor of an adapter whose parameters are all meant, and what is
    left.
    """
    whole = _by_tensor(among)
    groups: list[NameGroup] = []
    rest: list[str] = []
    for key, meant in _by_tensor(names).items():
        if key is None or len(meant) == 1 or len(meant) < len(whole[key]):
            rest += meant
            continue
        matches = filter(None, map(_ADAPTER.search, meant))
        layers = list(dict.fromkeys(match["layer"] for match in matches))
        numel = sum(among[name].numel for name in meant)
        pattern = f"{'.'.join(filter(None, key))} in {listing(layers)}"
        groups.append(NameGroup(pattern, len(meant), numel))
    return groups, rest


def _by_tensor(names: Iterable[str]) -> dict[tuple[str, str, str] | None, list[str]]:
    """Return names by model, tensor and adapter; those of no adapter under None."""
    groups: dict[tuple[str, str, str] | None, list[str]] = {}
    for name in names:
        match = _ADAPTER.search(name)
        model = name.partition("base_model.")[0].rstrip(".") if "base_model." in name else ""
        key = (model, match["tensor"], match["adapter"]) if match else None
        groups.setdefault(key, []).append(name)
    return groups


def trainable(parameters: Sequence[Parameter]) -> str:
    """Return what ``print_trainable_parameters()`` of a PEFT model prints.

    Empty where there is no adapter.
    """
    if not any(_ADAPTER.search(parameter.name) for parameter in parameters):
        return ""
    whole = sum(parameter.numel for parameter in parameters)
    some = sum(
        parameter.numel for parameter in parameters if parameter.verdict is not Verdict.FROZEN
    )
    return (
        f"trainable params: {some:,} || all params: {whole:,} || trainable%:"
        f" {100 * some / whole:.4f}"
    )
