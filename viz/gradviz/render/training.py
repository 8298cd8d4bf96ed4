"""Whether parameters train, in a sentence and in lines, for every text that says it."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from gradviz.causes.raised import REFUSALS
from gradviz.facts.training import (
    BY_GRADIENT,
    IN_WORDS,
    THAWS_NOTHING,
    Alarm,
    Fate,
    Heir,
    Training,
)
from gradviz.graph import Parameter, Place, Verdict
from gradviz.render.adapters import fold
from gradviz.render.reason_words import next_to_nothing, why_not
from gradviz.render.sentences import ROOM, agreeing, counted, listing, path_and_line, printable
from gradviz.system.grouped import grouped

NOT_KNOWN = "whether parameters train is not known"
_CLAUSES = 3  # reasons in a sentence, before the rest is only counted
_GROUPS = 3  # of names in a reason
_TOLD_BESIDE = ("stopped", "constant_term", "exploding", "ranks_differ")
_CALMLY_LAST = ("frozen", "unused")


def sentence(training: Training | None) -> str:
    """Return the answer in one sentence, with its full stop.

    ``"7 of 9 parameters train; enc.* (2) do not: zero_grad() at train.py:12 clears their gradient
    before step()."``
    """
    if training is None or not training.parameters:
        return _with_remarks(f"No optimizer stepped while it was watched, so {NOT_KNOWN}", training)
    beside = _beside(training)
    whole = training
    training = replace(
        training,
        parameters=tuple(
            fate for fate in whole.parameters if fate.name not in beside and not fate.away
        ),
    )
    fates = training.parameters
    away = sum(fate.away for fate in whole.parameters)
    decided = [fate for fate in fates if fate.trains is not None]
    if not decided:
        return _with_remarks(f"{_steps(training)}, so {NOT_KNOWN}", training)
    by_hand = _all_by_hand(training)
    clauses = [f"{_how_many(training)}{by_hand}"]
    clauses += [] if by_hand else _otherwise_moved(training)
    reasons = _reasons_told(training, _where_raised(whole))
    clauses += [_clause(training, names, fate) for fate, names in reasons[:_CLAUSES]]
    rest = sum(len(names) for _, names in reasons[_CLAUSES:])
    clauses += [f"{rest} more do not"] if rest else []
    unknown = len(fates) - len(decided)
    clauses += [f"of {unknown} it is not known"] if unknown and not _is_open(training) else []
    clauses += [f"this process holds no values of {away} more"] if away else []
    clauses += [_unused_and_not_stepped(whole, beside)] if beside else []
    clauses += _besides(whole)
    return _with_remarks("; ".join(clauses), training)


def _reasons_told(
    training: Training, raised: Container[tuple[str | None, int | None]]
) -> list[tuple[Fate, list[str]]]:
    """Return what keeps parameters from training, but for cuts at lines that are said to raise."""
    return [
        (fate, names)
        for fate, names in _by_reason(training)
        if fate.why != "cut" or (fate.file, fate.line) not in raised
    ]


def _unused_and_not_stepped(training: Training, names: Sequence[str]) -> str:
    own = [fate for fate in training.parameters if fate.name in names]
    does = "steps" if any(fate.optimizer for fate in own) else "holds"
    unused = _names(names, training.parameters)
    return f"no loss uses {unused}, and no optimizer {does} {_them(names)}"


def _them(names: Sequence[str]) -> str:
    return agreeing(len(names), "it", "them")


def _where_raised(training: Training) -> set[tuple[str | None, int | None]]:
    """Return the lines that alarms name for a backward that raised an error, as a remark says."""
    if not any("raised an error" in remark for remark in training.remarks):
        return set()
    return {(alarm.file, alarm.line) for alarm in training.alarms if _is_raised(alarm)}


def _is_raised(alarm: Alarm) -> bool:
    return any(alarm.means == refusal.explanation.meaning for refusal in REFUSALS)


def _besides(training: Training) -> list[str]:
    """Return clauses on alarms that are about no parameter that does not train."""
    blamed = {(fate.file, fate.line) for fate in training.parameters if fate.trains is False}
    return list(
        dict.fromkeys(
            _alarm_line(alarm, training)
            if alarm.why == "constant_term"
            else f"{_names(alarm.parameters, training.parameters)}: {_alarm_line(alarm, training)}"
            for alarm in training.alarms
            if (alarm.why in _TOLD_BESIDE or (alarm.why == "no_step" and alarm.file))
            and not (alarm.why == "constant_term" and (alarm.file, alarm.line) in blamed)
        )
    )


def _how_many(training: Training) -> str:
    """Return how many parameters train, or that nothing was watched that could tell."""
    if _is_open(training):
        return f"{_steps(training)}, so {NOT_KNOWN}"
    fates = training.parameters
    over = {name for own in training.alarms if own.why == "stopped" for name in own.parameters}
    moved = [fate.name for fate in fates if fate.trains is True and fate.mover in BY_GRADIENT]
    train = len(moved)
    total = counted(len(fates), "parameter")
    over.update(fate.name for fate in fates if fate.stopped)
    if over:
        train = sum(name not in over for name in moved)
        return f"{train} of {total} {agreeing(train, 'trains', 'train')} to the end"
    if train == len(fates):
        return f"All {total} train" if len(fates) > 1 else "The only parameter trains"
    if len(fates) == 1:
        return "The only parameter does not train"
    return f"{train} of {total} {agreeing(train, 'trains', 'train')}"


def _is_open(training: Training) -> bool:
    """Say whether gradient came to parameters, none of which moved, and nothing stepped that was to
    move them.
    """
    answers = {fate.trains for fate in training.parameters}
    return not training.steps and None in answers and True not in answers


def _with_remarks(sentence: str, training: Training | None) -> str:
    remarks = () if training is None else training.remarks
    return printable("; ".join((sentence, *remarks))) + "."


def _beside(training: Training) -> list[str]:
    """Return the parameters of models that no loss uses and no optimizer holds that steps, such as
    the copy of the best so far; none where there are no others.
    """
    fates = training.parameters
    idle = {optimizer.name for optimizer in training.optimizers if not optimizer.steps}
    models = grouped((fate.name.partition(".")[0], fate) for fate in fates)
    beside = [
        fate.name
        for own in models.values()
        if all(fate.why == "unused" and idle.issuperset(fate.optimizers) for fate in own)
        for fate in own
    ]
    return beside if len(beside) < len(fates) else []


_AFTER = ", after the calls that were watched"
_MOVED = {
    "rounding": "moved, though what arrives is no more than what rounding leaves of zero",
    "weight decay": "moved by weight decay alone: the gradient at the step is all zero",
    "no gradient": (
        "moved by what the optimizer remembers alone: the gradient at the step is all zero"
    ),
    "hand": "by hand",
    "hand, no gradient": "written without gradient",
    "memory": "moved with",
}


def _all_by_hand(training: Training) -> str:
    """Return that all parameters that train do so by hand; empty where some do otherwise."""
    moved = [fate for fate in training.parameters if fate.trains]
    places = {fate.moved_at for fate in moved}
    if len(places) != 1 or any(fate.mover != "hand" for fate in moved):
        return ""
    return ", by hand" + "".join(f" at {path_and_line(place)}" for place in places if place)


def _otherwise_moved(training: Training) -> Iterator[str]:
    """Yield clauses on what moves, and not because an optimizer steps it by its gradient."""
    groups = grouped(
        ((fate.mover, fate.moved_at), fate)
        for fate in training.parameters
        if fate.trains and fate.mover in _MOVED
    )
    for (mover, place), fates in groups.items():
        names = [fate.name for fate in fates]
        if mover == "memory":
            who = _names(names, training.parameters)
            yield f"{who} {agreeing(len(names), 'is', 'are')} {_moved_with(fates, training)}"
            continue
        at = _AFTER if all(fate.late for fate in fates) else ""
        at = at if place is None else f" at {path_and_line(place)}"
        who = f"{_names(names, training.parameters)} "
        if mover != "hand":
            who += agreeing(len(names), "is ", "are ")
        yield f"{who}{_MOVED[mover]}{at}"


def _moved_with(fates: Sequence[Fate], training: Training) -> str:
    """Return what moves parameters that lie in the memory of others, and since which line."""
    wholes = [fate.moved_with for fate in fates if fate.moved_with]
    place = fates[0].moved_at
    at = "" if place is None else f" since {path_and_line(place)}"
    own, whose = ("its", "memory it shares") if len(fates) == 1 else ("their", "memory they share")
    wholes_named = _names(wholes, training.parameters)
    return f"moved with {wholes_named}, whose {whose}{at}: no step uses a gradient of {own} own"


_TRAINS = {
    "rounding": "moves by rounding alone",
    "weight decay": "moves by weight decay alone",
    "no gradient": "moves without gradient",
    "hand": "trains, written by hand",
    "hand, no gradient": "is written without gradient",
    "memory": "is moved with what shares its memory",
}


def in_words(fate: Fate) -> str:
    """Return whether a parameter trains in a few words.

    ``"trains"``, ``"does not train (no optimizer holds it)"``.
    """
    if fate.trains is None:
        return "not known to train"
    if fate.trains:
        return _TRAINS.get(fate.mover or "", "trains")
    return f"does not train ({IN_WORDS.get(fate.why, fate.why)})" if fate.why else "does not train"


def why_reached_in_vain(
    training: Training | None, parameters: Mapping[str, Parameter]
) -> dict[str, str]:
    """Return of the parameters that gradient reaches, and that do not train, what keeps them."""
    fates = training.parameters if training else ()
    faint = next_to_nothing(fates)
    return {
        fate.name: why_not(fate, single=True, faint=fate.name in faint)
        for fate in fates
        if fate.trains is False
        and fate.why is not None
        and fate.name in parameters
        and parameters[fate.name].verdict is Verdict.REACHED
    }


def other_clauses(training: Training) -> list[str]:
    """Return what else does not train and is no alarm, each with its reason in a sentence."""
    alarmed = {name for alarm in training.alarms for name in alarm.parameters}
    calm = [(fate, names) for fate, names in _by_reason(training) if alarmed.isdisjoint(names)]
    return [printable(_clause(training, names, fate, alone=True)) + "." for fate, names in calm]


def lines(alarm: Alarm, training: Training) -> Iterator[tuple[str, str]]:
    """Yield an alarm line by line, each with the word in its margin; the first has none."""
    names = _names(alarm.parameters, training.parameters)
    yield "", printable(f"{names}: {_alarm_line(alarm, training)}")
    if alarm.code:
        yield "code", printable(f"{_at(alarm)}: {alarm.code}")
    yield "means", alarm.means
    yield "fix", alarm.mend


def is_told(title: str, answer: str, training: Training) -> bool:
    """Say whether the answer in one sentence has said all of the only alarm's title."""
    return len(training.alarms) == 1 and all(part in answer for part in title.split(": ", 1))


def taken_back(names: Sequence[str], training: Training) -> str:
    """Return that an alarm about some parameters does not hold any more."""
    train, them = ("trains", "it") if len(names) == 1 else ("train", "them")
    who = _names(names, training.parameters)
    return f"{printable(who)} {train} by a later step: the alarm about {them} is taken back."


def note_on_size(training: Training) -> str:
    """Return how much of large parameters was compared; empty where all of each was."""
    large = [fate for fate in training.parameters if 0 < fate.compared < fate.numel]
    if not large:
        return ""
    most = max(fate.compared for fate in large)
    were = agreeing(len(large), "was", "were")
    who = counted(len(large), "large parameter")
    return f"{who} {were} compared by up to {most:,} evenly spread values."


def _alarm_line(alarm: Alarm, training: Training) -> str:
    """Return what an alarm is about, in a few words."""
    fates = [fate for fate in training.parameters if fate.name in alarm.parameters]
    if line := _line_of_its_own(alarm, fates):
        return line
    if alarm.why == "not_held" and fates and all(fate.mover == "memory" for fate in fates):
        return _moved_with(fates, training)
    if alarm.why == "not_held" and not fates:
        return _of_no_model(alarm.parameters)
    reason = Fate(
        name="",
        why=alarm.why,
        file=alarm.file,
        line=alarm.line,
        code=alarm.code,
        gradient_norm=max((fate.gradient_norm or 0.0 for fate in fates), default=None),
        learning_rate=_common_rate(fates),
        put_back={fate.put_back for fate in fates} == {True},
        unfed={fate.unfed for fate in fates} == {True},
        born=any(fate.born for fate in fates),
        copying=fates[0].copying if len({fate.copying for fate in fates}) == 1 else "",
        heir=_common_heir(fates),
        rate_at=fates[0].rate_at if len({fate.rate_at for fate in fates}) == 1 else None,
    )
    return why_not(reason, single=len(alarm.parameters) == 1)


def _line_of_its_own(alarm: Alarm, fates: Sequence[Fate]) -> str:
    """Return what an alarm is about that no reason says; else nothing."""
    at = f" at {_at(alarm)}" if alarm.file else ""
    if alarm.why == "too_small" and any(fate.trains for fate in fates):
        by = f" (see {_at(alarm)})" if at else ""
        return f"the learning rate falls to 0 long before the end{by}"
    if alarm.why == "cut" and _is_raised(alarm):
        return f"backward() raised an error over what is done at {_at(alarm)}"
    if alarm.why == "constant_term":
        return f"a term of the loss at {_at(alarm)} moves nothing"
    if alarm.why == "frozen" and THAWS_NOTHING in alarm.means:
        return f"frozen, and not thawed{at}"
    return ""


def _of_no_model(names: Sequence[str]) -> str:
    """Return why no optimizer holds tensors that are no model's parameters, and that have names
    where they are attributes.
    """
    if all(" " in name for name in names):
        return "made anew in every forward, so no optimizer holds what is there now"
    return f"no nn.Parameter, so no optimizer holds {_them(names)}"


def _common_rate(fates: Sequence[Fate]) -> float | None:
    """Return the largest learning rate of some parameters; None where one is not known."""
    rates = [fate.learning_rate for fate in fates if fate.learning_rate is not None]
    return max(rates) if rates and len(rates) == len(fates) else None


def _steps(training: Training) -> str:
    if training.steps:
        return (
            f"{counted(training.steps, 'step')} of optimizers"
            f" {agreeing(training.steps, 'was', 'were')} seen, and none of them of these"
        )
    return "No optimizer stepped while it was watched"


def _by_reason(training: Training) -> list[tuple[Fate, list[str]]]:
    """Return what does not train by reason and line.

    What an alarm is raised for first, then the most.
    """
    alarmed = {name for alarm in training.alarms for name in alarm.parameters}
    faint = next_to_nothing(training.parameters)

    def reason(fate: Fate) -> tuple[object, ...]:
        line = None if fate.why == "stale" else fate.line  # one replacement takes several lines
        rate = (fate.learning_rate == 0, fate.rate_at)
        return fate.why, fate.file, line, *rate, fate.name in faint, fate.rounding, fate.passing

    groups = grouped((reason(fate), fate) for fate in training.parameters if fate.trains is False)
    reasons = [
        (replace(fates[0], heir=_common_heir(fates)), [fate.name for fate in fates])
        for fates in groups.values()
    ]

    def rank(group: tuple[Fate, list[str]]) -> tuple[bool, bool, int]:
        fate, names = group
        return alarmed.isdisjoint(names), fate.why in _CALMLY_LAST, -len(names)

    return sorted(reasons, key=rank)


def _clause(training: Training, names: Sequence[str], fate: Fate, *, alone: bool = False) -> str:
    every = len(names) == len(training.parameters) and not alone
    who = "" if every else f"{_subject(names, training, alone=alone)} "
    faint = next_to_nothing(training.parameters).issuperset(names)
    why = why_not(fate, single=len(names) == 1, faint=faint)
    if fate.why == "frozen":
        subject = f"{agreeing(len(names), 'it', 'they')} " if every else who
        return f"{subject}{agreeing(len(names), 'is', 'are')} {why}"
    return why if every else f"{who}{agreeing(len(names), 'does not', 'do not')}: {why}"


def _subject(names: Sequence[str], training: Training, *, alone: bool) -> str:
    """Return parameters as the subject of a clause; counted where, in a sentence, their names
    would need more room than all else that it says.
    """
    listed = _names(names, training.parameters)
    return listed if alone or len(listed) <= ROOM else f"{len(names):,}"


def _names(names: Iterable[str], fates: Sequence[Fate]) -> str:
    """Return some parameters in few words: ``enc.* (2)``."""
    among = {fate.name: Parameter(name=fate.name, numel=fate.numel) for fate in fates}
    roots = {name.partition(".")[0] for name in among}
    groups = fold(names, among, roots if len(roots) > 1 else ())
    texts = [
        group.pattern if group.parameters == 1 else f"{group.pattern} ({group.parameters})"
        for group in groups
    ]
    return listing(texts, _GROUPS)


def _common_heir(fates: Iterable[Fate]) -> Heir | None:
    """Return what is trained in the place of some parameters; without a name where there are
    several.
    """
    heirs = list(dict.fromkeys(fate.heir for fate in fates))
    if None in heirs or not heirs:
        return None
    return heirs[0] if len(heirs) == 1 or heirs[0] is None else replace(heirs[0], name="")


def _at(alarm: Alarm) -> str:
    return (
        "a line that is not known"
        if alarm.file is None
        else path_and_line(Place(alarm.file, alarm.line or 0))
    )
