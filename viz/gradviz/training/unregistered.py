"""Tensors that get gradient again and again, are registered nowhere and held by no optimizer: what
is said of them. Pure, without torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gradviz.facts.training import Alarm, Training, line_fields
from gradviz.graph import Place
from gradviz.render.sentences import listing
from gradviz.system.grouped import grouped

_MOST = 3  # names in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregistered:
    """A tensor that requires grad, gets gradient in each call that was watched, and stays as it is.

    Attributes:
        name: ``"net.scale"``, or the variable that holds it.
        in_module: It is an attribute of a module, or in a list that is one.
        place: The line that gave the module the attribute, or else the one that uses the tensor;
            None where that is not known.
    """

    name: str
    in_module: bool = False
    place: Place | None = None


def with_unregistered(training: Training, tensors: Sequence[Unregistered]) -> Training:
    """Return what is said of training, with what is said of such tensors."""
    if not tensors or not training.steps:
        return training
    alarms = tuple(
        Alarm(
            why="not_held",
            parameters=tuple(own.name for own in some),
            means="Gradient arrives and nothing uses it: an attribute that is no nn.Parameter is"
            " not in parameters(), so that the optimizer does not hold it.",
            mend="Write nn.Parameter(...) around what is assigned, before the optimizer is made."
            " What is not to train needs no requires_grad.",
            **line_fields(place),
        )
        for place, some in grouped((own.place, own) for own in tensors if own.in_module).items()
    )
    return replace(
        training, alarms=training.alarms + alarms, remarks=(*training.remarks, *_clauses(tensors))
    )


def _clauses(tensors: Sequence[Unregistered]) -> Iterator[str]:
    for in_module, some in grouped((own.in_module, own) for own in tensors).items():
        single = len(some) == 1
        who = listing([own.name for own in some], _MOST)
        is_none = "is no nn.Parameter" if single else "are no nn.Parameters"
        it, stays = ("it", "stays") if single else ("them", "stay")
        they = "it" if single else "they"
        yield (
            f"{who} {is_none}, so no optimizer holds {it}: gradient arrives, and {they} {stays}"
            f" as {they} {'is' if single else 'are'}"
            if in_module
            else f"gradient arrives at {who} too, which no optimizer holds, and {they} {stays} as"
            f" {they} {'is' if single else 'are'}"
        )
