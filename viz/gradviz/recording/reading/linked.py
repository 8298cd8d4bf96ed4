"""The user's files read as one program: a file with those that it takes classes and functions from.

Each of the others stands some lines further down, so that no two places are the same.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from gradviz.recording.reading.expressions import path_of
from gradviz.recording.reading.sources import Import, Source, enumerations, parsed, source_of
from gradviz.recording.reading.where import USER, file_of, level

SHIFT = 1 << 20
"""Lines from one file to the next."""
_MOST = 24  # files that are read as one
_LONGEST = 30_000  # lines of all of them
_shifts: dict[str, int] = {}


@lru_cache(maxsize=128)
def linked(filename: str) -> Source | None:
    """Return a file as read, with the user's other files that it has classes or functions from."""
    own = source_of(filename)
    if own is None or level(filename) != USER:
        return own
    met: dict[str, Source] = {}
    imports: dict[int, dict[str, Import]] = {}
    pending, left = [filename], _LONGEST
    while pending and len(met) < _MOST:
        file = pending.pop(0)
        source = own if file == filename else _shifted(file)
        left -= 0 if source is None else _length(source)
        if source is None or file in met or left < 0:
            continue
        met[file] = source
        imported = {item.name: item for item in imports_in(source.tree, file)}
        imports[id(source.tree)] = imported
        pending += (item.file for item in imported.values())
    return own if len(met) == 1 else _joined(*_with_enumerations(filename, met, imports))


def files_with(filename: str) -> Iterable[str]:
    """Return the files that one is read with; none for one that is not the user's."""
    source = linked(filename) if level(filename) == USER else None
    return () if source is None else source.shifts


def _with_enumerations(
    filename: str, met: Mapping[str, Source], imports: Mapping[int, Mapping[str, Import]]
) -> tuple[Source, Mapping[str, Source], Mapping[int, Mapping[str, Import]]]:
    """Return the files, the first and all, with the members of the enumerations that each has from
    others written as the constants that they are, and what they import.
    """
    members_of = {
        file: enumerations(source.tree)
        for file, source in met.items()
        if any(name.endswith("Enum") for above in source.bases.values() for name in above)
    }
    read, imported = dict(met), dict(imports)
    for file, source in met.items() if any(members_of.values()) else ():
        names = imports[id(source.tree)]
        own = {
            f"{item.name}.{name}" if not item.original else item.name: members
            for item in names.values()
            for name, members in members_of.get(item.file, {}).items()
            if item.original in ("", name)
        }
        again = parsed(file, 0 if file == filename else shift_of(file), own) if own else None
        if again is not None:
            read[file], imported[id(again.tree)] = again, names
    return read[filename], read, imported


def _joined(
    own: Source, met: Mapping[str, Source], imports: Mapping[int, Mapping[str, Import]]
) -> Source:
    sources = [*met.values()]
    bases: dict[str, set[str]] = {}
    for source in sources:
        for name, above in source.bases.items():
            bases[name] = bases.get(name, set()) | above
    renamed = {
        item.name: item.original
        for imported in imports.values()
        for item in imported.values()
        if item.original not in ("", item.name)
    }
    for name, original in renamed.items():
        if original in bases:
            bases[name] = bases.get(name, set()) | {original}
    return replace(
        own,
        functions={key: item for source in sources for key, item in source.functions.items()},
        words={key: item for source in sources for key, item in source.words.items()},
        bases=bases,
        scopes={},
        passed={},
        own={},
        parts={},
        with_word={},
        giving={},
        trees={file: source.tree for file, source in met.items()},
        shifts={file: 0 if source is own else shift_of(file) for file, source in met.items()},
        imports=imports,
        renamed=renamed,
    )


def _length(source: Source) -> int:
    return (source.tree.body[-1].end_lineno or 0) % SHIFT


def shift_of(file: str) -> int:
    """Return by how many lines a file is moved where it is read together with others."""
    return _shifts.setdefault(file, (len(_shifts) + 1) * SHIFT)


@lru_cache(maxsize=128)
def _shifted(file: str) -> Source | None:
    return parsed(file, shift_of(file)) if level(file) == USER else None


def imports_in(tree: ast.Module, filename: str) -> Iterator[Import]:
    """Yield what a file has from the user's modules that are loaded, and where it is defined."""
    modules: dict[str, ModuleType] = {}
    attributes: list[ast.Attribute] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            attributes.append(node)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                module = sys.modules.get(alias.name)
                if module is not None and level(file_of(module)) == USER:
                    modules[alias.asname or alias.name] = module
                    yield Import(alias.asname or alias.name, "", file_of(module))
        elif isinstance(node, ast.ImportFrom):
            module = sys.modules.get(_module_named(node, filename))
            if module is not None and level(file_of(module)) == USER:
                for alias in node.names:
                    yield from _imported(module, alias.name, alias.asname or alias.name, modules)
    for node in attributes if modules else ():
        module = modules.get(".".join(path_of(node.value)[0] or ()))
        if module is not None:
            yield from _imported(module, node.attr, node.attr, {})


def _imported(
    module: ModuleType, name: str, known_as: str, modules: dict[str, ModuleType]
) -> Iterator[Import]:
    held = _held(module, name)
    if issubclass(type(held), ModuleType):
        modules[known_as] = held
        yield Import(known_as, "", file_of(held))
    elif type(held) is FunctionType:
        yield Import(known_as, held.__name__, held.__code__.co_filename)
    elif issubclass(type(held), type):
        home = sys.modules.get(str(_own(held, "__module__")))
        yield Import(known_as, str(_own(held, "__name__")), file_of(home))
    else:
        yield Import(known_as, name, file_of(module))


def _own(kind: type, name: str) -> Any:
    """Return an attribute of a class, without asking its metaclass."""
    try:
        return type.__getattribute__(kind, name)
    except AttributeError:
        return ""


def _held(module: ModuleType, name: str) -> Any:
    """Return what a module has under a name, without asking it: that may run code of the user's."""
    own = object.__getattribute__(module, "__dict__")
    return own.get(name, sys.modules.get(f"{own.get('__name__')}.{name}"))


def _module_named(node: ast.ImportFrom, filename: str) -> str:
    if not node.level:
        return node.module or ""
    package = _package_of(filename).split(".")
    above = package[: len(package) - node.level + 1]
    return ".".join((*above, *([node.module] if node.module else ())))


def _package_of(filename: str) -> str:
    for module in list(sys.modules.values()):
        if file_of(module) == filename:
            package = object.__getattribute__(module, "__dict__").get("__package__")
            return package if isinstance(package, str) else ""
    return ""
