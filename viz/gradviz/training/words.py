"""The words of "does it train?".

What each reason means, what mends it, and the sentence that ends a run. Texts only, no torch.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from gradviz import causes
from gradviz.facts.evidence import Evidence, Stepper
from gradviz.facts.missed import Stopped
from gradviz.facts.training import Heir
from gradviz.graph import Verdict
from gradviz.render.sentences import begins_in, listing, note_text, path_and_line
from gradviz.training.at_rest import explain_rest
from gradviz.training.forgotten import held_by_what_steps
from gradviz.training.spoilt import of_spoilt
from gradviz.training.switched import explain_switched
from gradviz.training.touched import ASSIGNED_ZEROS, is_assigned_zeros

Explained = tuple[str, str]  # what it means, and what usually mends it

_MEANS: Mapping[str, Explained] = {
    "frozen": (
        "Everything that this optimizer holds is frozen, so its steps change nothing.",
        "Set requires_grad_(True) for what is meant to train, or give the optimizer the"
        " parameters that are.",
    ),
    "cut": (
        "An optimizer holds them, but no gradient arrives: every route back is cut.",
        "Fix the line that cuts them off.",
    ),
    "unused": (
        "An optimizer holds them, but no gradient arrives: the loss does not use them.",
        "Use them in the forward, or leave them out of the optimizer.",
    ),
    "zero": (
        "Every gradient that this optimizer got was exactly zero, in every call that was watched.",
        "Look at where the zero begins: masked or ignored targets, a dead activation, a factor"
        " of zero.",
    ),
    "flat": (
        "The gradient that came to them was zero, in every call that was watched.",
        "Look at where the zero begins.",
    ),
    "left_out": (
        "The backward call was told which inputs to compute gradients for, and these are not"
        " among them.",
        "Add them to its inputs, or drop the argument.",
    ),
    "not_finite": (
        "A gradient is NaN or infinite when the optimizer steps: the parameter becomes so, and"
        " stays so.",
        "Fix what makes the first NaN or infinity: a division by zero, the logarithm or root"
        " of zero, an overflow.",
    ),
    "cleared": (
        "Gradient arrives, and it is cleared before the optimizer steps.",
        "Clear gradients before backward() or after step(), not between the two.",
    ),
    "clipped": (
        "Gradient arrives, and arithmetic between backward() and step() leaves nothing to step by.",
        "Look at the bound or the factor: a maximal norm of 0 leaves nothing.",
    ),
    "stale": (
        "The optimizer holds the parameters that stood here before they were replaced; those"
        " that are here now are never stepped.",
        "Make the optimizer after they were replaced, or give it the new parameters with"
        " add_param_group().",
    ),
    "not_held": (
        "Gradient arrives, and no optimizer holds them.",
        "Look at what the optimizer was given: another model's parameters, or those of this one"
        " before it was complete. add_param_group() adds them.",
    ),
    "not_stepped": (
        "Gradient arrives, and the optimizer that holds them never steps.",
        "Call step(). With gradient accumulation, check the condition around it.",
    ),
    "too_small": (
        "The optimizer steps, and the update is too small for the parameter's type to hold at"
        " its value.",
        "Raise the learning rate. Weights in half precision can have a copy in float32.",
    ),
    "underivable": (
        "torch has no derivative for this operation, so backward() raises where gradient comes"
        " to it.",
        "Use an operation that has one, such as index_add or scatter_add in place of a weighted"
        " count.",
    ),
    "constant_term": (
        "This term of the loss depends on them, and backward() takes it for a constant: it"
        " moves nothing.",
        "Keep the term's own graph: no detach(), item(), no_grad() or copy through numpy."
        " Detach only what is logged.",
    ),
    "vanishing": (
        "The gradient that arrives is so much smaller than that of other parameters that the"
        " update is lost in rounding.",
        "Use residual connections, normalisation, another activation or another initialisation.",
    ),
    "exploding": (
        "One step moves them by a thousand times their size, because the gradient is huge: what"
        " they had learnt is gone.",
        "Clip the gradient (clip_grad_norm_), lower the learning rate, or look for what"
        " multiplies it at each layer or time step.",
    ),
    "no_step": (
        "Gradient arrives again and again, no optimizer was made, and no value changes.",
        "Make an optimizer of the model's parameters and call its step() after backward().",
    ),
    "lost": (
        "The optimizer steps with a gradient that is not zero, and the parameter does not"
        " change: the update goes elsewhere.",
        "Have the optimizer write into the parameter itself: add_() does, and add() returns a new"
        " tensor, as contiguous(), reshape() and to() may.",
    ),
}

_EMPTY = (
    "Gradient arrives, and no optimizer holds them: one was made with a group that has no"
    " parameters in it.",
    "Look at what the group was given: a filter that nothing passes, or a generator that was"
    " used up before.",
)
_OF_OTHERS = (
    "Gradient arrives, and no optimizer holds them: one was given parameters that another trains.",
    "Look at whose parameters() it was given.",
)
_BEGUN = (
    "Gradient arrives, and no optimizer holds them: one was given a generator that something"
    " else had read from, and got what was left.",
    "Give it parameters() made anew, or a list, which can be read more than once.",
)
_ALL_ZERO = (
    "They are all zero, and the gradient of each is multiplied by another of them, so none ever"
    " moves.",
    "Initialize weights at random; only the last of a branch may begin at zero.",
)
_DEAD = (
    "No weight of the model gets anything but zeros, so what it computes does not depend on"
    " what goes in; only biases and gains move.",
    "Look at where the zero begins: a dead activation, a normalisation of what is all the same.",
)
_WITHOUT_SLOPE = (
    "No weight of the model gets anything but zeros, as the gradient comes to an operation whose"
    " derivative is zero everywhere; only biases and gains move.",
    "Pass the gradient around it with a straight-through estimator: x + (q - x).detach().",
)
_STEPPED = re.compile("(round|floor|ceil|trunc|sign)")  # operations whose value is not constant
_SKIPPED = (
    "Gradient arrives, and GradScaler leaves out every step, because it finds infinity or NaN"
    " in the gradients.",
    "Start with a smaller scale, or look for what overflows in half precision.",
)
_NO_RATE = "The optimizer steps with a learning rate of 0.", "Give it a learning rate above 0."
_NO_RATE_BY_SCHEDULE = (
    "The optimizer steps with a learning rate that a schedule keeps at 0.",
    "Look at the schedule: it begins at 0 and has not risen, or has fallen to 0.",
)
_COPIES_STEPPED = (
    "Gradient arrives, and the optimizer that steps holds copies, which no loss uses.",
    "Copy the model and its optimizer in one deepcopy(), or make the optimizer anew of the"
    " parameters that the loss uses, and load its state_dict().",
)
_THAWED = (
    "They were frozen when the optimizer was made, so it does not hold them; they were thawed"
    " since, and gradient arrives.",
    "Add them with add_param_group() where they are thawed, or make the optimizer after that.",
)
_ASIDE = (
    "Gradient arrives, and is handed to copies that an optimizer steps and nothing writes back.",
    "Copy them into the parameters after each step(), under torch.no_grad().",
)
_IN_MEMORY = (
    "They share their memory with parameters that an optimizer steps, so that its steps move them"
    " too. Their own gradient arrives, and no optimizer uses it.",
    "Tie the parameters themselves (decoder.weight = encoder.weight), so that both gradients add"
    " up; or copy with clone(), and give the optimizer the copies.",
)
_LEFT_OF_MODULE = (
    "Gradient arrives, and no optimizer holds them, though one holds other parameters of their"
    " modules.",
    "Look at the rule that sorts parameters into groups: these fit into none.",
)
_IN_PLAIN_LIST = (
    "Gradient arrives, and no optimizer holds them: they stand in a plain list or dict, which"
    " parameters() leaves out.",
    "Use nn.ModuleList or nn.ModuleDict in its place.",
)
_UNFED = (
    "Gradient arrives at the parameters that lie in the memory of another, which the optimizer"
    " holds, and nothing puts it into the .grad of that.",
    "Copy it there before step(), or make the .grad of each a view of the .grad that is"
    " stepped, once.",
)
_RETURNED = (
    "torch.autograd.grad() returns the gradient, and nothing puts it into the .grad that the"
    " optimizer reads.",
    "Assign what it returns to the .grad of each parameter before step(), or call backward().",
)
_DISCARDED = (
    "Gradient arrives, and the step is computed into a new tensor that gets the parameter's name:"
    " the parameter itself stays as it is.",
    "Write into the parameter, under torch.no_grad(): p -= lr * p.grad, or p.sub_(lr * p.grad).",
)
_PUT_BACK = (
    "The optimizer changes them at every step, and before the next backward they are put back.",
    "Look at what writes into them there: a copy, perhaps the wrong way round.",
)


_SHARDING = ("fully_shard", "FSDP", "FullyShardedDataParallel", "prepare(")


def is_copy_of_held(evidence: Evidence, steppers: Sequence[Stepper]) -> bool:
    """Say whether an optimizer that steps holds what a parameter was copied from."""
    return any(stepper.steps and evidence.copy_of in stepper.held for stepper in steppers)


def _copied(copies: Sequence[Evidence]) -> Explained:
    lines = dict.fromkeys(copy.copied_at for copy in copies if copy.copied_at is not None)
    at = f" at {path_and_line(next(iter(lines)))}" if len(lines) == 1 else ""
    return (
        f"Gradient arrives at copies, made{at}, and the optimizer holds the parameters that they"
        " were copied from.",
        "Make the optimizer of the copy's parameters, or have the loss use the original.",
    )


def _put_back_by(optimizers: Sequence[str]) -> Explained:
    return (
        f"{listing(optimizers)} all step them, and before the next backward they are what they"
        " were: one undoes what another does.",
        "Have one optimizer hold them, or look at what the other is for (maximize=True?).",
    )


def is_thawed(evidence: Evidence) -> bool:
    """Say whether the first backward calls found a parameter frozen, and nothing has frozen it
    again since it was thawed.
    """
    frozen = [in_call.verdict is Verdict.FROZEN for in_call in evidence.verdicts]
    return evidence.thawed and all(frozen[: sum(frozen)]) and (any(frozen) or not frozen)


def _inherited(heirs: Sequence[Heir]) -> Explained:
    names = list(dict.fromkeys(heir.name for heir in heirs if heir.name))
    lines = list(dict.fromkeys(heir.place for heir in heirs if heir.place is not None))
    at = f", which began with their values at {path_and_line(lines[0])}" if lines else ""
    others = listing(names, 3) if names else "leaves of its own"
    return (
        f"The loss uses {others}{at}, in their place, so that the gradient goes there.",
        f"Give the optimizer {listing(names, 3) if names else 'those leaves'} instead. Where these"
        " parameters are to train themselves, make the others of them anew in every forward,"
        " without detach().",
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a reason is to be explained for.

    Attributes:
        concerned: The parameters.
        steppers: All optimizers.
        holders: Those that hold some of these parameters.
    """

    concerned: Sequence[Evidence]
    steppers: Sequence[Stepper]
    holders: Sequence[Stepper]


def _not_stepped(asked: _Asked) -> Explained | None:
    if any(stepper.steps and stepper.copied_at for stepper in asked.steppers):
        return _COPIES_STEPPED
    skipped = asked.holders and all(holder.skipped for holder in asked.holders)
    return _SKIPPED if skipped else None


def _stale(asked: _Asked) -> Explained | None:
    lines = [own.replaced_at.code for own in asked.concerned if own.replaced_at is not None]
    if not any(word in line for line in lines for word in _SHARDING):
        return None
    means, mend = _MEANS["stale"]
    return means, f"{mend} After fully_shard(), make it before any forward."


def _not_held(asked: _Asked) -> Explained | None:
    if all(own.lies_in and own.drift for own in asked.concerned):
        return _IN_MEMORY
    if all(map(is_thawed, asked.concerned)):
        return _THAWED
    if any(stepper.empty for stepper in asked.steppers):
        return _EMPTY
    if any(stepper.of_others for stepper in asked.steppers):
        return _OF_OTHERS
    if all(is_copy_of_held(parameter, asked.steppers) for parameter in asked.concerned):
        return _copied(asked.concerned)
    if any(stepper.begun for stepper in asked.steppers):
        return _BEGUN
    if sum(own.numel for own in asked.concerned) in {own.aside for own in asked.steppers} - {0}:
        return _ASIDE
    if all("[" in item.name for item in asked.concerned):
        return _IN_PLAIN_LIST
    return _LEFT_OF_MODULE if _are_left_of_modules(asked) else None


def _are_left_of_modules(asked: _Asked) -> bool:
    """Say whether optimizers hold others of their modules, and were made after them."""
    modules = {name.rpartition(".")[0] for name in held_by_what_steps(asked.steppers)} - {""}
    made = max((stepper.born for stepper in asked.steppers if stepper.born is not None), default=-1)
    came_later = any(own.born is not None and own.born > made for own in asked.concerned)
    return not came_later and all(own.name.rpartition(".")[0] in modules for own in asked.concerned)


def _zero(asked: _Asked) -> Explained | None:
    if all(parameter.all_zero for parameter in asked.concerned):
        return _ALL_ZERO
    names = {parameter.name for parameter in asked.concerned}
    trains_others = any(not names.issuperset(holder.held) for holder in asked.holders)
    zeros = [verdict.zero for parameter in asked.concerned for verdict in parameter.verdicts]
    if not trains_others:
        mends = {zero.mend for zero in zeros if zero is not None}
        mend = mends.pop() if len(mends) == 1 else ""
        return (_MEANS["zero"][0], mend) if mend else None
    stepped = [zero is not None and _STEPPED.match(zero.operation) for zero in zeros]
    return _WITHOUT_SLOPE if any(stepped) else _DEAD


def _flat(asked: _Asked) -> Explained | None:
    zeros = [verdict.zero for own in asked.concerned for verdict in own.verdicts]
    zero = next((zero for zero in zeros if zero is not None), None)
    if zero is None:
        return None
    means = f"{_MEANS['flat'][0]} That begins in {begins_in(zero)}: {note_text(zero.why)}."
    return means, zero.mend


def _lost(asked: _Asked) -> Explained | None:
    if not all(parameter.is_undone for parameter in asked.concerned):
        return None
    together = [holder.name for holder in asked.holders if holder.steps]
    is_seen = any(own.written_at or not own.put_back for own in asked.concerned)
    return _PUT_BACK if is_seen or len(together) < 2 else _put_back_by(together)


def _cleared(asked: _Asked) -> Explained | None:
    if all(is_assigned_zeros(own.looks) for own in asked.concerned):
        return ASSIGNED_ZEROS
    if all(own.returned_at is not None for own in asked.concerned):
        return _RETURNED
    return _UNFED if all(own.houses or own.lies_in for own in asked.concerned) else None


def _too_small(asked: _Asked) -> Explained | None:
    if any(look.lr for parameter in asked.concerned for look in parameter.looks):
        return explain_rest(asked.concerned, asked.holders)
    scheduled = any(holder.scheduled for holder in asked.holders)
    return _NO_RATE_BY_SCHEDULE if scheduled else _NO_RATE


def _no_step(asked: _Asked) -> Explained | None:
    return _DISCARDED if all(own.discarded_at is not None for own in asked.concerned) else None


def _not_finite(asked: _Asked) -> Explained | None:
    return of_spoilt(asked.concerned, asked.holders, _MEANS["not_finite"])


def last_steps(own: Stopped) -> str:
    """Return which steps found no gradient at a parameter, in words."""
    if own.as_of is None:
        return f"the last {own.steps} steps"
    last, every = own.as_of
    return f"steps {last - own.steps + 1:,} to {last:,} of all {every:,}"


def _stopped(asked: _Asked) -> Explained | None:
    (own, *_) = [own for item in asked.concerned if (own := item.stopped) is not None]
    fewest = min(
        (item.stopped for item in asked.concerned if item.stopped is not None),
        key=lambda own: own.steps,
    )
    steps = last_steps(fewest)
    steps = f"{steps[0].upper()}{steps[1:]} of {own.optimizer}"
    at_first = f"They trained at first. {steps} find no gradient"
    if own.cut is None and own.place is not None:
        return f"{at_first}: autograd is switched off.", _SWITCH_ON
    mend = _MEANS["cut"][1] if own.cut is None else causes.explain(own.cut).mend
    return f"{at_first}: every route back to them is cut.", mend


_SWITCH_ON = (
    "Switch autograd off with a block (with torch.no_grad():), which puts it back at its end."
)
_CUT = "No gradient arrives: every route back is cut."
_CUT_NOT_HELD = f"{_CUT} No optimizer holds them either."


def _cut(asked: _Asked) -> Explained | None:
    heirs = [parameter.heir for parameter in asked.concerned if parameter.heir is not None]
    if len(heirs) == len(asked.concerned):
        return _inherited(heirs)
    verdicts = chain.from_iterable((*item.stepped, *item.verdicts) for item in asked.concerned)
    cut = next(chain.from_iterable(verdict.cuts for verdict in verdicts), None)
    if cut is None:
        return None
    explanation = causes.explain(cut)
    held = {name for holder in asked.holders for name in holder.held}
    if causes.has_raised(cut):
        meaning = explanation.meaning
    elif all(own.name in held for own in asked.concerned):
        meaning = _MEANS["cut"][0]
    else:
        meaning = _CUT_NOT_HELD if held.isdisjoint(own.name for own in asked.concerned) else _CUT
    return meaning, explanation.mend


_CLOSER: Mapping[str, Callable[[_Asked], Explained | None]] = {
    "frozen": lambda asked: explain_switched(asked.concerned),
    "not_stepped": _not_stepped,
    "stale": _stale,
    "not_held": _not_held,
    "zero": _zero,
    "flat": _flat,
    "cleared": _cleared,
    "lost": _lost,
    "too_small": _too_small,
    "not_finite": _not_finite,
    "cut": _cut,
    "no_step": _no_step,
    "stopped": _stopped,
}
"""By reason: says more than :data:`_MEANS` where more is known, and None where not."""


def explain(why: str, concerned: Sequence[Evidence], steppers: Sequence[Stepper]) -> Explained:
    """Return what a reason means for some parameters, and what usually mends it."""
    names = {parameter.name for parameter in concerned}
    holders = [stepper for stepper in steppers if not names.isdisjoint(stepper.held)]
    closer = _CLOSER.get(why)
    explained = None if closer is None else closer(_Asked(concerned, steppers, holders))
    return explained or _MEANS[why]
