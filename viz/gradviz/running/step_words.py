"""The words of an optimizer's step: one line, or an alarm with what kept gradient from what."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from gradviz.causes import explain
from gradviz.facts.calls import StepNote
from gradviz.graph import Cut, Verdict
from gradviz.render.sentences import agreeing, counted, is_known_unused
from gradviz.running.calls import BackwardCall, OptimizerStep
from gradviz.running.phrases import at_line, cut_lines, line, names_in, numbers_in_words
from gradviz.training.heirs import find_heirs

_IN_LIST = re.compile(r"(.+)\.(\w+)\[(.+?)\].*")  # "net.layers[0]", as running.names calls it

_MOST_OWNERS = 3  # of what gradient reaches beside, each with a line of its own


def lead(step: OptimizerStep, calls: Sequence[BackwardCall]) -> StepNote:
    """Return the step in a sentence, for the notes of a saved report."""
    return StepNote(step_lines(step, calls)[0], alarm=bool(step.starved), calls=step.calls)


def step_lines(step: OptimizerStep, calls: Sequence[BackwardCall]) -> list[str]:
    """Return what an optimizer steps after some calls, line by line."""
    lines = []
    who = f"{step.optimizer} ({step.kind})" if step.optimizer != step.kind else step.kind
    after = f"after backward {numbers_in_words(step.calls)}"
    steps = "is about to step" if step.prevented else "steps"
    last = calls[-1]
    if step.starved:
        lines.append(
            f"ALARM: {who} {steps} {counted(len(step.starved), 'parameter')} that no gradient"
            f" reached, {after}"
        )
        lines += _held_others(step, last) if step.holds_others else _starved(step.starved, calls)
    else:
        lines.append(f"{who} {steps} {after}{reach_in_words(step)}")
    if step.discarded_at is not None:
        brought = numbers_in_words(step.calls[:-1])
        lines.append(
            line(
                "cleared",
                f"what backward {brought} brought, before the next backward,"
                f"{at_line(step.discarded_at)}",
            )
        )
    if step.stale:
        lines.append(
            line("replaced", f"{names_in(step.stale, last)}: it steps what stood there before")
        )
    if step.waiting:
        lines.append(
            line("unused so far", f"{names_in(step.waiting, last)}: a later loss may use them")
        )
    if step.zero:
        lines.append(
            line(
                "zero",
                f"{names_in(step.zero, last)}: what arrived is all zero{_again(step, calls)}",
            )
        )
    if step.older:
        lines.append(
            line(
                "older",
                f"{names_in(step.older, last)}: stepped by a gradient that these calls did not"
                " bring to them: one that was handed over, an older one, or other ranks'",
            )
        )
    if step.idle and not step.unwatched:  # else another of these calls may bring gradient
        lines += _idle(step.idle, calls)
    lines += _extra(step, last)
    return lines


def _extra(step: OptimizerStep, call: BackwardCall) -> Iterator[str]:
    """Say where gradient arrives beside what an optimizer holds: a line for each that holds it, or
    one for all where these are many.
    """
    extra = {owner: names for owner, names in step.extra.items() if owner}
    if len(extra) > _MOST_OWNERS:
        names = tuple(dict.fromkeys(chain.from_iterable(extra.values())))
        hold = f"{len(extra)} other optimizers hold them"
        yield line("also gets gradient", f"{names_in(names, call)}: {hold}")
        extra = {}
    for owner, names in extra.items():
        hold = "hold" if " and " in owner else "holds"
        yield line("also gets gradient", f"{names_in(names, call)}: {owner} {hold} them")
    if "" in step.extra:
        names = step.extra[""]
        yield line("also gets gradient", f"{names_in(names, call)}: no optimizer holds them")
        yield from _listed(names, call.roots)


def _idle(names: Sequence[str], calls: Sequence[BackwardCall]) -> Iterator[str]:
    """Say which of the parameters that got nothing are cut off, and which are no part of it."""
    cut = [
        name
        for name in names
        if any(
            parameter.verdict is Verdict.CUT
            for call in calls
            if (parameter := call.report.parameters.get(name)) is not None
        )
    ]
    if cut:
        yield line("cut", f"{names_in(cut, calls[-1])}: an earlier loss reached them")
    rest = [name for name in names if name not in cut]
    if rest:
        why = "not part of this loss; another one has reached them, or is to"
        yield line("unused", f"{names_in(rest, calls[-1])}: {why}")


def _listed(names: Iterable[str], roots: Iterable[str]) -> Iterator[str]:
    """Say why an optimizer of a module's parameters() does not hold what stands in a plain list or
    dict of that module.
    """
    modules = tuple(roots)
    reasons: dict[str, None] = {}
    for root in modules:
        in_list = _IN_LIST.fullmatch(root)
        if (
            in_list
            and any(root.startswith(f"{other}.") for other in modules)
            and any(name.startswith(f"{root}.") for name in names)
        ):
            module, attribute, key = in_list.groups()
            kind, registers = (
                ("list", "nn.ModuleList") if key.isdigit() else ("dict", "nn.ModuleDict")
            )
            reasons[
                f"{module}.{attribute} is a plain {kind}, which {module}.parameters() leaves out:"
                f" {registers} registers it"
            ] = None
    yield from (line("", reason) for reason in reasons)


def reach_in_words(step: OptimizerStep) -> str:
    """Return how many of its parameters these calls reached, to follow them in a sentence."""
    without = (step.zero, step.older, step.idle, step.frozen, step.waiting)
    got = len(step.held) - sum(map(len, without))
    if step.idle and step.unwatched:
        was = agreeing(len(step.unwatched), "was", "were")
        return f"; backward {numbers_in_words(step.unwatched)} {was} not watched"
    if step.stale:
        return (
            f", which reached {got} of its parameters; others that it holds were replaced"
            if got
            else "; no gradient reached its parameters, which were replaced"
        )
    if not step.held:
        return "; none of its parameters is known"
    if got == len(step.held):
        return f", which reached {'all its parameters' if got > 1 else 'its only parameter'}"
    if len(step.frozen) == len(step.held):
        who = (
            f"all its {len(step.held)} parameters are"
            if len(step.held) > 1
            else "its only parameter is"
        )
        return f"; {who} frozen, so this changes nothing"
    frozen = (
        f", {len(step.frozen)} {agreeing(len(step.frozen), 'is', 'are')} frozen"
        if step.frozen
        else ""
    )
    if len(step.held) == 1:
        return ", which did not reach its only parameter"
    return f", which reached {got} of its {len(step.held)} parameters{frozen}"


def _again(step: OptimizerStep, calls: Sequence[BackwardCall]) -> str:
    return (
        f", as in each of the {len(step.calls)} calls"
        if len(step.calls) > 1 and len(calls) == len(step.calls)
        else ""
    )


def _have_heirs(names: Iterable[str], calls: Sequence[BackwardCall]) -> bool:
    """Say whether leaves that began with the values of some parameters are trained in their
    place.
    """
    heirs = [find_heirs(call.report.graph) for call in calls]
    own = [some[name] for some in heirs for name in names if name in some]
    return bool(own) and all(heir.is_copy for heir in own)


def _held_others(step: OptimizerStep, call: BackwardCall) -> Iterator[str]:
    """Say that an optimizer holds other parameters than those that gradient reaches.

    What keeps gradient from its own may well be meant.
    """
    yield line("holds", names_in(step.held, call))
    held = [call.report.parameters.get(name) for name in step.held]
    for cut in dict.fromkeys(cut for own in held if own is not None for cut in own.cuts):
        yield from cut_lines(cut)
    yield line("means", f"Gradient arrives at {names_in(step.extra[''], call)}, and not at these.")
    yield line(
        "fix",
        "If these are not meant to train, give the optimizer the parameters that get gradient. If"
        " they are, let gradient reach them.",
    )


def _starved(names: Iterable[str], calls: Sequence[BackwardCall]) -> Iterator[str]:
    """Yield what kept gradient from each: the cut, or that it is no part of the loss."""
    explained = set()
    by_cuts: dict[tuple[Cut, ...], list[str]] = {}
    for name in names:
        cuts = tuple(
            dict.fromkeys(
                cut
                for call in calls
                if name in call.report.parameters
                for cut in call.report.parameters[name].cuts
            )
        )
        by_cuts.setdefault(cuts, []).append(name)
    for cuts, group in by_cuts.items():
        yield line("not trained", names_in(group, calls[-1]))
        for cut in cuts:
            yield from cut_lines(cut)
            if explain(cut) not in explained:
                explained.add(explain(cut))
                yield line("means", explain(cut).meaning)
                if not _have_heirs(group, calls):  # training tells of these
                    yield line("fix", explain(cut).mend)
        parameters = [
            call.report.parameters[name]
            for call in calls
            for name in group
            if name in call.report.parameters
        ]
        unclear = any(
            parameter.uncertain or not is_known_unused(parameter) for parameter in parameters
        )
        if not cuts and unclear:
            yield line("", "whether their values went into the loss cannot be seen")
        elif not cuts:
            yield line(
                "",
                (
                    "their values did not go into the loss"
                    if len(group) > 1
                    else "its value did not go into the loss"
                ),
            )
