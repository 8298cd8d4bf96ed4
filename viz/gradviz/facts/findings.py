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

    Attributes:
        loss: Name of the loss: ``"loss"``, or the key it was given under.
        call: Which call of a run it is about; None where no run was watched.
        place: Where the loss was made; of a call that a run watched, where backward() was called.
        parameters: Every parameter of the model by name, in the model's order.
        cuts: The cuts behind which a parameter lies, in a stable order.
        unregistered: Leaves outside the model that gradient reaches.
        births: Where the NaN or infinity begins that makes the loss or a gradient not finite, the
            earliest first.
        graph: The graph, with verdicts, pruned parts and cuts marked.
        notes: What else is worth knowing, a sentence each; one on a step is a
            :class:`~gradviz.facts.calls.StepNote`.
        losses: Where several losses were given, the findings of each by name; else empty.
        torch: Version of torch that ran the step.
        training: Whether the parameters train; None where nothing was watched that could tell.
        series: The numbers of a run over its calls; None where no run was watched.
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
