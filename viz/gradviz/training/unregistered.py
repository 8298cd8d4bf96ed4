"""Tensors that get gradient again and again, are registered nowhere and held by no optimizer: what
is said of them. Pure, without torch.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gradviz.facts.training import Alarm, Training, line_fields
from gradviz.graph import Leaf, Place
from gradviz.render.sentences import leaf_name, listing, path_and_line
from gradviz.system.grouped import grouped

_MOST = 3  # names in a sentence
_AGAIN = 2  # calls that find a new one


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


def with_made_anew(training: Training, calls: Iterable[Sequence[Leaf]]) -> Training:
    """Return what is said of training, with what is said of parameters that every forward makes
    anew.

    Args:
        training: What is said so far.
        calls: What each call reached beside parameters of models.
    """
    new = [leaf for own in calls for leaf in dict.fromkeys(own) if leaf.is_parameter and leaf.made]
    anew = [leaf for leaf, number in Counter(new).items() if number >= _AGAIN]
    if not anew or not training.steps:
        return training
    alarms, clauses = [], []
    for place, some in grouped((leaf.made, leaf) for leaf in anew if leaf.made).items():
        names = tuple(dict.fromkeys(map(leaf_name, some)))
        alarms.append(
            Alarm(
                why="not_held",
                parameters=names,
                means="Gradient arrives at parameters that every forward makes anew: no optimizer"
                " steps them, and what they get is lost.",
                mend="Make the layer once, in __init__, as an attribute of the module; call it in"
                " forward().",
                **line_fields(place),
            )
        )
        clauses.append(
            f"every forward makes {listing(names, _MOST)} anew at {path_and_line(place)}, so that"
            " no optimizer holds what is there now"
        )
    return replace(
        training,
        alarms=(*training.alarms, *alarms),
        remarks=(*training.remarks, *clauses),
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
