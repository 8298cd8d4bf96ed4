"""Many names said in few words.

Whole modules as ``encoder.*``, numbered siblings as ``layers.0..31.*``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gradviz.graph import Parameter
from gradviz.system.grouped import grouped

MOST_RUNS = 6  # of numbers that are said one by one
_BETWEEN = re.compile(r"\.|(?=\[)")  # the parts of "net.layers[0].weight"
_NUMBER = re.compile(r"(\[?)[0-9]+(\]?)")


@dataclass(frozen=True, slots=True)
class NameGroup:
    """Parameters that are told of together. Read-only.

    Attributes:
        pattern: ``"encoder.*"``, ``"layers.0..31.*"``, or the name of the only one.
        parameters: How many parameters it stands for.
        numel: How many numbers they hold.
    """

    pattern: str
    parameters: int
    numel: int

    def __str__(self) -> str:
        if self.parameters == 1:
            return f"{self.pattern} ({values(self.numel)})"
        return f"{self.pattern} ({tensors(self.parameters, self.numel)})"


def fold_names(
    names: Iterable[str], among: Mapping[str, Parameter], roots: Iterable[str] = ()
) -> list[NameGroup]:
    """Return some of a model's names in groups, in the model's order.

    A module is named in place of its parameters where all of them are meant, and runs of numbered
    siblings are joined.

    Args:
        names: The parameters meant.
        among: Every parameter of the model by name; those that ``names`` leaves out keep a module
            from being folded.
        roots: Where there are several models, what they are called; ``agent`` does not stand for
            ``agent.actor``.
    """
    meant = set(names)
    numel = {name: parameter.numel for name, parameter in among.items()}
    in_order = (*(name for name in among if name in meant), *sorted(meant - among.keys()))
    members = {
        name if name in group else f"{name}.*": group
        for name, group in by_module(in_order, among, roots).items()
    }
    folded = {
        tuple(_BETWEEN.split(pattern if len(group) > 1 else group[0])): (
            len(group),
            sum(numel.get(name, 0) for name in group),
        )
        for pattern, group in members.items()
    }
    return [
        NameGroup(".".join(key).replace(".[", "["), count, size)
        for key, (count, size) in join_siblings(folded).items()
    ]


def joined_numbers(paths: Sequence[str]) -> str:
    """Say several paths that differ in their numbers alone as one.

    >>> joined_numbers(["layers.0.q", "layers.1.q", "layers.2.q"]), joined_numbers(["a"])
    ('layers.0..2.q', 'a')
    """
    parts = [
        list(dict.fromkeys(part)) for part in zip(*(path.split(".") for path in paths), strict=True)
    ]
    return ".".join(
        part[0] if len(part) == 1 else ",".join(_few_runs(list(map(int, part)))) for part in parts
    )


def by_module(
    names: Iterable[str], among: Iterable[str], roots: Iterable[str] = ()
) -> dict[str, list[str]]:
    """Return parameters by the outermost module all of whose parameters are meant.

    One without such a module stands for itself.

    >>> names = ["f1.weight", "f1.bias", "f2.weight", "f2.bias"]
    >>> by_module(["f1.weight", "f1.bias", "f2.bias"], names)
    {'f1': ['f1.weight', 'f1.bias'], 'f2.bias': ['f2.bias']}
    """
    meant = list(dict.fromkeys(names))
    left_out = {module for name in {*among} - {*meant} for module in modules_around(name)}
    left_out.update(module for root in roots for module in modules_around(root))
    return grouped(
        (next((module for module in modules_around(name) if module not in left_out), name), name)
        for name in meant
    )


def modules_around(name: str) -> list[str]:
    """Return the modules that a parameter lies in, the outermost first.

    ``"a.b.weight"`` gives ``["a", "a.b"]``.
    """
    path = name.split(".")
    return [".".join(path[:depth]) for depth in range(1, len(path))]


def join_siblings(
    folded: dict[tuple[str, ...], tuple[int, int]],
) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return keys with those joined that differ in one number only, for every place in the path.

    ``layers.0.*``, ``layers.1.*``; ``layers[0].*`` too.
    """
    for depth in range(max(map(len, folded), default=0)):
        families: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for key in folded:
            numbered = depth < len(key) and _NUMBER.fullmatch(key[depth])
            family = (
                (*key[:depth], _NUMBER.sub(r"\1#\2", key[depth]), *key[depth + 1 :])
                if numbered
                else key
            )
            families.setdefault(family, []).append(key)
        joined = {}
        for family, keys in families.items():
            name = keys[0]
            if len(keys) > 1:
                numbers = ",".join(_few_runs([int(key[depth].strip("[]")) for key in keys]))
                name = (*family[:depth], family[depth].replace("#", numbers), *family[depth + 1 :])
            joined[name] = sum(folded[key][0] for key in keys), sum(folded[key][1] for key in keys)
        folded = joined
    return folded


def runs(numbers: Iterable[int]) -> list[str]:
    """Return numbers as runs.

    >>> runs([0, 1, 2, 5])
    ['0..2', '5']
    """
    stretches: list[list[int]] = []
    for number in sorted(numbers):
        if stretches and number == stretches[-1][-1] + 1:
            stretches[-1].append(number)
        else:
            stretches.append([number])
    return [f"{run[0]}..{run[-1]}" if len(run) > 1 else str(run[0]) for run in stretches]


def _few_runs(numbers: Iterable[int]) -> list[str]:
    """Return numbers as runs; where there are many, those in the middle are left out."""
    stretches = runs(numbers)
    return (
        stretches
        if len(stretches) <= MOST_RUNS
        else [*stretches[: MOST_RUNS - 2], "...", stretches[-1]]
    )


def tensors(parameters: int, numel: int) -> str:
    """Say how large some parameters are.

    >>> tensors(4_000, 480), tensors(1, 1)
    ('4,000 tensors, 480 values', '1 tensor, 1 value')
    """
    return f"{parameters:,} tensor{'' if parameters == 1 else 's'}, {values(numel)}"


def values(numel: int) -> str:
    """Say how many numbers there are: ``"1 value"``, ``"1.2 k values"``."""
    return f"{abbreviated(numel)} value{'' if numel == 1 else 's'}"


def abbreviated(number: int) -> str:
    """Say a large number shortly: 850, 1.2 k, 85 M, 7.2 B."""
    size = float(number)
    for unit in ("", " k", " M", " B", " T"):
        if size < 999.5 or unit == " T":
            return f"{size:.1f}{unit}" if unit and size < 9.95 else f"{size:.0f}{unit}"
        size /= 1000
    raise AssertionError
