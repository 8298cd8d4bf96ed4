"""Code that stands in a string, which TorchScript or ``exec`` runs.

The edits of a file are made there.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, proposals, proposes
from gradviz.mending.source import Replacement, SourceFile

_MARKS = ("detach", "no_grad", "item(", "float(", ".data")


@proposes("detach", "data", "item", "no_grad", "non_differentiable", "new_tensor")
def inside(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that propose for each line of such a string what would be proposed for it in a
    file.
    """
    for node in ast.walk(site.source.tree):
        code = _code(site.source, node)
        if code is None:
            continue
        start, inner = code
        lines = inner.text.splitlines()
        for number, line in enumerate(lines, 1):
            if any(mark in line for mark in _MARKS):
                for edit in proposals(
                    FaultyLine(inner, number, site.kind, "", (), site.parameters)
                ):
                    changes = tuple(
                        Replacement(start + change.start, start + change.end, change.text)
                        for change in edit.changes
                    )
                    yield Edit(edit.title, changes, edit.soft)


def _code(source: SourceFile, node: ast.AST) -> tuple[int, SourceFile] | None:
    """Return where the text of a string begins, and that text as source, where it is code with a
    function in it, written out as it is.
    """
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return None
    text = node.value
    if "def " not in text or "\n" not in text:
        return None
    start, end = source.span(node)
    place = source.text.find(text, start, end)
    try:
        return None if place < 0 else (place, SourceFile(source.file, text.encode()))
    except (SyntaxError, ValueError):
        return None
