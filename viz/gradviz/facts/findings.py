"""What the analysis found out about one loss, as plain data.

The fields of a report, and nothing that shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradviz.facts.calls import CallName, StepNote
from gradviz.facts.parameters import Parameters
from gradviz.facts.training import Training
from gradviz.graph import Cut, Graph, Leaf, NotFinite, Place
from gradviz.series.data import Series


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What became of the gradient of one loss, for every parameter. Read-only.

    What each field holds is said where users meet them: in :class:`gradviz.Report`, which adds what
    shows it. Here ``losses`` are findings too, and a note on a step is a
    :class:`~gradviz.facts.calls.StepNote`.
    """

    loss: str = "loss"
    call: CallName | None = None
    place: Place | None = None
    parameters: Parameters = field(default_factory=lambda: Parameters(()))
    cuts: tuple[Cut, ...] = ()
    unregistered: tuple[Leaf, ...] = ()
    births: tuple[NotFinite, ...] = ()
    graph: Graph = field(default_factory=lambda: Graph((), ()))
    notes: tuple[str, ...] = ()
    losses: "Mapping[str, Findings]" = field(default_factory=dict)
    torch: str = ""
    training: Training | None = None
    series: Series | None = None

    @property
    def alarms(self) -> tuple[StepNote, ...]:
        """The notes that are alarms: on steps of what no gradient reached."""
        return tuple(note for note in self.notes if isinstance(note, StepNote) and note.alarm)
