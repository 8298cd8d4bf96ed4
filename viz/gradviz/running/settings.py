"""What ``gradviz run`` was asked for, as it travels to the process that runs the script.

And which backward calls that means.
"""

import json
import math
from collections.abc import Collection
from dataclasses import dataclass

from gradviz.errors import GradvizError
from gradviz.facts.training import THRESHOLDS, Thresholds
from gradviz.system.plain import decode, encode

VARIABLE = "GRADVIZ_RUN"
MOST_AWAITED = 64  # calls in which every optimizer is to have stepped
FIRST = (1, 2, 3)  # calls that are reported on where nobody asks for others
MOST_OF_PHASE = 8  # calls of a later phase, until its optimizer has stepped
QUIET = 3  # calls in a row without a new verdict, after which there will be none


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was asked for. Read-only.

    Attributes:
        backward: Numbers of the backward calls to report on, counted from 1.
        every: Report on every N-th call instead, and on those after it until every optimizer has
            stepped; 0 where that was not asked.
        until_stable: Report on every call until no new verdict appears.
        until_stepped: Report on every call until every optimizer has stepped.
        stop: End the script after the last call asked for.
        children: Follow child processes too.
        verbose: Leave nothing out of what is told of a call.
        outputs: Absolute paths of the files to write; the name tells the format of each.
        quiet: Say nothing of what is reported on; whoever reads the file says it.
        engine: What lays out a picture.
        path: PYTHONPATH as it was; None where it was not set.
        root: Process id of the script itself; its children have others.
        one_voice: Of several ranks the first speaks for all.
        folder: Where several processes leave what they saw; empty for none.
        alarms: How the files begin that are there at the end, one for each process that has raised
            an alarm; empty for none.
        values: Measure in full how much gradient each node gets and passes on.
        thresholds: From where on gradient is said to vanish or to explode.
        command: What the user typed, for the corner of a page.
        stdin: The script itself comes through standard input.
    """

    backward: tuple[int, ...] = FIRST
    every: int = 0
    until_stable: bool = False
    until_stepped: bool = False
    stop: bool = False
    children: bool = False
    verbose: bool = False
    outputs: tuple[str, ...] = ()
    quiet: bool = False
    engine: str = "auto"
    path: str | None = None
    root: int = 0
    one_voice: bool = False
    folder: str = ""
    alarms: str = ""
    values: bool = False
    thresholds: Thresholds = THRESHOLDS
    command: str = ""
    stdin: bool = False

    def to_text(self) -> str:
        """Return it as JSON, for another process to read."""
        return json.dumps(encode(self))

    @classmethod
    def from_text(cls, text: str) -> "Settings":
        """Return what :meth:`to_text` wrote."""
        settings: Settings = decode(cls, json.loads(text), "settings")
        return settings


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers that ``"1,2,5-7"`` names, in order.

    Raises:
        GradvizError: It is no list of numbers from 1 on.
    """
    calls: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if (
            not first.isdecimal()
            or (dash and not last.isdecimal())
            or int(first) < 1
            or int(last or first) < int(first)
        ):
            raise GradvizError(
                f"not numbers of backward calls: {text!r} (write them from 1 on, as in 1,2,3 or"
                " 1,5-7)"
            )
        calls.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(calls))


class Plan:
    """Which calls are wanted, and when there will be no more."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._quiet = 0
        self.stepped = False  # every optimizer has
        self._before: int | None = None  # calls before the phase that is on; None in the first
        self._last = 0  # call of that phase that is wanted
        self._steppers: set[int] = set()  # that have stepped since the last round ended
        self._round = 0  # the call that began the round that is wanted now; 0 outside of one
        self._missing: set[int] = set()  # optimizers that have not stepped in it yet
        self._has_stepped = False  # some optimizer

    @property
    def has_phases(self) -> bool:
        """Whether later phases are watched too: nobody has asked for calls by their number."""
        asked = self._settings
        others = asked.every or asked.until_stable or asked.until_stepped or asked.stop
        return not others and asked.backward == FIRST

    def begin_phase(self, before: int) -> None:
        """A later phase begins after so many calls."""
        self._before, self.stepped = before, False
        self._last = before + MOST_OF_PHASE

    def ends_round(self, number: int) -> None:
        """The optimizer of the phase has stepped after a call: as many rounds are wanted, whole
        ones, as make up the calls of a first phase.
        """
        if self._before is not None and not self.stepped:
            calls = max(1, number - self._before)
            self._last = self._before + calls * math.ceil(FIRST[-1] / calls)
            self.stepped = True

    def takes(self, number: int, stepping: Collection[int] = ()) -> bool:
        """Take note of a call that is wanted. Return whether a round begins with it: every N-th is
        wanted, this is one, and no other round is on.

        With it those are wanted that follow until every optimizer has stepped that steps at all: of
        a GAN, whose losses take turns, an even N would else show one loss alone. An optimizer that
        calls backward itself, as LBFGS does, is not waited for.

        Args:
            number: Of the call.
            stepping: Identities of the optimizers inside whose step it is.
        """
        every = self._settings.every
        begins = every > 0 and not self._round and number % every == 0
        if begins:
            self._round, self._missing = number, self._steppers.difference(stepping)
            self._steppers = set()
        is_whole = not self._missing and (self._has_stepped or len(stepping) > 0)
        if is_whole or number - self._round >= MOST_OF_PHASE - 1:
            self._round = 0
        return begins

    def steps(self, optimizer: int) -> None:
        """An optimizer steps: a round is over with the last of them."""
        self._has_stepped = True
        self._steppers.add(optimizer)
        self._missing.discard(optimizer)
        if not self._missing:
            self._round = 0

    def wants(self, number: int) -> bool:
        """Say whether the call with this number is to be reported on."""
        if self._before is not None:
            return number <= self._last
        if self._settings.until_stepped:
            return not self.stepped and number <= MOST_AWAITED
        if self._settings.until_stable:
            return self._quiet < QUIET
        if self._settings.every:
            return number % self._settings.every == 0 or self._round > 0
        return number in self._settings.backward

    def reported(self, *, new: bool) -> None:
        """Take note of a report, and whether a verdict in it was new."""
        self._quiet = 0 if new else self._quiet + 1

    def is_over(self, number: int) -> bool:
        """Say whether no call after this one is wanted."""
        if self._before is not None:
            return not self.wants(number + 1)
        if self._settings.until_stepped:
            return self.stepped or number >= MOST_AWAITED
        if self._settings.until_stable:
            return self._quiet >= QUIET
        return not self._settings.every and number >= self._settings.backward[-1]
