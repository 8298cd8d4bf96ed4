"""What became different from one report to another: verdicts that changed, cuts that came or went.

Pure: no torch, no output.

A module that has another name and the same parameters below it is taken for the same module; see
:mod:`gradviz.comparing.renaming`.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from gradviz.comparing.gradients import Resized, resized
from gradviz.comparing.renaming import Renaming, pair
from gradviz.facts.findings import Findings
from gradviz.facts.several import losses_of, own_loss, together
from gradviz.facts.training import Fate, Training
from gradviz.graph import Cut, Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A parameter whose verdict changed, or whether it is partial. Read-only."""

    before: Parameter
    after: Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A parameter of which it changed whether it trains, or why it does not.

    Read-only.
    """

    before: Fate
    after: Fate


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Everything that differs, each in the model's order. Read-only.

    Attributes:
        changed: Parameters of both whose verdict changed, or whether they are partial.
        came, went: Parameters of only one.
        renamed: Modules with another name.
        trained: Parameters of both of which it changed whether they train, or why they do not.
        cuts_came, cuts_went: Cuts of only one. A cut is known by its operation, its code and what
            is behind it, so that a line may move.
        resized: Blocks of both whose gradient is of another size. It is no difference of its own: a
            seed changes it as well.
        losses: Of several losses, what differs for each that both have, by its new name; the rest
            is about all of them together.
        losses_before: What such a loss was called, where that is another name.
        losses_came, losses_went: Losses of only one.
    """

    changed: tuple[Change, ...] = ()
    came: tuple[Parameter, ...] = ()
    went: tuple[Parameter, ...] = ()
    renamed: tuple[Renaming, ...] = ()
    trained: tuple[Trained, ...] = ()
    cuts_came: tuple[Cut, ...] = ()
    cuts_went: tuple[Cut, ...] = ()
    resized: tuple[Resized, ...] = ()
    losses: "Mapping[str, Difference]" = field(default_factory=dict)
    losses_before: Mapping[str, str] = field(default_factory=dict)
    losses_came: tuple[str, ...] = ()
    losses_went: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything that a verdict depends on differs; a new name alone is no
        difference.
        """
        own = (
            self.changed,
            self.trained,
            self.came,
            self.went,
            self.cuts_came,
            self.cuts_went,
            self.losses_came,
            self.losses_went,
        )
        return any(map(bool, (*own, *self.losses.values())))


def compare(before: Findings, after: Findings) -> Difference:
    """Return what differs between two reports.

    Of several losses, what all of them together reach, and each loss by name.
    """
    whole = _compare(together(before), together(after))
    names, _ = pair(together(before).parameters, together(after).parameters)
    whole = replace(
        whole,
        trained=_trained(before.training, after.training, names),
        resized=resized(before.series, after.series, names),
    )
    mixed = _is_of_run(before) != _is_of_run(after)
    whole = _without_variable(whole) if mixed else whole
    if not (before.losses or after.losses):
        return whole
    old, new = losses_of(before), losses_of(after)
    pairs = _pairs(old, new)
    losses = {name: _compare(old[pairs[name]], new[name]) for name in new if name in pairs}
    came = [name for name in new if name not in pairs]
    went = [name for name in old if name not in pairs.values()]
    if mixed:  # a run calls the same loss again
        losses = {name: _without_variable(difference) for name, difference in losses.items()}
        came = [name for name in came if own_loss(new[name]) not in map(own_loss, old.values())]
        went = [name for name in went if own_loss(old[name]) not in map(own_loss, new.values())]
    return replace(
        whole,
        losses=losses,
        losses_before={name: other for name, other in pairs.items() if name != other},
        losses_came=tuple(came),
        losses_went=tuple(went),
    )


def _is_of_run(report: Findings) -> bool:
    return any(part.call is not None for part in losses_of(report).values())


def _without_variable(difference: Difference) -> Difference:
    """Return what differs, less that a run's names begin with the variable of the model."""
    renamed = tuple(
        module
        for module in difference.renamed
        if (module.before and module.after) or "." in module.before + module.after
    )
    return replace(difference, renamed=renamed)


def _pairs(old: Mapping[str, Findings], new: Mapping[str, Findings]) -> dict[str, str]:
    """Return the old name of a loss by the new one: the same, or that of a call with the same
    loss.
    """
    pairs = {name: name for name in new if name in old}
    for name, report in new.items():
        left = (loss for loss in old if loss not in pairs.values())
        other = next((loss for loss in left if own_loss(old[loss]) == own_loss(report)), None)
        if name not in pairs and other is not None:
            pairs[name] = other
    return pairs


def _compare(before: Findings, after: Findings) -> Difference:
    old, new = before.parameters, after.parameters
    names, renamed = pair(old, new)
    taken = set(names.values())
    gone, come = _unmatched(before.cuts, after.cuts, names)
    return Difference(
        changed=tuple(
            Change(before=old[b], after=new[a])
            for b, a in names.items()
            if _fate(old[b]) != _fate(new[a])
        ),
        came=tuple(new[name] for name in new if name not in taken),
        went=tuple(old[name] for name in old if name not in names),
        renamed=tuple(renamed),
        cuts_came=come,
        cuts_went=gone,
    )


def _trained(
    before: Training | None, after: Training | None, names: Mapping[str, str]
) -> tuple[Trained, ...]:
    if before is None or after is None:
        return ()
    old, new = ({fate.name: fate for fate in training.parameters} for training in (before, after))
    both = [(old[b], new[a]) for b, a in names.items() if b in old and a in new]
    return tuple(
        Trained(before=b, after=a) for b, a in both if (b.trains, b.why) != (a.trains, a.why)
    )


def _fate(parameter: Parameter) -> tuple[str, bool]:
    return parameter.verdict, parameter.partial


def _unmatched(
    before: Iterable[Cut], after: Iterable[Cut], names: Mapping[str, str]
) -> tuple[tuple[Cut, ...], tuple[Cut, ...]]:
    """Return the cuts of only one side."""
    old = [
        (
            cut,
            (
                cut.kind,
                cut.operation,
                cut.code,
                frozenset(names.get(name, name) for name in cut.parameters),
            ),
        )
        for cut in before
    ]
    new = [(cut, (cut.kind, cut.operation, cut.code, frozenset(cut.parameters))) for cut in after]
    return _left(old, Counter(key for _, key in new)), _left(new, Counter(key for _, key in old))


def _left(cuts: Iterable[tuple[Cut, Hashable]], others: Counter[Hashable]) -> tuple[Cut, ...]:
    left = []
    for cut, key in cuts:
        if others[key]:
            others[key] -= 1
        else:
            left.append(cut)
    return tuple(left)
