"""Under which attributes of the user's own objects a value is kept, where these are read, and which
method of such an object a call is of.

An attribute is told by its name, on whatever object: so all of the user's files have to be known.
"""

import ast
import sys
from collections.abc import Iterable

from torch import nn

from gradviz.recording.reading.asked import is_only_asked
from gradviz.recording.reading.expressions import arguments_of
from gradviz.recording.reading.own_names import (
    function_around,
    function_of,
    where_it_stands,
)
from gradviz.recording.reading.sources import Source, source_of
from gradviz.recording.reading.where import USER, file_of, level

# By which a file may read attributes that it does not name
_REFLECTS = frozenset(
    "asdict astuple fields __dict__ attrgetter methodcaller __getattr__ __getattribute__"
    " __setattr__ getattr_static getmembers getmembers_static get_referents dir __dir__"
    " __getstate__ __reduce__ __reduce_ex__ vars exec eval compile locals"
    " globals yaml jsonpickle".split()
)
# Classes above a class of the user's that read no attribute of the user's own
_PLAIN_BASES = frozenset("object Module ABC Generic Protocol".split())


def own_attribute(source: Source, file: str, node: ast.Attribute) -> str:
    """Return the name of an attribute of an object of a class of the file's that nothing reads but
    what names it in this file; empty for any other.
    """
    owner = _owner_by_self(source, node.value)
    if not owner and isinstance(node.value, ast.Name):
        owner = _made_of(source, node.value)
    name = node.attr
    if not owner or not _is_plain(source, owner) or hasattr(nn.Module, name):
        return ""
    records = (record for record, fields in source.records.items() if name in fields)
    if name in source.callables or any(
        _stands_elsewhere(file, record) or not is_only_asked(source, record) for record in records
    ):
        return ""
    if _reflects(source) or _is_read_by_text(source, name):
        return ""
    return "" if _stands_elsewhere(file, name) else name


def places_of(source: Source, name: str) -> list[ast.Attribute]:
    """Return the places in a file where an attribute of this name stands."""
    nodes = ast.walk(source.tree)
    return [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == name]


def function_called(source: Source, call: ast.Call) -> ast.FunctionDef | None:
    """Return the function of the file's that a call by its name is of; None where that may be
    another.
    """
    functions = source.callables.get(call.func.id, []) if isinstance(call.func, ast.Name) else []
    function = functions[0] if len(functions) == 1 else None
    if not isinstance(function, ast.FunctionDef) or function.decorator_list:
        return None
    again = [name for name in source.names if name.id == function.name]
    is_method = isinstance(source.parents.get(id(function)), ast.ClassDef)
    only = all(isinstance(name.ctx, ast.Load) for name in again)
    return function if only and not is_method else None


def results_of(source: Source, file: str, function: ast.AST | None) -> list[ast.expr]:
    """Return the places where a file has what a function of it returns; none where other places may
    have it too.
    """
    if not isinstance(function, ast.FunctionDef) or _yields(function):
        return []
    name, owner = function.name, source.functions[id(function)][1]
    if owner and (not _is_plain(source, owner) or hasattr(nn.Module, name)):
        return []
    if name.startswith("__") or len(source.callables[name]) != 1 or _stands_elsewhere(file, name):
        return []
    match function.decorator_list:
        case []:
            if source.is_handed_on(name) or _reflects(source) or _is_read_by_text(source, name):
                return []
            calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
            return [call for call in calls if name in _names_of(call.func)]
        case [ast.Name(id="property")] if not _reflects(source):
            places = places_of(source, name)
            read = all(isinstance(node.ctx, ast.Load) for node in places)
            return [*places] if read and not _is_read_by_text(source, name) else []
    return []


def _yields(function: ast.FunctionDef) -> bool:
    kinds = (ast.Yield, ast.YieldFrom)
    return any(isinstance(node, kinds) for node in ast.walk(function))


def _names_of(node: ast.expr) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return (name,)
    return ()


def method_called(source: Source, call: ast.Call) -> ast.FunctionDef | None:
    """Return the method of a class of the file's that a call is of; None where that is not
    known.
    """
    match call.func:
        case ast.Attribute(value=ast.Name() as holder, attr=name):
            pass
        case ast.Name() as holder:
            name = "__call__"
        case _:
            return None
    owner = _owner_by_self(source, holder) or _made_of(source, holder)
    if not owner or not _is_plain(source, owner) or _reflects(source):
        return None
    methods = [
        function
        for function, of_class, _ in source.functions.values()
        if getattr(function, "name", "") == name and of_class and source.is_related(of_class, owner)
    ]
    if any(isinstance(node.ctx, ast.Store) for node in places_of(source, name)):
        return None
    method = methods[0] if len(methods) == 1 else None
    return method if isinstance(method, ast.FunctionDef) and not method.decorator_list else None


def parameters_for(function: ast.FunctionDef, node: ast.AST, call: ast.Call) -> list[str]:
    """Return the names by which a function may have what a call hands it; nothing where that is not
    known.
    """
    given, is_method = function.args, getattr(call.func, "attr", "") == function.name
    positional = [item.arg for item in given.posonlyargs + given.args]
    positional = positional[is_method or function.name == "__call__" :]
    word = next((word for word in call.keywords if word.value is node), None)
    if word is None:
        if node not in call.args or any(isinstance(item, ast.Starred) for item in call.args):
            return []
        place = call.args.index(node)
        name = positional[place] if place < len(positional) else getattr(given.vararg, "arg", "")
        return [name] if name else []
    named = [*positional, *(item.arg for item in given.kwonlyargs)]
    rest = [given.kwarg.arg] if given.kwarg is not None else []
    if word.arg is None:
        return [*named, *rest]
    return [word.arg] if word.arg in named else rest


def _owner_by_self(source: Source, node: ast.AST) -> str:
    """Return the class whose method a name is the object of; empty for any other."""
    function = function_around(source, node) if isinstance(node, ast.Name) else None
    if not isinstance(node, ast.Name) or not isinstance(function, ast.FunctionDef):
        return ""
    given = [argument.arg for argument in arguments_of(function)]
    owner = source.functions[id(function)][1]
    return owner if owner and not function.decorator_list and given[:1] == [node.id] else ""


def _made_of(source: Source, name: ast.Name) -> str:
    """Return the one class of the file's that all that a name stands for is made of."""
    whole = where_it_stands(source, name.id, function_of(source, name))
    if whole is None or any(item.arg == name.id for item in _arguments(whole)):
        return ""
    made = set()
    for node in ast.walk(whole):
        if isinstance(node, ast.Name) and node.id == name.id and isinstance(node.ctx, ast.Store):
            match source.parents.get(id(node)):
                case ast.Assign(targets=[_], value=ast.Call(func=ast.Name(id=called))):
                    made.add(called)
                case _:
                    return ""
    return made.pop() if len(made) == 1 and made <= source.bases.keys() else ""


def _arguments(function: ast.AST) -> Iterable[ast.arg]:
    return () if isinstance(function, ast.Module) else arguments_of(function)


def _is_plain(source: Source, owner: str) -> bool:
    """Say whether all above a class are classes of the file's, or such as read nothing of it."""
    pending, met = [owner], set[str]()
    while pending:
        name = pending.pop()
        if name in met or name in _PLAIN_BASES:
            continue
        if name not in source.bases:
            return False
        met.add(name)
        pending += source.bases[name]
    return True


def _reflects(source: Source) -> bool:
    """Say whether a file may read attributes that it does not name."""
    if source.holds_any_of(_REFLECTS):
        return True
    for name in source.names:
        call = source.parents.get(id(name)) if name.id == "getattr" else None
        if name.id == "getattr" and not (
            isinstance(call, ast.Call)
            and len(call.args) > 1
            and isinstance(call.args[1], ast.Constant)
        ):
            return True
    return False


def _is_read_by_text(source: Source, name: str) -> bool:
    """Say whether a file names an attribute where no dot stands: ``getattr(log, "rows")``."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=text), *_]):
                if text == name:
                    return True
            case ast.MatchClass(kwd_attrs=attributes):
                if name in attributes:
                    return True
    return False


def _stands_elsewhere(file: str, name: str) -> bool:
    """Say whether another file of the user's may read an attribute of this name."""
    files = user_files()
    if file not in files:
        return True  # a cell of a notebook, which the others read
    for source in map(source_of, files - {file}):
        if source is None or source.holds_any_of(frozenset((name,))):
            return True
        if _reflects(source) or _is_read_by_text(source, name):
            return True
    return False


def user_files() -> set[str]:
    """Return the user's files that are loaded."""
    files = {file_of(module) for module in list(sys.modules.values())}
    return {file for file in files if level(file) == USER}
