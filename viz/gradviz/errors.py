"""What gradviz raises, one family.

A message says what was given, what was expected and the way out.

A gradient that is blocked is a result, never an exception; these are for what could not be done.
"""

import json


class GradvizError(Exception):
    """gradviz could not do what was asked. Catch this one to catch them all."""


class TraceError(GradvizError):
    """A trace was used in a way it cannot be: nested, twice, or from another thread."""


class LossError(GradvizError):
    """What was given as the loss is nothing that backward() could start from."""


class ModelError(GradvizError):
    """What was given as the model has no ``named_parameters()``."""


class OutputError(GradvizError):
    """A file cannot be written: an unknown format, a folder, no permission."""


class EngineError(GradvizError):
    """No layout engine could draw the graph."""


class ReportFileError(GradvizError):
    """A saved report cannot be read back."""

    @classmethod
    def wrong(cls, where: str, value: object, expected: str) -> "ReportFileError":
        """Return one that says what stands at a place of a report, and what is to stand there."""
        given = json.dumps(value)
        shown = given if len(given) <= 60 else given[:57] + "..."
        return cls(f"broken report: {where} is {shown}, and not {expected}")


class ExpectationError(GradvizError):
    """What is expected of a step cannot be held against it.

    An unknown word, or two words for one parameter.
    """
