"""Whether a file of the user's may read a file that Python wrote.

A library that is not known may read any file that it is told of, by a name that says nothing of it.
Of a known one, what reads says so in its name. A name of the user's own stands for something that
is looked at where it is made.
"""

import ast
import sys
from functools import lru_cache

from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source, source_of
from gradviz.recording.reading.where import USER, file_of, level

# Libraries that read nothing but by what says so, and what a longer one has that does not
_KNOWN = frozenset(
    "__future__ abc argparse array atexit bisect collections concurrent contextlib copy csv"
    " dataclasses datetime decimal enum fractions functools gc gradviz hashlib heapq itertools json"
    " logging math matplotlib multiprocessing numbers numpy operator os pathlib pickle pprint"
    " pytest queue random re shutil signal statistics string sys tempfile textwrap threading time"
    " torch tqdm traceback types typing typing_extensions unittest uuid warnings yaml einops"
    " tensorboard tensorboardX torchvision.transforms torchvision.models torchvision.ops"
    " torchvision.utils sklearn.metrics sklearn.model_selection".split()
)
# What of a name says that a file, or what stands for one, may be read
_READ = tuple(
    "read load open mmap memmap from_ fromfile fromtxt fromregex parse_file stringio bytesio"
    " getvalue getbuffer temporaryfile seek popen socket import __import__ runpy getline system"
    " exec spawn npyio npzfile fileconfig dictconfig filetype rc_file __dict__".split()
)
_EXACTLY = frozenset(
    "stat lstat fstat getsize st_size tell listdir scandir walk iterdir glob rglob iglob input pipe"
    " Pipe compose compose_all parse scan style".split()
)
_OTHERS = tuple(
    "load_state_dict from_numpy from_dlpack dataloader thread already spread overload".split()
)
_BY_NAME = frozenset("getattr attrgetter methodcaller".split())
_STREAMS = frozenset("write writelines writerow writerows".split())
_WRITE_MODES = frozenset(("w", "a", "x", "wt", "at", "xt", "tw", "wb", "ab", "xb", "bw"))


@lru_cache(maxsize=256)
def may_read(file: str) -> bool:
    """Say whether a file of the user's may read a file that Python wrote."""
    source = source_of(file)
    if source is None or source.reads_unsaid:
        return True
    bound = _bound_in(source.tree)
    return any(_reads(source, node, bound) for node in ast.walk(source.tree))


def _bound_in(tree: ast.Module) -> set[str]:
    """Return the names that a file gives to what it makes, or has from its own functions."""
    bound: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                bound.add(name)
            case ast.ClassDef(name=name):
                bound.add(name)
    return bound


def _reads(source: Source, node: ast.AST, bound: set[str]) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom():
            return not _is_known(source, node)
        case ast.Attribute(value=ast.Name(id="torch"), attr="load"):
            return False  # torch's own files are others
        case ast.Attribute(value=ast.Name(id="sys"), attr="path" | "modules" | "meta_path"):
            return True  # a module that was written may be imported
        case ast.Attribute(attr="open") | ast.Name(id="open"):
            return not _only_writes(source, node)
        case ast.Attribute(value=ast.Name(id="self"), attr=word):
            return _says_so(word) and word not in _own_attributes(source)
        case ast.Attribute(attr=word):
            return _says_so(word)
        case ast.Name(id=word):
            return word not in bound and _says_so(word)
        case ast.FunctionDef(name=word):
            return word in _STREAMS or any(_says_so(item.arg) for item in _called(node))
        case ast.Call() if name_of(node) in _BY_NAME:
            words = node.args[1:2] if name_of(node) == "getattr" else node.args[:1]
            texts = [word.value for word in words if isinstance(word, ast.Constant)]
            return not texts or not isinstance(texts[0], str) or _says_so(texts[0])
        case ast.keyword(arg=str(word)) | ast.Constant(value=str(word)):
            return "fromfile" in word
    return False


def _called(function: ast.FunctionDef) -> list[ast.arg]:
    """Return the parameters of a function that it calls, which are somebody else's functions."""
    calls = {name_of(node) for node in ast.walk(function) if isinstance(node, ast.Call)}
    return [item for item in ast.walk(function) if isinstance(item, ast.arg) and item.arg in calls]


def _own_attributes(source: Source) -> set[str]:
    """Return the attributes that a file gives its own objects."""
    return {
        node.attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and getattr(node.value, "id", "") == "self"
    }


def _is_known(source: Source, node: ast.Import | ast.ImportFrom) -> bool:
    """Say whether all that is imported comes from a known library, under a name that says of no
    reading, or from a file of the user's that was there before the program wrote any.
    """
    if isinstance(node, ast.ImportFrom) and (node.level or any(a.name == "*" for a in node.names)):
        return False
    for item in node.names:
        module = item.name if isinstance(node, ast.Import) else node.module or ""
        if _is_users(module):
            if node.col_offset or _opens_before(source, node.lineno):
                return False
            continue
        whole = module if isinstance(node, ast.Import) else f"{module}.{item.name}"
        words = whole.split(".")
        if not any(".".join(words[:many]) in _KNOWN for many in (1, 2)):
            return False
        if any(map(_says_so, words[1:])) and whole != "torch.load":
            return False
    return True


def _is_users(module: str) -> bool:
    return level(file_of(sys.modules.get(module))) == USER


def _opens_before(source: Source, line: int) -> bool:
    """Say whether a file is opened, or written by its name, above a line."""
    return any(
        isinstance(node, ast.Call)
        and node.lineno < line
        and name_of(node) in {"open", "write_text", "write_bytes", "tofile", "save", "savetxt"}
        for node in ast.walk(source.tree)
    )


def _says_so(word: str) -> bool:
    if word in _EXACTLY:
        return True
    word = word.lower()
    for other in _OTHERS:
        word = word.replace(other, "")
    return any(part in word for part in _READ)


def _only_writes(source: Source, opened: ast.Name | ast.Attribute) -> bool:
    """Say whether ``open`` is called to write, and not to read as well."""
    call = source.parents.get(id(opened))
    if not isinstance(call, ast.Call) or call.func is not opened:
        return False
    place = 1 if isinstance(opened, ast.Name) else 0
    modes = [*call.args[place : place + 1]]
    modes += [word.value for word in call.keywords if word.arg == "mode"]
    mode = modes[0].value if modes and isinstance(modes[0], ast.Constant) else None
    by_path = place == 1 or len(call.args) < 2  # no ``os.open(path, flags)``
    return by_path and len(modes) == 1 and mode in _WRITE_MODES
