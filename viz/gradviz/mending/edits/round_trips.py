"""A value that goes through bytes, text or a capsule and comes back as a new one: handed over as it
is.

``pickle.loads(pickle.dumps(h))``, ``torch.load(buffer)``, ``from_dlpack(to_dlpack(h))``.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, in_brackets, last_name, name_of, peeled, proposes
from gradviz.mending.edits.values import outermost_takers

_MODULES = frozenset(("pickle", "dill", "cloudpickle", "json", "marshal", "ForkingPickler"))
_CAPSULES = frozenset(("to_dlpack", "from_dlpack"))
_KINDS = ("new_tensor", "detach", "data", "item", "numpy", "error")


@proposes(*_KINDS)
def handed_over(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that hand values over as they are, all through the file, where they were packed
    and unpacked.
    """
    calls = [call for node in ast.walk(site.source.tree) if (call := _packing(node)) is not None]
    names = {name_of(call) for call in calls}
    packs = [call for call in calls if _other_way(name_of(call)) in names]
    if not packs:
        return
    title = "hand the value over as it is"
    for base in (lambda value: value, _without_takers):
        yield Edit(
            title, tuple(c for call in packs for c in peeled(site, call, base(call.args[0])))
        )


@proposes(*_KINDS)
def not_read_back(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that use the tensor that was saved in the place of what is loaded again."""
    assert site.statement is not None
    calls = [
        node
        for node in ast.walk(site.source.function_of(site.statement))
        if isinstance(node, ast.Call) and name_of(node) in ("torch.save", "torch.load")
    ]
    for save in calls:
        if last_name(save) != "save" or len(save.args) < 2:
            continue
        value, file = save.args[0], site.source.code(save.args[1])
        name = value.id if isinstance(value, ast.Name) else "saved"
        changes = [
            site.source.replacing(load, name)
            for load in calls
            if last_name(load) == "load" and load.args and site.source.code(load.args[0]) == file
        ]
        if name == "saved":
            changes.append(site.source.replacing(value, f"saved := {in_brackets(site, value)}"))
        if len(changes) > (name == "saved"):
            yield Edit("use what was saved, and not a copy that is loaded", tuple(changes))


def _packing(node: ast.AST) -> ast.Call | None:
    """Return the call that packs or unpacks a value, where a node is one."""
    if not (isinstance(node, ast.Call) and node.args):
        return None
    module, _, name = name_of(node).rpartition(".")
    packs = name in ("dumps", "loads") and module.rpartition(".")[2] in _MODULES
    return node if packs or name in _CAPSULES else None


def _other_way(name: str) -> str:
    """Return the name of what unpacks where one packs, or packs where one unpacks; of a capsule,
    which a tensor makes by itself, the same name.
    """
    module, dot, last = name.rpartition(".")
    return module + dot + {"dumps": "loads", "loads": "dumps"}.get(last, last)


def _without_takers(value: ast.expr) -> ast.expr:
    return next((base for node, base in outermost_takers(ast.Expr(value)) if node is value), value)
