"""What an optimizer holds, and when its gradients are cleared."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace

from gradviz.mending.edit import Edit, FaultyLine, last_name, method_calls, name_of, proposes
from gradviz.mending.source import Replacement, SourceFile

_OPTIMIZERS = frozenset(
    "sgd adam adamw rmsprop adagrad lbfgs radam nadam adamax rprop asgd adadelta adafactor".split()
)
_MAKE_LATER = "make the optimizer after the model is complete"


@proposes("cleared")
def clear_before(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that move ``zero_grad()`` in front of ``backward()``; where that is called
    elsewhere, behind ``step()``.
    """
    statement = site.statement
    if not (isinstance(statement, ast.Expr) and last_name(statement.value) == "zero_grad"):
        return
    body = site.source.body_of(statement)
    position = body.index(statement)
    for other in body[:position]:
        if _calls(other, "backward"):
            moved = _moved(site.source, statement, other, before=True)
            yield Edit("clear the gradients before backward()", moved)
            return
    for other in body[position + 1 :]:
        if _calls(other, "step"):
            moved = _moved(site.source, statement, other, before=False)
            yield Edit("clear the gradients after step()", moved)
            return


def _calls(statement: ast.stmt, name: str) -> bool:
    """Say whether a statement calls a method of this name."""
    calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(last_name(call) == name for call in calls)


@proposes("stale")
def make_after(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that make the optimizer behind the line that put something new in a parameter's
    place.
    """
    replacement = site.statement
    if replacement is None:
        return
    body = site.source.body_of(replacement)
    for other in body:
        if (
            other.lineno < replacement.lineno
            and isinstance(other, ast.Assign)
            and is_optimizer(other.value)
        ):
            yield Edit(_MAKE_LATER, _moved(site.source, other, replacement, before=False))
    for other in body[body.index(replacement) + 1 :]:
        if isinstance(other, ast.Assign) and is_optimizer(other.value):
            yield Edit(_MAKE_LATER, _moved(site.source, replacement, other, before=True))


@proposes("not_held")
def hand_over(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that hand the optimizer what it does not hold, as a group of its own.

    Of a line that makes no optimizer, such as that of a copy, it is any of the file.
    """
    statement = site.statement
    if statement is not None and not _makes_optimizer(statement):
        for other in filter(_makes_optimizer, ast.walk(site.source.tree)):
            yield from hand_over(replace(site, line=other.lineno, back=0))  # type: ignore[attr-defined]
    if not isinstance(statement, ast.Assign) or not _makes_optimizer(statement):
        return
    optimizer = site.source.code(statement.targets[0])
    body = site.source.body_of(statement)
    uses = [
        other
        for other in body
        if other.lineno > statement.lineno and _reads(other, statement.targets[0])
    ]
    if uses and body.index(uses[0]) > body.index(statement) + 1:
        yield Edit(_MAKE_LATER, _moved(site.source, statement, uses[0], before=True))
    later = body[body.index(statement) + 1 :]
    if not uses and later:
        yield Edit(_MAKE_LATER, _moved(site.source, statement, later[-1], before=False))
    for code in dict.fromkeys(_owners(site)):
        line = f'{optimizer}.add_param_group({{"params": {code}}})'
        places = [site.source.inserting_after(statement, line)]
        if uses and uses[0] is not later[0]:  # what it is to hold may be made in between
            places.append(site.source.inserting_before(uses[0], line))
        for place in places:
            yield Edit("hand the optimizer what it does not hold", (place,))


def _makes_optimizer(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and is_optimizer(node.value)


def is_optimizer(value: ast.expr) -> bool:
    """Say whether an expression makes an optimizer."""
    if not isinstance(value, ast.Call) or (not value.args and not value.keywords):
        return False
    name = last_name(value).lower()
    return name in _OPTIMIZERS or "optim" in name


def _owners(site: FaultyLine) -> Iterator[str]:
    """Return what hands out exactly the parameters that are not held.

    The module that all of them belong to, else each by name.
    """
    names = site.parameters
    if not names:
        return
    for root in _roots(site):
        yield from _owners_in(root, names)
    heads = [name.partition(".") for name in names]  # a script's names begin with a variable
    if all(head.isidentifier() for head, _, _ in heads):
        listed = [f'{head}.get_parameter("{rest}")' if rest else head for head, _, rest in heads]
        yield f"[{', '.join(listed)}]"


def _roots(site: FaultyLine) -> Iterable[str]:
    """Return the variables whose parameters are taken where the optimizer is made, then those whose
    parameters are taken elsewhere in the function.
    """
    statement = site.statement
    assert statement is not None
    roots: dict[str, None] = {}
    for tree in (statement, site.source.function_of(statement)):
        for _, method in method_calls(ast.walk(tree), ("parameters", "named_parameters")):
            code = site.source.code(method.value)
            roots |= dict.fromkeys((code.split(".")[0].split("[")[0], code))
    return roots or ("model",)


def _owners_in(root: str, names: tuple[str, ...]) -> Iterator[str]:
    # A script's names begin with the variable
    if all(name.startswith(f"{root}.") for name in names):
        names = tuple(name.removeprefix(f"{root}.") for name in names)
    modules = {name.rpartition(".")[0] for name in names}
    listed = ", ".join(f'{root}.get_parameter("{name}")' for name in names)
    yield f"[{listed}]"
    if len(modules) == 1 and all("." in name for name in names):
        yield f'{root}.get_submodule("{next(iter(modules))}").parameters()'


def _reads(statement: ast.stmt, target: ast.expr) -> bool:
    name = name_of(target)
    return any(
        isinstance(node, ast.Name | ast.Attribute) and name_of(node) == name
        for node in ast.walk(statement)
    )


def _moved(
    source: SourceFile, statement: ast.stmt, other: ast.stmt, *, before: bool
) -> tuple[Replacement, ...]:
    start, end = source.lines_of(statement)
    text = source.text[start:end]
    place = source.lines_of(other)[0 if before else 1]
    ending = source.line_end(1)
    if not text.endswith(("\n", "\r")):
        text += ending
    if place == len(source.text) and not source.text.endswith(("\n", "\r")):
        text = ending + text.rstrip("\r\n")
    return Replacement(start, end, ""), Replacement(place, place, text)
