"""The line of a program that gives a module an attribute, or gives it another."""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from torch import nn

from gradviz.graph import Place
from gradviz.recording import torch_inside
from gradviz.recording.reading import where
from gradviz.recording.reading.programs import lines_with


def attribute_line(name: str, roots: Mapping[str, Any]) -> Place | None:
    """Return the only line of its class that sets what a name leads to from the models, in a list
    or not: ``net.moe.experts[0]``; None where there are several, or none.
    """
    path = name.partition("[")[0]
    root = max((own for own in roots if path.startswith(f"{own}.")), key=len, default="")
    module = roots.get(root)
    *inner, attribute = path.removeprefix(f"{root}.").split(".")
    for part in inner:
        if not isinstance(module, nn.Module):
            return None
        module = torch_inside.children_of(module).get(part)
    for kind in type(module).__mro__ if isinstance(module, nn.Module) else ():
        file = where.file_of(sys.modules.get(kind.__module__))
        lines = _lines(file, kind.__name__, attribute) if where.level(file) == where.USER else ()
        if lines:
            return lines[0] if len(lines) == 1 else None
    return None


def replacing_line(name: str, files: Iterable[str]) -> Place | None:
    """Return the only line of some files that sets, in no ``__init__``, an attribute that the name
    of a parameter goes through: ``model.fc = ...`` for ``model.fc.weight``; None where there are
    several, or none.
    """
    parts = frozenset(name.split(".")[1:])
    lines = [line for file in files for line in _replacing(file, parts)]
    return lines[0] if len(lines) == 1 else None


@lru_cache(maxsize=512)
def _replacing(file: str, parts: frozenset[str]) -> tuple[Place, ...]:
    """Return the lines of a file that set one of some attributes, in no ``__init__``."""

    def find(tree: ast.Module) -> Iterator[ast.stmt]:
        made = {
            node
            for method in ast.walk(tree)
            if isinstance(method, ast.FunctionDef) and method.name == "__init__"
            for node in ast.walk(method)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and node not in made:
                targets = (own for target in node.targets for own in ast.walk(target))
                if any(isinstance(own, ast.Attribute) and own.attr in parts for own in targets):
                    yield node

    return lines_with(find, file, parts)


@lru_cache(maxsize=512)
def _lines(file: str, kind: str, attribute: str) -> tuple[Place, ...]:
    """Return the lines of a class that set an attribute of what a method is called on."""

    def find(tree: ast.Module) -> Iterator[ast.stmt]:
        for node in ast.walk(tree):
            for method in node.body if isinstance(node, ast.ClassDef) and node.name == kind else ():
                if isinstance(method, ast.FunctionDef) and method.args.args:
                    yield from _setting(method, attribute)

    return lines_with(find, file)


def _setting(method: ast.FunctionDef, attribute: str) -> Iterator[ast.stmt]:
    owner = method.args.args[0].arg
    for node in ast.walk(method):
        match node:
            case ast.Assign(targets=targets):
                pass
            case ast.AnnAssign(value=ast.expr()):
                targets = [node.target]
            case _:
                continue
        for target in targets:
            match target:
                case ast.Attribute(value=ast.Name(id=name), attr=own):
                    if (name, own) == (owner, attribute):
                        yield node
