"""The text of one Python file, its syntax tree, and changes that leave every other
byte as it is.
"""

import ast
import codecs
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True, slots=True, order=True)
class Replacement:
    """Characters ``start`` to ``end`` of a file's text, and what stands there instead.

    Read-only.
    """

    start: int
    end: int
    text: str


class SourceFile:
    """One file: its bytes, its text and its syntax tree.

    Attributes:
        file: Its path.
        data: Its bytes.
        text: Its characters, line ends as they are.
        tree: Its syntax tree.
    """

    def __init__(self, file: str, data: bytes) -> None:
        """Read the source.

        Raises:
            SyntaxError, ValueError: It is no Python that runs here.
        """
        self.file, self.data = file, data
        self._bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        self._encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0].removesuffix("-sig")
        self.text = data[len(self._bom) :].decode(self._encoding)
        self.tree = ast.parse(self.text)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """What each node stands in."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _lines(self) -> list[tuple[int, str]]:
        """Where each line begins, and its characters with the line end."""
        return [(match.start(), match[0]) for match in _LINE.finditer(self.text)]

    def offset(self, line: int, column: int) -> int:
        """Return the place in the text of a position of the syntax tree, whose columns count bytes
        of UTF-8.
        """
        start, characters = self._lines[line - 1]
        return start + len(characters.encode("utf-8")[:column].decode("utf-8"))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where the text of a node begins and ends."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(
            node.end_lineno, node.end_col_offset
        )

    def code(self, node: ast.expr | ast.stmt) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def line_start(self, line: int) -> int:
        """Return where a line begins; the end of the text for a line after the last."""
        return self._lines[line - 1][0] if line <= len(self._lines) else len(self.text)

    def lines_of(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        """Return where the first line of a piece of syntax begins, and where its last one ends."""
        return self.line_start(node.lineno), self.line_start((node.end_lineno or node.lineno) + 1)

    def indent(self, line: int) -> str:
        """Return the blanks that a line begins with."""
        characters = self._lines[line - 1][1]
        return characters[: len(characters) - len(characters.lstrip(" \t\f"))]

    def line_end(self, line: int) -> str:
        """Return what a line ends with.

        What the file's first does where it is the last and has no end.
        """
        characters = self._lines[line - 1][1]
        ending = characters[len(characters.rstrip("\r\n")) :]
        if ending or line == 1:
            return ending or "\n"
        return self.line_end(1)

    def with_changes(self, replacements: Iterable[Replacement]) -> Self:
        """Return the source with these replacements made.

        Raises:
            SyntaxError, ValueError: Two of them overlap, or what comes out is no Python.
        """
        parts, done = [], 0
        for replacement in sorted(set(replacements)):
            if replacement.start < done:
                raise ValueError("two replacements overlap")
            parts += [self.text[done : replacement.start], replacement.text]
            done = replacement.end
        text = "".join([*parts, self.text[done:]])
        return type(self)(self.file, self._bom + text.encode(self._encoding))

    # What stands where

    def statement_at(self, line: int) -> ast.stmt | None:
        """Return the innermost statement that a line belongs to.

        Of a compound one only its head counts, of several on one line the last.
        """
        return next(reversed(self.statements_at(line)), None)

    def statements_at(self, line: int) -> list[ast.stmt]:
        """Return the innermost statements that a line belongs to, more than one where it holds
        several, in their order.
        """
        there = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.stmt) and first_line(node) <= line <= _head_end(node)
        ]
        last = max((node.lineno for node in there), default=0)
        return sorted(
            (node for node in there if node.lineno == last), key=lambda node: node.col_offset
        )

    def enclosing(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, from the inside out."""
        parent = self.parents.get(node)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def function_of(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Module:
        """Return the function that a node belongs to, or the module."""
        for parent in self.enclosing(node):
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
                return parent
        return self.tree

    def body_of(self, statement: ast.stmt) -> list[ast.stmt]:
        """Return the statements that one stands among, itself included."""
        parent = self.parents[statement]
        for _, value in ast.iter_fields(parent):
            if isinstance(value, list) and statement in value:
                return value
        return [statement]

    # Changes that are often needed

    def replacing(self, node: ast.expr | ast.stmt, text: str) -> Replacement:
        """Return the change that puts ``text`` in the place of a node."""
        return Replacement(*self.span(node), text)

    def deleting(self, statement: ast.stmt) -> Replacement:
        """Return the change that takes a statement away, with its lines where nothing else
        stands on them.

        ``pass`` stays where a body would be empty.
        """
        start, end = self.span(statement)
        last = statement.end_lineno or statement.lineno
        before = self.text[self.line_start(statement.lineno) : start]
        after = self.text[end : self.line_start(last + 1)]
        alone = not before.strip() and (not after.strip() or after.strip().startswith("#"))
        if len(self.body_of(statement)) == 1 or not alone:
            return Replacement(start, end, "pass")
        return Replacement(self.line_start(statement.lineno), self.line_start(last + 1), "")

    def inserting_after(self, statement: ast.stmt, code: str) -> Replacement:
        """Return the change that puts a line behind a statement, as far in as that is."""
        last = statement.end_lineno or statement.lineno
        place = self.line_start(last + 1)
        ending = self.line_end(last)
        line = f"{self.indent(statement.lineno)}{code}"
        if place == len(self.text) and not self.text.endswith(("\n", "\r")):
            return Replacement(place, place, f"{ending}{line}")
        return Replacement(place, place, f"{line}{ending}")

    def inserting_before(self, statement: ast.stmt, code: str) -> Replacement:
        """Return the change that puts a line in front of a statement, as far in as that is."""
        place = self.line_start(first_line(statement))
        return Replacement(
            place, place, f"{self.indent(statement.lineno)}{code}{self.line_end(statement.lineno)}"
        )


def first_line(node: ast.stmt) -> int:
    """Return the line that a statement begins on, with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _head_end(node: ast.stmt) -> int:
    """Return the last line of a statement, or of the head of a compound one."""
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
        return max(node.lineno, first_line(body[0]) - 1)
    return node.end_lineno or node.lineno
