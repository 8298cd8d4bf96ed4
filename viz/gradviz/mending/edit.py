"""What an edit is, where it is looked for, and the register of those that propose them."""

import ast
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from gradviz.mending.source import Replacement, SourceFile


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one file that may bring a gradient back. Read-only.

    Attributes:
        title: What it does, a phrase in the imperative.
        changes: What is replaced.
        soft: It makes up a gradient where there is none, so that the step learns something else.
    """

    title: str
    changes: tuple[Replacement, ...]
    soft: bool = False


@dataclass(frozen=True)
class FaultyLine:
    """A line that severs, in the file that it stands in. Read-only.

    Attributes:
        source: The file.
        line: The line, from 1 on.
        kind: Kind of the cut, as in a report; else what is wrong, a word that an edit asks for.
        operation: As the report has it.
        inner: Lines of the same file that ran in it, where it is a block.
        parameters: Names of those that are meant to train.
        back: Which of several statements on the line is looked at, counted from the last.
    """

    source: SourceFile
    line: int
    kind: str
    operation: str = ""
    inner: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    back: int = 0

    @cached_property
    def statement(self) -> ast.stmt | None:
        """The statement that the line belongs to: the last, or as many before it as ``back``."""
        statements = self.source.statements_at(self.line)
        return statements[-1 - self.back] if self.back < len(statements) else None

    def nodes(self) -> Iterator[ast.AST]:
        """Yield the syntax of the statement; of a compound one, of its head."""
        return () if self.statement is None else head(self.statement)  # type: ignore[return-value]

    def rewriting(
        self, title: str, node: ast.expr | ast.stmt, text: str, *, soft: bool = False
    ) -> Edit:
        """Return the edit that writes ``text`` in the place of a piece of syntax."""
        return Edit(title, (self.source.replacing(node, text),), soft)

    def is_imported(self, name: str) -> bool:
        """Say whether a module goes by this name in the file."""
        imports = (
            node
            for node in ast.walk(self.source.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        )
        return any((alias.asname or alias.name) == name for node in imports for alias in node.names)


Proposer = Callable[[FaultyLine], Iterable[Edit]]
_PROPOSERS: list[tuple[frozenset[str] | None, Proposer]] = []


def proposes(*kinds: str) -> Callable[[Proposer], Proposer]:
    """Return what registers a function that proposes edits for a site of these kinds.

    Of every kind where none is named.
    """

    def register(proposer: Proposer) -> Proposer:
        _PROPOSERS.append((frozenset(kinds) or None, proposer))
        return proposer

    return register


def proposals(site: FaultyLine) -> Iterator[Edit]:
    """Return what can be tried at a site, in the order in which the edits are registered."""
    sites = [replace(site, back=back) for back in range(len(site.source.statements_at(site.line)))]
    for kinds, proposer in _PROPOSERS:
        if kinds is None or site.kind in kinds:
            for statement in sites:
                yield from proposer(statement)


# What edits ask of the syntax


def head(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the syntax of a statement, less the statements that stand in it."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(
            child
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, ast.stmt | ast.ExceptHandler)
        )


def method_calls(
    nodes: Iterable[ast.AST], names: Container[str]
) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    """Yield the calls of methods of these names, or of functions of a module, each with what is
    called.
    """
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in names:
                yield node, node.func


def name_of(node: ast.AST) -> str:
    """Return a name with dots as it is written, ``"torch.no_grad"``.

    Of a call that of its function; empty for anything else.
    """
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = name_of(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def last_name(node: ast.AST) -> str:
    """Return the last part of the name of a function or method that is called.

    Empty for anything else.
    """
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def calls(site: FaultyLine, *names: str) -> Iterator[ast.Call]:
    """Return the calls at a site of functions or methods with these last names."""
    for node in site.nodes():
        if isinstance(node, ast.Call) and last_name(node) in names:
            yield node


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return what a call hands over under a name."""
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def with_keyword(site: FaultyLine, call: ast.Call, name: str, value: str) -> Replacement:
    """Return the change that has a call hand over ``name=value``, in the place of what it hands
    over under that name.
    """
    given = keyword(call, name)
    if given is not None:
        return site.source.replacing(given, value)
    _, end = site.source.span(call)
    inside = site.source.text[: end - 1].rstrip()
    comma = "" if inside.endswith(("(", ",")) else ","
    blank = "" if inside.endswith("(") else " "
    return Replacement(len(inside), len(inside), f"{comma}{blank}{name}={value}")


def in_brackets(site: FaultyLine, node: ast.expr) -> str:
    """Return the code of an expression, in brackets where it is no single thing."""
    code = site.source.code(node)
    simple = isinstance(
        node,
        ast.Name
        | ast.Attribute
        | ast.Call
        | ast.Subscript
        | ast.Constant
        | ast.List
        | ast.ListComp,
    )
    return code if simple else f"({code})"


def unused_name(site: FaultyLine, name: str) -> str:
    """Return a name that the file does not use, as near to the given as can be."""
    used = {node.id for node in ast.walk(site.source.tree) if isinstance(node, ast.Name)}
    used |= {node.arg for node in ast.walk(site.source.tree) if isinstance(node, ast.arg)}
    while name in used:
        name = f"live_{name}"
    return name


def peeled(site: FaultyLine, node: ast.expr, base: ast.expr) -> Iterator[Replacement]:
    """Yield what leaves of an expression only what stands in it, and what else is changed in
    that.
    """
    (start, end), (first, last) = site.source.span(node), site.source.span(base)
    simple = isinstance(base, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    yield Replacement(start, first, "" if simple else "(")
    yield Replacement(last, end, "" if simple else ")")


def definitions(site: FaultyLine) -> Iterator[ast.stmt]:
    """Return the assignments in the same function, in front of the site, of what its statement
    reads.
    """
    statement = site.statement
    if statement is None:
        return
    read = {name_of(node) for node in head(statement) if isinstance(node, ast.Name | ast.Attribute)}
    for node in ast.walk(site.source.function_of(statement)):
        if isinstance(node, ast.Assign) and node.lineno < statement.lineno:
            if any(name_of(target) in read for target in node.targets if name_of(target)):
                yield node
