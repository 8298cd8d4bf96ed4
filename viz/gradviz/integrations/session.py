"""What every framework's callback does.

Watch the backward calls between two moments of a training run, as ``gradviz run`` would.

The framework knows the model and the optimizers, so nobody has to look for them; parameters are
named as the model itself names them. Rank 0 speaks for all ranks. Whatever gradviz does wrong ends
with gradviz: one warning, and training goes on.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from types import FrameType
from typing import Any

from torch import nn
from torch.optim import Optimizer

from gradviz.recording.uninterrupted import is_own
from gradviz.render import formats
from gradviz.running import backwards, rank, ranks
from gradviz.running.names import Found
from gradviz.running.settings import Settings
from gradviz.system.voice import say, warn


class Session:
    """The backward calls of one training run, from :meth:`begin` to :meth:`end`.

    Nothing stays watched after that.
    """

    def __init__(self, wanted: Settings) -> None:
        self._wanted = wanted
        self._watch: backwards.Watch | None = None

    def begin(
        self,
        model: nn.Module,
        optimizers: Callable[[], Sequence[Any]],
        *,
        when: Callable[[], str] = str,
        lasts: Callable[[FrameType | None], bool] | None = None,
    ) -> None:
        """Watch from here on, unless ``gradviz run`` does already.

        Args:
            model: Whose parameters to report on.
            optimizers: Those that step them by now.
            when: Where in its training the framework is.
            lasts: Says of the frame of a backward call whether the training run still goes on.
        """
        self._end()
        if backwards.is_watched():
            return

        def find(frame: FrameType | None) -> Found | None:
            if lasts is not None and not lasts(frame):
                return None
            steppers = [_inner(optimizer) for optimizer in optimizers()]
            named = {
                "optimizer" if len(steppers) == 1 else f"optimizers[{place}]": optimizer
                for place, optimizer in enumerate(steppers)
            }
            return Found({"": model}, named, frozenset(("",)), when=when())

        try:
            wanted = replace(self._wanted, root=os.getpid())
            self._watch = backwards.Watch(wanted, find=find, voice=_say)
            self._watch.begin()
        except Exception as error:
            self._end()
            if not is_own(error):  # what a signal handler raised
                raise
            warn(error, _say)

    def end(self) -> None:
        """Watch no longer, and say on rank 0 what several ranks saw."""
        if self._watch is None:
            return
        self._end()
        try:
            this_rank = rank.current()
            if this_rank is not None and this_rank.own == 0:
                for text, alarm in ranks.merge_notes(self._wanted):
                    _say(text, alarm=alarm)
        except Exception as error:
            warn(error, _say)

    def _end(self) -> None:
        try:
            if self._watch is not None:
                self._watch.end()
            self._watch = None
        except Exception as error:
            if not is_own(error):
                raise
            warn(error, _say)


class Reporting:
    """What the callbacks of all frameworks take.

    Args:
        backward: Numbers of the backward calls to report on, counted from 1.
        every: Report on every N-th call instead.
        until_stable: Report until no new verdict appears.
        values: Measure in full how much gradient each node gets and passes on.
        output: A file for the reports, written whole after every call: .html .json .svg .txt
        engine: What lays out a picture: ``"auto"``, ``"dot"`` or ``"embedded"``.

    Raises:
        OutputError: The name of ``output`` tells of no format that there is.
        ValueError: ``backward`` has no number, or one below 1.
    """

    def __init__(
        self,
        backward: Iterable[int] = (1, 2, 3),
        *,
        every: int = 0,
        until_stable: bool = False,
        values: bool = False,
        output: str | PathLike[str] | None = None,
        engine: str = "auto",
    ) -> None:
        if output is not None:
            formats.check(Path(output))
        numbers = tuple(sorted(set(backward)))
        if not numbers or numbers[0] < 1:
            raise ValueError(
                f"not numbers of backward calls: {numbers} (they count from 1 on, as in"
                " backward=(1, 2, 3))"
            )
        paths = () if output is None else (os.path.abspath(output),)
        self._session = Session(
            Settings(
                backward=numbers,
                every=every,
                until_stable=until_stable,
                values=values,
                outputs=paths,
                engine=engine,
                one_voice=True,
            )
        )


def _inner(optimizer: Any) -> Optimizer:
    """Return the torch optimizer inside of what accelerate and others wrap around it."""
    while isinstance(inner := getattr(optimizer, "optimizer", None), Optimizer):
        optimizer = inner
    innermost: Optimizer = optimizer
    return innermost


def _say(text: str, /, *, alarm: bool = False) -> None:
    """Write where the user reads.

    In a notebook that is not the standard error that the process began with.
    """
    say(text, sys.stderr, alarm=alarm)
