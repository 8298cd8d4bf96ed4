"""What became different from one report to another: verdicts that changed, cuts that came or went. Pure: no torch, no output.

A module that has another name and the same parameters below it is taken for the same module.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gradviz.graph import Cut, Parameter
from gradviz.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """A module, or the whole model, whose parameters are the same under another name. Read-only.

    Attributes:
        before, after: Its path; empty for the model itself.
        parameters: How many parameters are below it.
    """

    before: str
    after: str
    parameters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A parameter that another thing became of. Read-only."""

    before: Parameter
    after: Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Everything that differs, each in the model's order. Read-only.

    Attributes:
        changed: Parameters of both whose verdict, or whether they are severed on one of several routes, changed.
        came, went: Parameters of only one.
        renamed: Modules with another name.
        cuts_came, cuts_went: Cuts of only one. A cut is known by its operation, its code and what is behind it, so that a line may move.
    """

    changed: tuple[Change, ...] = ()
    came: tuple[Parameter, ...] = ()
    went: tuple[Parameter, ...] = ()
    renamed: tuple[Renaming, ...] = ()
    cuts_came: tuple[Cut, ...] = ()
    cuts_went: tuple[Cut, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything that a verdict depends on differs; a new name alone is no difference."""
        return bool(self.changed or self.came or self.went or self.cuts_came or self.cuts_went)


def compare(before: Report, after: Report) -> Difference:
    """Return what differs between two reports; of several losses, all of them together are compared."""
    old, new = before.parameters, after.parameters
    lone_old = [name for name in old if name not in new]
    lone_new = [name for name in new if name not in old]
    renamed = _renamings(old, lone_old, new, lone_new)
    names = {name: name for name in old if name in new}
    for renaming in renamed:
        names |= {name: _moved(name, renaming) for name in lone_old if _is_below(name, renaming.before) and name not in names}
    taken = set(names.values())
    gone, come = _unmatched(before.cuts, after.cuts, names)
    return Difference(
        changed=tuple(Change(before=old[b], after=new[a]) for b, a in names.items() if _fate(old[b]) != _fate(new[a])),
        came=tuple(new[name] for name in lone_new if name not in taken),
        went=tuple(old[name] for name in lone_old if name not in names),
        renamed=tuple(renamed),
        cuts_came=come,
        cuts_went=gone,
    )


def _fate(parameter: Parameter) -> tuple[str, bool]:
    return parameter.verdict, parameter.partial


def _renamings(
    old: Mapping[str, Parameter], lone_old: Sequence[str], new: Mapping[str, Parameter], lone_new: Sequence[str]
) -> list[Renaming]:
    """Match modules, the outermost first, of which no parameter keeps its name and which hold the same below; alike ones in order."""
    left, right = _modules(old, lone_old), _modules(new, lone_new)
    alike: dict[frozenset[_Content], list[str]] = {}
    for path, names in right.items():
        alike.setdefault(_content(path, names, new), []).append(path)
    renamed = []
    taken_old: set[str] = set()
    taken_new: set[str] = set()
    for path, names in left.items():
        others = [] if taken_old.intersection(names) else alike.get(_content(path, names, old), [])
        other = next((other for other in others if not taken_new.intersection(right[other])), None)
        if other is not None:
            renamed.append(Renaming(before=path, after=other, parameters=len(names)))
            taken_old.update(names)
            taken_new.update(right[other])
    return renamed


_Content = tuple[str, tuple[int, ...]]  # a parameter's name within a module, and its shape


def _modules(parameters: Mapping[str, Parameter], lone: Sequence[str]) -> dict[str, list[str]]:
    """The modules of which no parameter keeps its name, the outermost first, with the parameters below each."""
    kept = {path for name in set(parameters) - set(lone) for path in _around(name)}
    below: dict[str, list[str]] = {}
    for name in lone:
        for path in _around(name):
            if path not in kept:
                below.setdefault(path, []).append(name)
    return dict(sorted(below.items(), key=lambda item: item[0].count(".") + bool(item[0])))  # stable, so in the model's order


def _content(path: str, names: Iterable[str], parameters: Mapping[str, Parameter]) -> frozenset[_Content]:
    return frozenset((name[len(path) :].lstrip("."), parameters[name].shape) for name in names)


def _around(name: str) -> list[str]:
    """The modules around a parameter, the model itself first: ``"a.b.weight"`` gives ``["", "a", "a.b"]``."""
    path = name.split(".")
    return [".".join(path[:depth]) for depth in range(len(path))]


def _is_below(name: str, path: str) -> bool:
    return not path or name.startswith(f"{path}.")


def _moved(name: str, renaming: Renaming) -> str:
    return f"{renaming.after}.{name[len(renaming.before) :].lstrip('.')}".lstrip(".")


def _unmatched(before: Iterable[Cut], after: Iterable[Cut], names: Mapping[str, str]) -> tuple[tuple[Cut, ...], tuple[Cut, ...]]:
    """The cuts of only one side."""
    old = [(cut, (cut.kind, cut.operation, cut.code, frozenset(names.get(name, name) for name in cut.parameters))) for cut in before]
    new = [(cut, (cut.kind, cut.operation, cut.code, frozenset(cut.parameters))) for cut in after]
    return _left(old, Counter(key for _, key in new)), _left(new, Counter(key for _, key in old))


def _left(cuts: Iterable[tuple[Cut, Hashable]], others: Counter[Hashable]) -> tuple[Cut, ...]:
    left = []
    for cut, key in cuts:
        if others[key]:
            others[key] -= 1
        else:
            left.append(cut)
    return tuple(left)
