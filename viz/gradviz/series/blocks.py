"""The blocks of a model.

What a reader means by a layer, told from the names of the parameters alone.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from gradviz.series.data import Line, Numbers, Series
from gradviz.system.grouped import grouped


def block_names(names: Iterable[str]) -> dict[str, str]:
    """Return the block of each parameter.

    It ends at the first number in the name that has a sibling (``h.0`` beside ``h.1``), or else it
    is the module that owns the parameter.

    >>> block_names(["wte.weight", "h.0.mlp.fc.weight", "h.0.mlp.fc.bias", "h.1.mlp.fc.weight"])
    {'wte.weight': 'wte', 'h.0.mlp.fc.weight': 'h.0', 'h.0.mlp.fc.bias': 'h.0', 'h.1.mlp.fc.weight':
    'h.1'}
    """
    split = {name: name.split(".") for name in names}
    siblings: dict[tuple[str, ...], set[str]] = {}
    for parts in split.values():
        for place, part in enumerate(parts[:-1]):
            if part.isdecimal():
                siblings.setdefault(tuple(parts[:place]), set()).add(part)
    return {name: ".".join(_block(parts, siblings)) for name, parts in split.items()}


def _block(parts: Sequence[str], siblings: Mapping[tuple[str, ...], set[str]]) -> Sequence[str]:
    for place, part in enumerate(parts[:-1]):
        if part.isdecimal() and len(siblings[tuple(parts[:place])]) > 1:
            return parts[: place + 1]
    return parts[:-1] or parts


def blocks(series: Series) -> tuple[Line, ...]:
    """Return a line for each block, in the model's order.

    The norms of its parameters taken together.
    """
    chosen = block_names(line.name for line in series.parameters)
    members = grouped((chosen[line.name], line) for line in series.parameters)
    return tuple(_together(name, lines) for name, lines in members.items())


def _together(name: str, lines: Sequence[Line]) -> Line:
    numel = sum(line.numel for line in lines)
    columns = range(len(lines[0].norms))
    return Line(
        name=name,
        numel=numel,
        norms=tuple(_norm([line.norms[column] for line in lines]) for column in columns),
        ratios=tuple(_ratio(lines, column) for column in columns),
        weights=tuple(_norm([line.weights[column] for line in lines]) for column in columns),
        zeros=tuple(_share(lines, column) for column in columns),
    )


def _norm(norms: Numbers | list[float | None]) -> float | None:
    some = [norm for norm in norms if norm is not None]
    if not some:
        return None
    return math.hypot(*some) if all(map(math.isfinite, some)) else sum(some)


def _ratio(lines: Sequence[Line], column: int) -> float | None:
    """Return the updates of all parameters together, relative to their weights together."""
    pairs = [
        (ratio, weight)
        for line in lines
        if (ratio := line.ratios[column]) is not None
        and (weight := line.weights[column]) is not None
    ]
    whole = _norm([weight for _, weight in pairs])
    change = _norm([ratio * weight for ratio, weight in pairs])
    return change / whole if change is not None and whole else None


def _share(lines: Sequence[Line], column: int) -> float | None:
    shares = [(share, line.numel) for line in lines if (share := line.zeros[column]) is not None]
    numel = sum(count for _, count in shares)
    return sum(share * count for share, count in shares) / numel if numel else None
