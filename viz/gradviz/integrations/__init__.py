"""Callbacks for other people's training loops.

Each imports its framework when it is imported itself, and nothing does so before.
"""

import os
from typing import Any

from gradviz.errors import GradvizError
from gradviz.system.voice import advise

VARIABLE = "GRADVIZ"
_NO = ("", "0", "false", "no", "off")
_YES = ("1", "true", "yes", "on")


def lightning_callbacks() -> list[Any]:
    """Return what Lightning adds to every Trainer, through its entry points.

    A GradientReport where the environment asks for one.

    ``GRADVIZ=1`` has it printed; ``GRADVIZ=report.html`` has that file written too.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked.lower() in _NO:
        return []
    from gradviz.integrations.lightning import GradientReport

    try:
        return [GradientReport(output=None if asked.lower() in _YES else asked)]
    except GradvizError as error:
        advise(
            f"{VARIABLE}={asked} is neither 1 nor a file to write, so gradviz does not watch:"
            f" {error}"
        )
        return []
