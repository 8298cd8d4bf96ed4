"""Functions of a file that is read by its source, and instructions in them."""

from dataclasses import dataclass
from types import CodeType


@dataclass(frozen=True)
class Program:
    """A file of functions, compiled and never run."""

    text: str
    code: CodeType

    def function(self, name: str) -> CodeType:
        """Return the code of a function or method, wherever it stands."""
        pending = [self.code]
        while pending:
            code = pending.pop()
            if code.co_name == name:
                return code
            pending += [item for item in code.co_consts if isinstance(item, CodeType)]
        raise LookupError(name)

    def at(self, name: str, expression: str) -> tuple[CodeType, int]:
        """Return the instruction of a function, or of a comprehension in it, that gives the value
        of an expression.
        """
        lines, pending = self.text.splitlines(), [self.function(name)]
        while pending:
            code = pending.pop()
            places = [
                number * 2
                for number, (line, last, column, end) in enumerate(code.co_positions())
                if line is not None and line == last and lines[line - 1][column:end] == expression
            ]
            if places:
                return code, places[-1]
            pending += [item for item in code.co_consts if isinstance(item, CodeType)]
        raise LookupError(expression)
