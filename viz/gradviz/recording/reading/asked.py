"""Whether the objects of a data class are only asked for what they keep, name by name.

What makes a data class also compares its objects and writes them as text, and reads all that they
keep for it. Where no object is used as a whole, nothing does.
"""

import ast

from gradviz.recording.reading.expressions import arguments_of
from gradviz.recording.reading.own_names import is_fresh
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source

_MAKERS = frozenset("list dict set deque Counter OrderedDict".split())
_PLAIN = frozenset(("property", "staticmethod"))


def is_only_asked(source: Source, name: str) -> bool:
    """Say whether each object of a data class is made of nothing, has one name, and is used only to
    read and write its attributes and to call its methods.
    """
    classes = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and node.name == name
    ]
    if len(classes) != 1 or not _is_data_class(classes[0]):
        return False
    holders: set[str] = set()
    for node in source.names:
        if node.id == name and not isinstance(source.parents[id(node)], ast.arg):
            holder = _holder_of(source, node)
            if not holder:
                return False
            holders.add(holder)
    given = (item.arg for item in ast.walk(source.tree) if isinstance(item, ast.arg))
    return holders.isdisjoint(given) and all(
        _is_asked(source, node, name) for node in source.names if node.id in holders
    )


def _is_data_class(node: ast.ClassDef) -> bool:
    """Say whether a class is a plain data class whose methods only ask their object."""
    makers = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
    if [ast.unparse(maker).rpartition(".")[2] for maker in makers] != ["dataclass"] or node.bases:
        return False
    return all(map(_is_plain_part, node.body))


def _is_plain_part(part: ast.stmt) -> bool:
    match part:
        case ast.AnnAssign(value=None) | ast.Expr(ast.Constant()) | ast.Pass():
            return True
        case ast.AnnAssign(value=ast.Call(func=ast.Name(id="field"), args=[], keywords=[word])):
            made = isinstance(word.value, ast.Name) and word.value.id in _MAKERS
            return made if word.arg == "default_factory" else is_fresh(word.value)
        case ast.AnnAssign(value=value):
            return is_fresh(value)
        case ast.FunctionDef():
            decorators = [ast.unparse(item) for item in part.decorator_list]
            if part.name.startswith("__") or not _PLAIN.issuperset(decorators):
                return False
            own = [item.arg for item in arguments_of(part)][:1]
            asked = [node.value for node in ast.walk(part) if isinstance(node, ast.Attribute)]
            names = [node for node in ast.walk(part) if isinstance(node, ast.Name)]
            return all(name in asked for name in names if name.id in own)
    return False


def _holder_of(source: Source, made: ast.Name) -> str:
    """Return the name of the object that is made of nothing where a class stands; empty for any
    other use of it.
    """
    call = source.parents[id(made)]
    match call, source.parents.get(id(call)):
        case (
            ast.Call(func=called, args=[], keywords=[]),
            ast.Assign(targets=[ast.Name(id=holder)], value=value),
        ) if called is made and value is call:
            return holder
    return ""


def _is_asked(source: Source, node: ast.Name, made_of: str) -> bool:
    """Say whether a name stands where it is given an object of a class, or where that is asked."""
    parent = source.parents[id(node)]
    if isinstance(node.ctx, ast.Load):
        return isinstance(parent, ast.Attribute) and parent.value is node
    value = parent.value if isinstance(parent, ast.Assign) else None
    return isinstance(value, ast.Call) and name_of(value) == made_of
