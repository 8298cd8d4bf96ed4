"""Whether a call writes what it is given into a file, as data or as text, and whether any of the
user's files may read such a file again.

What is written as JSON, as lines or as an array is read by what opens a file, or by a function that
says so: torch's own files are others.
"""

import ast
from functools import lru_cache

from gradviz.recording.reading.kept import user_files
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source, source_of

_WRITERS = frozenset(
    "json.dump yaml.dump np.save np.savez np.savez_compressed np.savetxt numpy.save numpy.savez"
    " numpy.savez_compressed numpy.savetxt".split()
)
_METHODS = frozenset("write writelines writerow writerows".split())  # of what one of these gives
_OPENS = frozenset("open writer DictWriter".split())
_ALONE = frozenset("write_text write_bytes tofile".split())
# What of a name says that a file, or what stands for one, may be read
_READ = tuple(
    "read load mmap memmap fromfile fromtxt fromregex from_ parse_file fileinput stringio bytesio"
    " getvalue getbuffer temporaryfile seek subprocess popen pipe socket sqlite shelve configparser"
    " import_module __import__ runpy getline system".split()
)
_EXACTLY = frozenset(
    "ImageFolder DatasetFolder input stat lstat fstat getsize st_size tell listdir scandir glob"
    " iglob".split()
)
_OTHERS = tuple(
    "load_state_dict from_numpy from_dlpack dataloader loader thread already spread payload"
    " pipeline multiprocessing".split()
)
_WRITES = frozenset("wax")


def is_filed(source: Source, call: ast.Call) -> bool:
    """Say whether a call writes what it is given into a file, where none may be read again."""
    if not isinstance(call.func, ast.Attribute) or name_of(call) in source.callables:
        return False
    writes = ast.unparse(call.func) in _WRITERS or call.func.attr in _ALONE
    if not writes and (call.func.attr not in _METHODS or not _is_open(source, call.func.value)):
        return False
    dropped = isinstance(source.parents.get(id(call)), ast.Expr)
    return dropped and not any(map(may_read, user_files()))


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


@lru_cache(maxsize=256)
def may_read(file: str) -> bool:
    """Say whether a file of the user's may read a file that Python wrote."""
    source = source_of(file)
    if source is None or source.reads_unsaid:
        return True
    return any(_reads(node) for node in ast.walk(source.tree))


def _reads(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="torch"), attr="load"):
            return False
        case ast.Attribute(value=ast.Name(id="sys"), attr="path"):
            return True  # a module that was written may be imported
        case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word):
            return word != "open" and _says_so(word)
        case ast.ImportFrom(module=str(word)):
            return _says_so(word)
        case ast.Call() if name_of(node) == "open":
            return not _only_writes(node)
    return False


def _says_so(word: str) -> bool:
    if word in _EXACTLY:
        return True
    word = word.lower()
    for other in _OTHERS:
        word = word.replace(other, "")
    return any(part in word for part in _READ)


def _only_writes(call: ast.Call) -> bool:
    """Say whether ``open`` is told to write, and not to read as well."""
    place = 1 if isinstance(call.func, ast.Name) else 0
    modes = [*call.args[place : place + 1]]
    modes += [word.value for word in call.keywords if word.arg == "mode"]
    mode = modes[0].value if modes and isinstance(modes[0], ast.Constant) else None
    return isinstance(mode, str) and not _WRITES.isdisjoint(mode) and "+" not in mode
