"""Where trials are ordered: this side of the processes that run them. Imports no torch."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from gradviz.mending.order import Experiment, Order
from gradviz.mending.outcome import Failure, TrialOutcome

_GRACE = 60.0  # seconds in which an idle nursery is to end
_ONWARD = 10.0  # seconds that a script may run on after its first step


class Nursery:
    """The process that gives each trial its own, begun when it is first needed.

    Use it in a ``with``.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            with suppress(OSError, subprocess.TimeoutExpired):
                self._process.communicate(timeout=_GRACE)

    def ask(self, line: str) -> str:
        """Have a trial run, and return ``"done"``, ``"timeout"`` or ``"died"``."""
        if self._process is None or self._process.poll() is not None:
            self._process = _start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline().strip()
        except OSError:
            answer = "died"
        if not hasattr(os, "fork"):
            self._process.stdin.close()
            self._process.wait()
        return answer or "died"


def begun(nursery: Nursery | None) -> AbstractContextManager[Nursery]:
    """Return one that is there already, which goes on, or else one for a ``with``."""
    return Nursery() if nursery is None else nullcontext(nursery)


def _start() -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    # Nothing in this folder stands for a module of ours
    command = [sys.executable, "-P", "-m", "gradviz.mending.nursery"]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    )


class Laboratory:
    """Runs one step with whatever source, each time in a new process. Use it in a ``with``.

    Attributes:
        order: The step; its sources are those of the trial at hand.
        timeout: Seconds that one trial may take.
        trials: How many were run.
    """

    def __init__(self, order: Order, timeout: float, nursery: Nursery) -> None:
        self.order, self.timeout, self.trials = order, timeout, 0
        self._nursery = nursery
        self._folder = tempfile.TemporaryDirectory(prefix="gradviz-")
        self._done: dict[tuple[tuple[str, bytes], ...], TrialOutcome] = {}
        self._onward: dict[tuple[tuple[str, bytes], ...], TrialOutcome] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._folder.cleanup()

    def run(self, sources: Mapping[str, bytes], *, again: bool = False) -> TrialOutcome:
        """Return what the step does with these sources in the place of the files' own.

        Args:
            sources: Bytes by file.
            again: Run it even where the same sources were run before.
        """
        key = tuple(sorted(sources.items()))
        if again or key not in self._done:
            self._done[key] = self._run(sources)
        return self._done[key]

    def time(self, sources: Mapping[str, bytes]) -> TrialOutcome:
        """Return how long the step takes with these sources, of several runs without a trace."""
        return self._run(sources, timed=True)

    def run_on(self, sources: Mapping[str, bytes]) -> TrialOutcome:
        """Return what becomes of the step when it is run again, or of the script when it runs on
        after the step: what is over by a limit has run so far without an error.
        """
        key = tuple(sorted(sources.items()))
        if key not in self._onward:
            seconds = self.run(sources).seconds + _ONWARD
            outcome = self._run(sources, onward=True, timeout=min(seconds, self.timeout))
            is_limit = outcome.failure is not None and outcome.failure.kind == "timeout"
            self._onward[key] = replace(outcome, failure=None) if is_limit else outcome
        return self._onward[key]

    def count(self, experiment: Experiment) -> TrialOutcome:
        """Return what the modules of the script keep for the backward, as it is."""
        return self._run({}, experiment=experiment)

    def _run(
        self,
        sources: Mapping[str, bytes],
        *,
        timed: bool = False,
        experiment: Experiment | None = None,
        onward: bool = False,
        timeout: float | None = None,
    ) -> TrialOutcome:
        self.trials += 1
        result = Path(self._folder.name) / f"{self.trials}.json"
        order = replace(
            self.order,
            sources=sources,
            result=str(result),
            timed=timed,
            experiment=experiment,
            onward=onward,
        )
        limit = self.timeout if timeout is None else timeout
        answer = self._nursery.ask(json.dumps({"order": order.to_text(), "timeout": limit}))
        if answer == "timeout":
            return TrialOutcome(
                failure=Failure(kind="timeout", message=f"it took more than {limit:g} seconds")
            )
        if answer != "done" or not result.exists():
            return TrialOutcome(failure=Failure(kind="died", message="its process ended early"))
        return TrialOutcome.from_text(result.read_text(encoding="utf-8"))
