"""Names say what they hold, and modules, classes and functions stay small.

What is longer still is listed with how long it is: a figure here may only fall.
"""

import ast
import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "viz" / "gradviz"
VAGUE = frozenset("one each said told found known seen here around".split())
LINES = {"module": 450, "class": 300, "function": 60}
DECISIONS = 20
WORDS = 30  # of one sentence of a docstring
GIVING = re.compile(r"\b(returns?|yields?|says?|tells?|gives?|asserts?)\b", re.IGNORECASE)
EXAMPLE = re.compile(r">>>.*?(\n\n|\Z)", re.DOTALL)
SENTENCE_END = re.compile(r"[.:;?](?:\s|\Z)|\n\n")
# The article's own program, whose lines the pictures name
GIVES_NOTHING_TO_SAY = ("article.py",)
BRANCHES = (
    *(ast.If, ast.IfExp, ast.BoolOp, ast.match_case),
    *(ast.For, ast.AsyncFor, ast.While, ast.comprehension, ast.ExceptHandler),
)

# By file, and by name within it: how long it is still
LONG_STILL: dict[str, int] = {}

# The same, for functions that decide more
DECIDING_STILL: dict[str, int] = {}


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@functools.lru_cache(maxsize=512)
def parsed(source: str) -> ast.Module:
    return ast.parse(source)


@functools.lru_cache(maxsize=512)
def nodes_of(source: str) -> list[ast.AST]:
    return list(ast.walk(parsed(source)))


def bindings(source: str) -> Iterator[str]:
    """Yield every name that a module gives: to variables, parameters, attributes, functions."""
    for node in nodes_of(source):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.ExceptHandler):
            yield node.name or ""


def vague(source: str) -> Counter[str]:
    return Counter(name for name in bindings(source) if name.strip("_") in VAGUE)


def lengths(source: str) -> Iterator[tuple[str, str, int]]:
    """Yield the kind, name and lines of a module and of what is defined in it.

    A function counts by what it does: without its docstring.
    """
    yield "module", "", len(source.splitlines())
    for node in nodes_of(source):
        if isinstance(node, ast.ClassDef):
            yield "class", node.name, lines_of(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield "function", node.name, lines_of(node)


def lines_of(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    whole = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    documented = ast.get_docstring(node) is not None and not isinstance(node, ast.ClassDef)
    return whole - ((first.end_lineno or 0) - first.lineno + 1 if documented else 0)


def too_long(path: Path) -> dict[str, int]:
    source = path.read_text(encoding="utf-8")
    return {
        f"{name_of(path)}:{name}".rstrip(":"): count
        for kind, name, count in lengths(source)
        if count > LINES[kind]
    }


def deciding(path: Path) -> dict[str, int]:
    """Return the functions with too many decisions, with how many."""
    counts = {
        f"{name_of(path)}:{node.name}": sum(isinstance(part, BRANCHES) for part in ast.walk(node))
        for node in nodes_of(path.read_text(encoding="utf-8"))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    return {name: count for name, count in counts.items() if count > DECISIONS}


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yield the functions of a module and the methods of its classes that have no underscore."""
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) and node.name[0] != "_" else [node]
        yield from (f for f in inner if isinstance(f, ast.FunctionDef) and f.name[0] != "_")


def unsaid(source: str) -> list[str]:
    """Return the public functions that give a value and do not say so, or say it too long."""
    tree = parsed(source)
    names = []
    for function in public_functions(tree):
        text = EXAMPLE.sub("", ast.get_docstring(function) or "")
        answer = "None" if function.returns is None else ast.unparse(function.returns)
        marks = " ".join(map(ast.unparse, function.decorator_list))
        is_answer = (
            function in tree.body
            and not answer.startswith(("None", "Never", "NoReturn"))
            and "contextmanager" not in marks
            and "command" not in marks
        )
        sentences = SENTENCE_END.split(text)
        if (is_answer and not GIVING.search(text)) or max(
            len(s.split()) for s in sentences
        ) > WORDS:
            names.append(function.name)
    return names


def classes(source: str) -> set[str]:
    return {node.name for node in nodes_of(source) if isinstance(node, ast.ClassDef)}


def shared(sources: Iterable[str]) -> list[str]:
    """Return the names that stand for classes of more than one source."""
    counts = Counter(name for source in sources for name in classes(source))
    return sorted(name for name, count in counts.items() if count > 1)


def test_names_say_what_they_hold() -> None:
    names = {name_of(path): vague(path.read_text(encoding="utf-8")) for path in files()}
    assert {file: found for file, found in names.items() if found} == {}


def test_modules_classes_and_functions_stay_small() -> None:
    counts = [(too_long(path), deciding(path)) for path in files()]
    grown = {
        name: n for long, _ in counts for name, n in long.items() if n > LONG_STILL.get(name, 0)
    }
    branched = {
        name: n for _, many in counts for name, n in many.items() if n > DECIDING_STILL.get(name, 0)
    }
    assert grown | branched == {}


def test_a_class_has_a_name_of_its_own() -> None:
    assert not shared(path.read_text(encoding="utf-8") for path in files())


def test_a_second_class_of_a_name_is_seen_inside_another_too() -> None:
    assert shared(("class Way: pass", "class Outer:\n    class Way: pass")) == ["Way"]


def test_docstrings_say_in_short_what_is_given() -> None:
    silent = {name_of(path): unsaid(path.read_text(encoding="utf-8")) for path in files()}
    assert {
        file: names for file, names in silent.items() if names and file not in GIVES_NOTHING_TO_SAY
    } == {}


def test_a_value_that_no_docstring_speaks_of_is_seen() -> None:
    long = " ".join(["word"] * 31)
    source = "\n".join(
        (
            'def silent() -> int:\n    """Count."""',
            "def without() -> int: pass",
            'def fine() -> int:\n    """Return how many."""',
            'def acts() -> None:\n    """Count."""',
            f'def endless() -> None:\n    """{long}."""',
        )
    )
    assert unsaid(source) == ["silent", "without", "endless"]


def test_what_is_listed_is_there() -> None:
    names = {name_of(path) for path in files()}
    assert {name.partition(":")[0] for name in (*LONG_STILL, *DECIDING_STILL)} <= names


def test_vague_names_are_seen_wherever_a_name_is_given() -> None:
    source = "\n".join(
        (
            "def told(each): pass",
            "for one in (): pass",
            "class _Here: said = 1",
            "x = [known for known in ()]",
            "self.found = lambda around: 0",
            "seen_at = one_more = 0",
        )
    )
    assert vague(source) == Counter(["told", "each", "one", "said", "known", "found", "around"])


def test_a_docstring_does_not_make_a_function_long() -> None:
    body = "\n".join(f"    x = {number}" for number in range(59))
    source = f'def f():\n    """Say.\n\n    {"more" * 9}\n    """\n{body}\n'
    assert ("function", "f", 60) in list(lengths(source))
