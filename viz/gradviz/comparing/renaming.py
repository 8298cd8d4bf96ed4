"""Which parameter of one model is which of another, where modules were renamed, wrapped, or moved
up by a new one. Pure.

Two trees of modules are walked side by side. Modules are the same if their names are, or else if
the same parameters lie below them: one may lie deeper (``module.``, ``_orig_mod.``,
``base_model.model.``), and numbered siblings may have made room for another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from gradviz.graph import Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """A module, or the whole model, whose parameters are found under another name. Read-only.

    Attributes:
        before, after: Its path; empty for the model itself.
        parameters: How many parameters are found.
    """

    before: str
    after: str
    parameters: int


def pair(
    old: Mapping[str, Parameter], new: Mapping[str, Parameter]
) -> tuple[dict[str, str], list[Renaming]]:
    """Return which parameter of ``old`` is which of ``new``, in the order of ``old``, and the
    modules that have another name.
    """
    pairs = _Pairs()
    while True:  # what is left over may be found once it stands alone
        taken, before = set(pairs.names.values()), len(pairs.names)
        left = _tree(
            {name: parameter for name, parameter in old.items() if name not in pairs.names}
        )
        right = _tree({name: parameter for name, parameter in new.items() if name not in taken})
        pairs.walk(left, right, ("", ""))
        if len(pairs.names) == before:
            return {name: pairs.names[name] for name in old if name in pairs.names}, pairs.renamed


@dataclass(slots=True, eq=False)
class _Module:
    path: str
    # Names of parameters within it, and their shapes
    contents: set[tuple[str, tuple[int, ...]]] = field(default_factory=set)
    own: list[str] = field(default_factory=list)
    children: "dict[str, _Module]" = field(default_factory=dict)

    def inside(self) -> "Iterator[_Module]":
        """Yield every module in it, the shallowest first."""
        level = list(self.children.values())
        while level:
            yield from level
            level = [child for module in level for child in module.children.values()]

    def shared_with(self, other: "_Module") -> int:
        return len(self.contents & other.contents)


def _tree(parameters: Mapping[str, Parameter]) -> _Module:
    root = _Module("")
    for name, parameter in parameters.items():
        module, path = root, name.split(".")
        for depth, part in enumerate(path[:-1], 1):
            module.contents.add((".".join(path[depth - 1 :]), parameter.shape))
            module = module.children.setdefault(part, _Module(".".join(path[:depth])))
        module.contents.add((path[-1], parameter.shape))
        module.own.append(path[-1])
    return root


class _Pairs:
    """What was found.

    Attributes:
        names: The new name of a parameter by the old.
        renamed: The modules whose own part of the name is another, the outer before the inner.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.renamed: list[Renaming] = []

    def walk(self, left: _Module, right: _Module, outer: tuple[str, str]) -> None:
        """Pair what lies in two modules that are the same, given the paths of the
        two around them.
        """
        left, right = _at_one_depth(left, right)
        place, before = len(self.renamed), len(self.names)
        for last in left.own:
            if last in right.own:
                self.names[_joined(left.path, last)] = _joined(right.path, last)
        for inner, other in _children(left, right):
            self.walk(inner, other, (left.path, right.path))
        expected = _joined(outer[1], left.path[len(outer[0]) :].lstrip("."))
        if right.path != expected and len(self.names) > before:
            self.renamed.insert(
                place,
                Renaming(before=left.path, after=right.path, parameters=len(self.names) - before),
            )


def _at_one_depth(left: _Module, right: _Module) -> tuple[_Module, _Module]:
    """Return the two modules, or one of them with the module inside the other that has more in
    common with it.
    """
    best, shared = (left, right), left.shared_with(right)
    if shared < min(len(left.contents), len(right.contents)):
        for pair in (
            *((left, inner) for inner in right.inside()),
            *((inner, right) for inner in left.inside()),
        ):
            more = pair[0].shared_with(pair[1])
            if more > shared:
                best, shared = pair, more
    return best


def _children(left: _Module, right: _Module) -> Sequence[tuple[_Module, _Module]]:
    """Return the modules in two modules that are the same.

    By name or by place, then by what lies in them.
    """
    same = {name: name for name in left.children if name in right.children}
    if all(map(str.isdecimal, (*left.children, *right.children))):
        same = max(same, _in_order(left, right), key=lambda names: sum(_shared(left, right, names)))
    waiting = {name: child for name, child in right.children.items() if name not in same.values()}
    for is_alike in (_is_equal, _is_like):
        for name, child in left.children.items():
            other = next(
                (
                    other
                    for other in waiting
                    if name not in same and is_alike(child, waiting[other])
                ),
                None,
            )
            if other is not None:
                same[name] = other
                del waiting[other]
    return [
        (child, right.children[same[name]]) for name, child in left.children.items() if name in same
    ]


def _in_order(left: _Module, right: _Module) -> dict[str, str]:
    """Return siblings whose contents are equal, in their order."""
    olds, news = (sorted(module.children, key=int) for module in (left, right))
    before = [frozenset(left.children[name].contents) for name in olds]
    after = [frozenset(right.children[name].contents) for name in news]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {
        olds[block.a + offset]: news[block.b + offset]
        for block in blocks
        for offset in range(block.size)
    }


def _shared(left: _Module, right: _Module, names: Mapping[str, str]) -> Iterator[int]:
    return (left.children[name].shared_with(right.children[other]) for name, other in names.items())


def _is_equal(left: _Module, right: _Module) -> bool:
    return left.contents == right.contents


def _is_like(left: _Module, right: _Module) -> bool:
    return 2 * left.shared_with(right) > max(len(left.contents), len(right.contents))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
