"""Many names said in few words: whole modules as ``encoder.*``, numbered siblings as ``layers.0..31.*``."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gradviz.graph import Parameter

MOST_RUNS = 6  # of numbers that are said one by one
_BETWEEN = re.compile(r"\.|(?=\[)")  # the parts of "net.layers[0].weight"
_NUMBER = re.compile(r"(\[?)[0-9]+(\]?)")


@dataclass(frozen=True, slots=True)
class Group:
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
            return f"{self.pattern} ({abbreviated(self.numel)})"
        return f"{self.pattern} ({self.parameters} parameters, {abbreviated(self.numel)})"


def fold_names(names: Iterable[str], among: Mapping[str, Parameter], roots: Iterable[str] = ()) -> list[Group]:
    """Fold some of a model's names into groups, in the model's order.

    A module is named in place of its parameters where all of them are meant, and runs of numbered siblings are joined.

    Args:
        names: The parameters meant.
        among: Every parameter of the model by name; those that ``names`` leaves out keep a module from being folded.
        roots: Where there are several models, what they are called; ``agent`` does not stand for ``agent.actor``.
    """
    meant = set(names)
    left_out = {prefix for name in among if name not in meant for prefix in _prefixes(name)}
    left_out.update(prefix for root in roots for prefix in _prefixes(root))
    numel = {name: parameter.numel for name, parameter in among.items()}
    members: dict[str, list[str]] = {}
    for name in (*(name for name in among if name in meant), *sorted(meant - among.keys())):
        whole = next((prefix for prefix in _prefixes(name) if prefix and prefix not in left_out), None)
        members.setdefault(name if whole is None else f"{whole}.*", []).append(name)
    folded = {
        tuple(_BETWEEN.split(pattern if len(group) > 1 else group[0])): (len(group), sum(numel.get(name, 0) for name in group))
        for pattern, group in members.items()
    }
    return [Group(".".join(key).replace(".[", "["), count, size) for key, (count, size) in join_siblings(folded).items()]


def joined_numbers(paths: Sequence[str]) -> str:
    """Say several paths that differ in their numbers alone as one.

    >>> joined_numbers(["layers.0.q", "layers.1.q", "layers.2.q"]), joined_numbers(["a"])
    ('layers.0..2.q', 'a')
    """
    parts = [list(dict.fromkeys(part)) for part in zip(*(path.split(".") for path in paths), strict=True)]
    return ".".join(part[0] if len(part) == 1 else ",".join(_runs(list(map(int, part)))) for part in parts)


def _prefixes(name: str) -> list[str]:
    """The modules that a parameter lies in, outermost first: ``"a.b.weight"`` gives ``["", "a", "a.b"]``."""
    path = name.split(".")
    return [".".join(path[:depth]) for depth in range(len(path))]


def join_siblings(folded: dict[tuple[str, ...], tuple[int, int]]) -> dict[tuple[str, ...], tuple[int, int]]:
    """Join keys that differ in one number only, for every place in the path: ``layers.0.*``, ``layers.1.*``; ``layers[0].*`` too."""
    for depth in range(max(map(len, folded), default=0)):
        families: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for key in folded:
            numbered = depth < len(key) and _NUMBER.fullmatch(key[depth])
            family = (*key[:depth], _NUMBER.sub(r"\1#\2", key[depth]), *key[depth + 1 :]) if numbered else key
            families.setdefault(family, []).append(key)
        joined = {}
        for family, keys in families.items():
            name = keys[0]
            if len(keys) > 1:
                numbers = ",".join(_runs([int(key[depth].strip("[]")) for key in keys]))
                name = (*family[:depth], family[depth].replace("#", numbers), *family[depth + 1 :])
            joined[name] = sum(folded[key][0] for key in keys), sum(folded[key][1] for key in keys)
        folded = joined
    return folded


def _runs(numbers: Sequence[int]) -> list[str]:
    """Numbers as runs: 0, 1, 2, 5 give ``["0..2", "5"]``. Where there are many, those in the middle are left out."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    said = [f"{run[0]}..{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return said if len(said) <= MOST_RUNS else [*said[: MOST_RUNS - 2], "...", said[-1]]


def abbreviated(number: int) -> str:
    """Say a large number shortly: 850, 1.2 k, 85 M, 7.2 B."""
    size = float(number)
    for unit in ("", " k", " M", " B", " T"):
        if size < 999.5 or unit == " T":
            return f"{size:.1f}{unit}" if unit and size < 9.95 else f"{size:.0f}{unit}"
        size /= 1000
    raise AssertionError
