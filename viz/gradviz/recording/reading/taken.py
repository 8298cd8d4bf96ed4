"""Takes a part of something by a call, written as the element or attribute that it is.

``itemgetter("w")(r)`` is ``r["w"]``, ``map(attrgetter("w"), rows)`` is ``r.w for r in rows``, and
``vars(c)["w"]`` is ``c.w``, and ``rows().pop("w")`` is ``rows()["w"]``.
"""

import ast

from gradviz.recording.reading.expressions import looked_up
from gradviz.recording.reading.parts import SOME, TAKE_OUT, Piece, name_of

_FIELDS = frozenset("vars asdict _asdict".split())  # calls that give attributes by their names
_ITEM = "<item>"  # no name of the user's


def plain(tree: ast.Module) -> ast.Module:
    """Return a file with such calls written anew, each where it stood."""
    return _Plain().visit(tree)  # type: ignore[no-any-return]


def out_of(call: ast.AST) -> Piece | None:
    """Return of what a call gives an element as it is, whatever it is; None for any other."""
    if not isinstance(call, ast.Call) or call.keywords:
        return None
    if isinstance(call.func, ast.Attribute) and name_of(call) in TAKE_OUT:
        return None if call.args else Piece(call.func.value, (SOME,))
    takes = name_of(call) in ("next", "choice") and len(call.args) == 1
    return Piece(call.args[0], (SOME,)) if takes else None


class _Plain(ast.NodeTransformer):
    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        owner, key = _with_fields(node.value), node.slice
        if owner is None or not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return node
        return ast.copy_location(ast.Attribute(owner, key.value, node.ctx), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        _write_out(node)
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
            key = looked_up(node)
            if key is not None:
                index = ast.copy_location(ast.Constant(key), node)
                owner = node.func.value
                return ast.copy_location(ast.Subscript(owner, index, ast.Load()), node)
        if len(node.args) == 1 and not node.keywords:
            return _got(node.func, node.args[0], node) or node
        if name_of(node) != "map" or len(node.args) != 2 or node.keywords:
            return node
        item = ast.copy_location(ast.Name(_ITEM, ast.Load()), node)
        part = _got(node.args[0], item, node)
        if part is None:
            return node
        target = ast.copy_location(ast.Name(_ITEM, ast.Store()), node)
        loop = ast.comprehension(target, node.args[1], [], 0)
        return ast.copy_location(ast.GeneratorExp(part, [loop]), node)


def _write_out(call: ast.Call) -> None:
    """Write ``f(*(a, b), **{"c": d})`` as ``f(a, b, c=d)``, and ``partial(f, a)(b)`` as
    ``f(a, b)``.
    """
    args: list[ast.expr] = []
    for item in call.args:
        display = item.value if isinstance(item, ast.Starred) else None
        args += display.elts if isinstance(display, (ast.Tuple, ast.List)) else [item]
    words: list[ast.keyword] = []
    for word in call.keywords:
        named = _keywords(word.value) if word.arg is None else None
        words += [word] if named is None else named
    inner = call.func
    if isinstance(inner, ast.Call) and name_of(inner) == "partial" and inner.args:
        given = {word.arg for word in words}
        args = [*inner.args[1:], *args]
        words = [*(word for word in inner.keywords if word.arg not in given), *words]
        call.func = inner.args[0]
    call.args, call.keywords = args, words


def _keywords(value: ast.expr) -> list[ast.keyword] | None:
    """Return the keywords that a dict of constant texts stands for; None for anything else."""
    if not isinstance(value, ast.Dict):
        return None
    words: list[ast.keyword] = []
    for key, item in zip(value.keys, value.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return None
        words.append(ast.copy_location(ast.keyword(key.value, item), item))
    return words


def _with_fields(node: ast.expr) -> ast.expr | None:
    """Return the object whose attributes an expression gives by their names."""
    if isinstance(node, ast.Attribute):
        return node.value if node.attr == "__dict__" else None
    if not isinstance(node, ast.Call) or node.keywords or name_of(node) not in _FIELDS:
        return None
    if len(node.args) == 1:
        return node.args[0]
    return node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None


def _got(getter: ast.expr, owner: ast.expr, place: ast.expr) -> ast.expr | None:
    """Return what a getter takes of an object; None where it is none with constant names."""
    if not isinstance(getter, ast.Call) or len(getter.args) != 1:
        return None
    key, name = getter.args[0], name_of(getter)
    if name == "itemgetter" and isinstance(key, ast.Constant):
        return ast.copy_location(ast.Subscript(owner, key, ast.Load()), place)
    if name != "attrgetter" or not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return None
    for attribute in key.value.split("."):
        owner = ast.copy_location(ast.Attribute(owner, attribute, ast.Load()), place)
    return owner
