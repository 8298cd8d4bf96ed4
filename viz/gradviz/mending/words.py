"""What a patch was measured to do, in words."""

import re
from collections.abc import Collection, Mapping

from gradviz.causes import has_raised
from gradviz.graph import Parameter
from gradviz.mending.effect import Effect
from gradviz.mending.problems import best, parts
from gradviz.render.adapters import fold
from gradviz.render.sentences import listing
from gradviz.reports import Report


def sentences_of(effect: Effect, report: Report, *, soft: bool) -> list[tuple[str, str]]:
    """Return what became of the step, a sentence each, with the label that stands before it.

    Args:
        effect: What was measured.
        report: That of the step without the patch.
        soft: The patch makes up a gradient where there is none.
    """
    parameters = best(report)
    registered = _registered(effect, parameters)
    gains = [
        words.format(named(names, parameters, effect.came))
        for names, words in (
            (effect.reached, _reaches(report)),
            (effect.mended, "gradient now reaches {} by the route that was cut too"),
            (effect.finite, "the gradient of {} is now finite"),
            (effect.held, "the optimizer's step now moves {}"),
            (effect.came, registered or "new among the model's parameters: {}"),
            (() if registered else effect.gone, "no longer among them: {}"),
            (effect.left, "no longer used, and no longer reached: {}, which were written over"),
        )
        if names
    ]
    labels = ["effect"] + [""] * len(gains)
    sentences = list(zip(labels, [*gains, _compared(effect, parameters)], strict=True))
    if soft:
        caution = "this makes up a gradient where there is none: what the parameters learn changes"
        sentences.append(("caution", caution))
    return sentences


def _registered(effect: Effect, parameters: Mapping[str, Parameter]) -> str:
    """Return what is said of parameters that lay in a plain list and are the model's now; empty
    where that is not what happened.
    """
    as_registered = {re.sub(r"\[(\d+)\]", r".\1", name) for name in effect.gone}
    if not effect.gone or as_registered != set(effect.came):
        return ""
    before = named(effect.gone, parameters)
    return f"{before} are parameters of the model now, and named {{}}"


def _reaches(report: Report) -> str:
    """Return what is said of gradient that arrives; before an error some of it may have arrived."""
    raised = any(has_raised(cut) for part in parts(report) for cut in part.cuts)
    return (
        "backward() ends without an error, and reaches {}" if raised else "gradient now reaches {}"
    )


def paragraphs_of(effect: Effect, report: Report, *, soft: bool) -> tuple[str, ...]:
    """Return the same as :func:`sentences_of`, a paragraph for each label."""
    paragraphs: list[str] = []
    for label, sentence in sentences_of(effect, report, soft=soft):
        if label:
            paragraphs.append(f"{label.capitalize()}: {sentence}")
        else:
            paragraphs[-1] += f"; {sentence}"
    return tuple(f"{paragraph}." for paragraph in paragraphs)


def named(
    names: Collection[str], parameters: Mapping[str, Parameter], new: Collection[str] = ()
) -> str:
    """Return some parameters in few words.

    Args:
        names: Those that are meant; of one that the patch brings, the size is not known.
        parameters: Every parameter of the step without the patch, by name.
        new: The names of those that the patch brings.
    """
    groups = fold(names, {name: Parameter(name=name) for name in (*new, *names)} | {**parameters})
    sized = all(name in parameters for name in names)
    return listing([str(group) if sized else group.pattern for group in groups])


def _compared(effect: Effect, parameters: Mapping[str, Parameter]) -> str:
    """Say whether the loss and the other gradients are what they were."""
    if not effect.repeatable:
        return (
            "two runs of the unchanged step differ, so nothing is said of the loss and the other"
            " gradients"
        )
    loss = (
        "the loss of this step is the same to the bit"
        if effect.same_loss
        else f"the loss of this step goes from {effect.loss[0]} to {effect.loss[1]}"
    )
    if not effect.changed:
        return f"{loss}, and no other gradient changes"
    return f"{loss}; the gradient of {named(effect.changed, parameters)} changes too"
