"""Parameters that no optimizer holds, though all around them says that they were meant to train.

Pure, without torch. Who trains a part of a model leaves out whole modules, or one kind of parameter
everywhere: all but the biases.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from gradviz.facts.evidence import Evidence, Stepper


def held_by_what_steps(steppers: Sequence[Stepper]) -> frozenset[str]:
    """Return the names of what optimizers hold that step."""
    return frozenset(name for stepper in steppers if stepper.steps for name in stepper.held)


def is_forgotten(
    evidence: Evidence, every: Collection[Evidence], steppers: Sequence[Stepper]
) -> bool:
    """Say whether it is the last layer, or the only one left of its module and no line says so."""
    held = held_by_what_steps(steppers)
    rules = (is_left_of_its_module, is_bare_beside_held_parts)
    if any(rule(evidence, every, held) for rule in rules):
        if not is_left_out_by_name(evidence, steppers):
            return True
    return is_forgotten_head(evidence, every, held)


def is_forgotten_head(evidence: Evidence, every: Iterable[Evidence], held: Collection[str]) -> bool:
    """Say whether a parameter is of the last layer of a model of which optimizers hold all else
    that gets gradient.

    Who freezes a part by leaving it out leaves out what lies behind.
    """
    own = list(_of_model(evidence, every))
    head = {parameter.name for parameter in own if parameter.is_last}
    rest = {parameter.name for parameter in own} - head
    return evidence.is_last and bool(rest) and rest.issubset(held) and head.isdisjoint(held)


def is_left_of_its_module(
    evidence: Evidence, every: Iterable[Evidence], held: Collection[str]
) -> bool:
    """Say whether optimizers hold another parameter of the same module, and those that are called
    the same in most others of its model.

    A rule that sorts parameters into groups by their names leaves it out.
    """
    module, _, kind = evidence.name.rpartition(".")
    own = [parameter.name.rpartition(".") for parameter in _of_model(evidence, every)]
    is_begun = any(other == module and f"{module}.{name}" in held for other, _, name in own)
    counts = Counter(f"{other}.{kind}" in held for other, _, name in own if name == kind)
    return bool(module) and is_begun and counts[True] > counts[False]


def is_bare_beside_held_parts(
    evidence: Evidence, every: Iterable[Evidence], held: Collection[str]
) -> bool:
    """Say whether a parameter stands in a module itself, and optimizers hold all that gets gradient
    of the modules in it: lists of their parameters() leave out what is of none.
    """
    module, _, own = evidence.name.rpartition(".")
    below = {
        name.removeprefix(f"{module}.")
        for name in (parameter.name for parameter in _of_model(evidence, every))
        if name.startswith(f"{module}.")
    }
    parts = {name for name in below if "." in name}
    is_last_bare = {name for name in below - parts if f"{module}.{name}" in held} == set()
    children = {name.partition(".")[0] for name in parts}
    return (
        len(children) > 1
        and is_last_bare
        and own in below
        and all(f"{module}.{name}" in held for name in parts)
    )


def is_left_out_by_name(evidence: Evidence, steppers: Iterable[Stepper]) -> bool:
    """Say whether the line that makes an optimizer names a parameter that none holds, as a text: to
    leave out just this one is meant.
    """
    path = evidence.name.partition(".")[2]
    codes = [stepper.made.code or "" for stepper in steppers if stepper.made is not None]
    return any(f"{quote}{path}{quote}" in code for code in codes for quote in "\"'")


def _of_model(evidence: Evidence, every: Iterable[Evidence]) -> Iterator[Evidence]:
    """Yield what gets gradient of the model of a parameter."""
    for parameter in every:
        if parameter.is_reached and parameter.root == evidence.root:
            yield parameter
