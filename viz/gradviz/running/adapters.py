"""PEFT's own words.

Adapters folded to a row, and how much of a model is trainable as ``print_trainable_parameters()``
says it.

Adapters are known by their names, ``...layers.0.q_proj.lora_A.default.weight``: the layer, the
tensor, the adapter.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from gradviz.graph import Parameter, Verdict
from gradviz.render.names import tensors
from gradviz.render.sentences import listing

_TUNERS = (
    "lora|adalora|randlora|vera|ia3|hada|lokr|oft|boft|hra|fourierft|bone|miss|shira|road|c3a"
    "|ln_tuning"
)
_ADAPTER = re.compile(
    rf"(?:^|\.)(?P<layer>[^.]+)\.(?P<tensor>(?:{_TUNERS})_\w+)\.(?P<adapter>(?!weight$|bias$)[^.]+)(?:\.weight)?$"
)


def fold_adapters(
    names: Iterable[str], among: Mapping[str, Parameter]
) -> tuple[list[str], list[str]]:
    """Return a row for each tensor of an adapter whose parameters are all meant, and the names that
    are left.

    >>> among = {f"h.{i}.q.lora_B.default.weight": Parameter(name="", numel=8) for i in range(4)}
    >>> fold_adapters(among, among)
    (['lora_B.default in q (4 tensors, 32 values)'], [])
    """
    whole = _by_tensor(among)
    rows, rest = [], []
    for key, meant in _by_tensor(names).items():
        if key is None or len(meant) == 1 or len(meant) < len(whole[key]):
            rest += meant
            continue
        layers = list(
            dict.fromkeys(found["layer"] for name in meant if (found := _ADAPTER.search(name)))
        )
        size = tensors(len(meant), sum(among[name].numel for name in meant))
        rows.append(f"{'.'.join(filter(None, key))} in {listing(layers)} ({size})")
    return rows, rest


def _by_tensor(names: Iterable[str]) -> dict[tuple[str, str, str] | None, list[str]]:
    """Group names by model, tensor and adapter; those of no adapter under None."""
    groups: dict[tuple[str, str, str] | None, list[str]] = {}
    for name in names:
        found = _ADAPTER.search(name)
        model = name.partition("base_model.")[0].rstrip(".") if "base_model." in name else ""
        groups.setdefault((model, found["tensor"], found["adapter"]) if found else None, []).append(
            name
        )
    return groups


def trainable(parameters: Sequence[Parameter]) -> str:
    """Return what ``print_trainable_parameters()`` of a PEFT model prints.

    Empty where there is no adapter.
    """
    if not any(_ADAPTER.search(one.name) for one in parameters):
        return ""
    whole = sum(one.numel for one in parameters)
    some = sum(one.numel for one in parameters if one.verdict is not Verdict.FROZEN)
    return (
        f"trainable params: {some:,} || all params: {whole:,} || trainable%:"
        f" {100 * some / whole:.4f}"
    )
