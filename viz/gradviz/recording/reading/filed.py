"""Whether a call writes what it is given into a file, as data or as text, that nobody may read."""

import ast

from gradviz.recording.reading.kept import user_files
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.readers import may_read
from gradviz.recording.reading.sources import Source

_WRITERS = frozenset(
    "json.dump yaml.dump np.save np.savez np.savez_compressed np.savetxt numpy.save numpy.savez"
    " numpy.savez_compressed numpy.savetxt".split()
)
_METHODS = frozenset("write writelines writerow writerows".split())  # of what one of these gives
_OPENS = frozenset("open writer DictWriter".split())
_ALONE = frozenset("write_text write_bytes tofile".split())


def is_filed(source: Source, file: str, call: ast.Call) -> bool:
    """Say whether a call writes what it is given into a file, where none may be read again."""
    if not isinstance(call.func, ast.Attribute) or name_of(call) in source.callables:
        return False
    writes = ast.unparse(call.func) in _WRITERS or call.func.attr in _ALONE
    if not writes and (call.func.attr not in _METHODS or not _is_open(source, call.func.value)):
        return False
    dropped = isinstance(source.parents.get(id(call)), ast.Expr)
    files = user_files()  # without a cell of a notebook, which the others read
    return dropped and file in files and not any(map(may_read, files))


def _is_open(source: Source, holder: ast.expr) -> bool:
    """Say whether all that a name or attribute of the file's stands for was opened to write."""
    name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
    made: list[ast.expr | None] = []
    for node in ast.walk(source.tree):
        own = getattr(node, "id", "") == name or getattr(node, "attr", "") == name
        if own and isinstance(getattr(node, "ctx", None), ast.Store):
            parent = source.parents[id(node)]
            with_it = parent.context_expr if isinstance(parent, ast.withitem) else None
            made.append(parent.value if isinstance(parent, ast.Assign) else with_it)
        if isinstance(node, ast.arg) and node.arg == name:
            return False
    opened = all(isinstance(value, ast.Call) and name_of(value) in _OPENS for value in made)
    return bool(made) and opened
