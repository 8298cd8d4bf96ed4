"""A trace that no ``with`` ends: it begins and ends between two calls of a script."""

import threading
from collections.abc import Callable

from gradviz.graph import Place
from gradviz.recording.reading.left_off import left_off
from gradviz.system.voice import Voice
from gradviz.tracing.trace import Trace
from gradviz.training.watch import StepWatch


class ThreadTrace:
    """A trace that is on where it is wanted, in the thread that this was made in.

    Args:
        training: What optimizers do.
        values: Measure in full.
        gives_way: Is called where the script begins a trace of its own.
        voice: Says a text.
    """

    def __init__(
        self,
        training: StepWatch,
        *,
        values: bool,
        gives_way: Callable[[], None],
        voice: Voice,
    ) -> None:
        self._training = training
        self._values = values
        self._gives_way = gives_way
        self._voice = voice
        self._thread = threading.get_ident()
        self._trace: Trace | None = None
        self._has_rested = False  # and what ran since the last trace was not watched

    def own(self) -> Trace | None:
        """Return the trace of this thread; None where it is not traced."""
        return self._trace if threading.get_ident() == self._thread else None

    def begin(self) -> None:
        """Trace from here on, unless it does so already or this is another thread."""
        if self._trace is None and threading.get_ident() == self._thread:
            self._trace = Trace(self._training, values=self._values, gives_way=self._gives_way)
            self._trace.__enter__()
            if self._has_rested:
                self._trace.goes_on(self._training.calls.idle())

    def begins_off(self) -> Place | None:
        """Autograd was left switched off before this began: return the line that did it; None where
        that is not known.
        """
        switch = left_off()
        trace = self.own()
        if trace is not None:
            trace.begins_off(switch)
        return switch.spot.place

    def end(self) -> None:
        """Trace no longer, and say what was not watched; does nothing in another thread."""
        trace = self.own()
        if trace is None:
            return
        failure = trace.stop()
        self._trace, self._has_rested = None, True
        if failure:
            self._voice(
                f"gradviz: part of the way was not watched ({failure}); cuts in it are not known.\n"
            )
