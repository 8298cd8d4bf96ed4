"""Whether a stop-gradient is meant. Nobody can know.

These are the signs that it is, and what has one is offered only when asked for.

What takes a value out of the graph by its very name (``detach()``, ``no_grad``) is a decision of
somebody's, so it is doubted only where parameters get nothing else; what does it in passing
(``float()``, ``torch.tensor``) is rarely meant.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gradviz.graph import Parameter, Verdict
from gradviz.mending.edit import head, last_name, name_of
from gradviz.mending.problems import Problem
from gradviz.mending.source import SourceFile
from gradviz.system.grouped import grouped

_GRAD_MODES = frozenset(("no_grad", "set_grad_enabled", "inference_mode"))
_SAYS_SO = frozenset(("detach", "detach_", "frozen", "data", *_GRAD_MODES))
_NEVER = frozenset(("zero", "hook", "not_finite", "unregistered", "stale", "cleared"))
_IN_PASSING = frozenset(("new_tensor", "numpy", "collective", "custom_function", "data"))
_WORDS = re.compile(
    r"(?<![a-z])(target|teacher|ema|momentum|fake|fakes|frozen|freeze|stop_?grad\w*|sg|ref|reference|old|pseudo|baseline|"
    r"prev|past|history|bootstrap|label|labels|codes|advantage|returns)(?![a-z])"
)


def is_meant(
    problem: Problem, parameters: Mapping[str, Parameter], sources: Mapping[str, SourceFile]
) -> bool:
    """Say whether a cut looks like a stop-gradient on purpose.

    Args:
        problem: What was found.
        parameters: Every parameter of the step by name.
        sources: The files of the problem's places.
    """
    if problem.kind == "not_held":
        return not problem.alarmed
    if problem.kind in _NEVER:
        return False
    if not problem.held:
        return True
    trains = any(parameter.verdict is Verdict.REACHED for parameter in parameters.values())
    # A checkpoint saves memory, and stops no gradient on purpose
    if problem.alarmed or not trains or problem.kind == "checkpoint":
        return False
    if problem.operation == "sample()":
        # The gradient is to come by way of the score
        return any("log_prob(" in source.text for source in sources.values())
    place = problem.places[0]
    if place.file in sources and _is_a_step(problem.kind, place.line, sources[place.file]):
        return True
    readable = [place for place in problem.places if place.file in sources]
    if any(is_stored(place.line, sources[place.file]) for place in readable):
        return True
    if problem.partial:
        return problem.kind not in _IN_PASSING and not _is_for_numpy(problem, sources)
    if problem.kind not in _SAYS_SO:
        return False
    if problem.kind in _GRAD_MODES and _has_twin(problem, parameters):
        return True
    return any(_says_so(problem, place.line, sources[place.file]) for place in problem.places[:2])


def says_so(problem: Problem) -> bool:
    """Say whether what severs takes a value out of the graph by its very name."""
    return problem.kind in _SAYS_SO and not problem.constant


def _has_twin(problem: Problem, parameters: Mapping[str, Parameter]) -> bool:
    """Say whether what is cut stands beside a module of the same shape that trains, as a target
    network does.
    """
    shapes = grouped(
        ((name.partition(".")[2], parameter.shape), parameter)
        for name, parameter in parameters.items()
    )
    cut = set(problem.parameters)
    return (
        bool(cut)
        and all(
            any(
                other.verdict is Verdict.REACHED
                and other.name not in cut
                and other.name not in problem.feeds  # a target network does not come before it
                for other in shapes[name.partition(".")[2], parameters[name].shape]
            )
            for name in cut
            if name in parameters and "." in name
        )
        and all("." in name for name in cut)
    )


def _is_for_numpy(problem: Problem, sources: Mapping[str, SourceFile]) -> bool:
    """Say whether a value is detached because ``numpy()`` refuses it otherwise, in lines that
    speak of nothing that is meant to stand still.
    """
    place = problem.places[0]
    source = sources.get(place.file)
    statement = None if source is None else source.statement_at(place.line)
    if problem.kind != "detach" or source is None or statement is None:
        return False
    goes = any(
        isinstance(node, ast.Call)
        and last_name(node) == "numpy"
        and ".detach()" in source.code(node)
        for node in head(statement)
    )
    function = source.function_of(statement)
    text = source.code(statement) if isinstance(function, ast.Module) else source.code(function)
    return goes and not _WORDS.search(text.lower().replace("_", " "))


def _says_so(problem: Problem, line: int, source: SourceFile) -> bool:
    statement = source.statement_at(line)
    if statement is None or any(_data_among(_targets(statement))):
        return False  # a write into ``.data`` takes nothing out of the graph by itself
    code = [
        source.code(node) for node in head(statement) if isinstance(node, ast.Name | ast.Attribute)
    ]
    text = " ".join([*code, *(place.code for place in problem.inner), *problem.parameters]).lower()
    return bool(_WORDS.search(text.replace("_", " "))) or _is_switched(statement, source)


def _is_a_step(kind: str, line: int, source: SourceFile) -> bool:
    """Say whether a line updates a parameter by hand, or is part of a critic's step."""
    return _is_update(line, source) or (kind == "detach" and _is_judged(line, source))


def _is_update(line: int, source: SourceFile) -> bool:
    """Say whether a line moves one parameter by hand towards others: it writes into ``.data``, and
    reads ``.data`` of another, ``t.data.mul_(m).add_(s.data, alpha=1 - m)``.
    """
    statement = source.statement_at(line)
    if statement is None:
        return False
    written = {source.code(target) for target in _data_among(_written(statement))}
    read = {source.code(node) for node in _data_among(ast.walk(statement))}
    return bool(written) and not read <= written


def _written(statement: ast.stmt) -> Sequence[ast.expr]:
    """Return what a statement writes into: by an assignment, or by methods that do it in place."""
    if not isinstance(statement, ast.Expr):
        return _targets(statement)
    called = statement.value
    while True:
        match called:
            case ast.Call(ast.Attribute(value, method)) if method.endswith("_"):
                called = value
            case ast.Call(ast.Attribute()):
                return ()
            case _:
                return (called,)


def _targets(statement: ast.stmt) -> Sequence[ast.expr]:
    """Return what a statement assigns to."""
    match statement:
        case ast.Assign(targets=targets) | ast.Delete(targets):
            return targets
    target = getattr(statement, "target", None)
    return () if target is None else (target,)


def _data_among(nodes: Iterable[ast.AST]) -> Iterator[ast.Attribute]:
    return (node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "data")


def _is_judged(line: int, source: SourceFile) -> bool:
    """Say whether a value is detached where it is handed to a function that judges another value
    in the same function: ``f(d(real)) + f(-d(fake.detach()))``, the step of a critic.
    """
    statement = source.statement_at(line)
    if statement is None:
        return False
    calls = [node for node in ast.walk(source.function_of(statement)) if isinstance(node, ast.Call)]
    return any(
        source.code(other.func) == source.code(call.func)
        and not any(last_name(node) == "detach" for node in other.args)
        for call in calls
        if any(isinstance(given, ast.Call) and last_name(given) == "detach" for given in call.args)
        and call in head(statement)
        for other in calls
        if other is not call
    )


def _is_switched(statement: ast.stmt, source: SourceFile) -> bool:
    """Say whether somebody chose it.

    By an argument, by a condition, or by switching grad mode on again for a part.
    """
    for node in (statement, *source.enclosing(statement)):
        match node:
            case ast.If(test) if _is_flag(test):
                return True
            case ast.With(items) if any(_is_computed_mode(item.context_expr) for item in items):
                return True
            case ast.FunctionDef(decorator_list=decorators):
                is_off = any(last_name(own) in ("no_grad", "inference_mode") for own in decorators)
                return is_off and any(last_name(part) == "enable_grad" for part in ast.walk(node))
    return False


def _is_computed_mode(node: ast.expr) -> bool:
    """Say whether it is ``set_grad_enabled(flag)``, and not of a constant."""
    match node:
        case ast.Call(args=[ast.Constant(), *_]):
            return False
        case ast.Call(args=[_, *_]):
            return last_name(node) == "set_grad_enabled"
    return False


def _is_flag(test: ast.expr) -> bool:
    """Say whether a condition is a name, or made of names.

    ``if detach_encoder``, ``if not self.finetune``.
    """
    match test:
        case ast.UnaryOp(operand=operand):
            return _is_flag(operand)
        case ast.BoolOp(values=values):
            return any(map(_is_flag, values))
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name != "training"
    return False


# Whether a value is put into a store that keeps the past, and is read from there as data.


_FILLS = frozenset(("append", "appendleft", "extend", "insert", "put"))
_DROPS = frozenset(("pop", "popleft", "popitem", "sample", "choice", "choices", "randint"))
_DEEP = 3  # assignments between the line and the store


def is_stored(line: int, source: SourceFile) -> bool:
    """Say whether what a line makes goes into a store of limited size."""
    statement = source.statement_at(line)
    if statement is None:
        return False
    function = source.function_of(statement)
    return any(
        _outlives(store, place) and _is_limited(store, source)
        for store, place in _stores(statement, function, source)
    )


def _stores(
    statement: ast.stmt, function: ast.AST, source: SourceFile
) -> Iterator[tuple[ast.expr, ast.AST]]:
    """Yield the containers that a statement fills, or that what it makes is put into, each with the
    function that fills it: this one, or another of the file that is called.
    """
    names: set[str] = set()
    statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    for _ in range(_DEEP):
        for other in statements:
            if other is not statement and not names & _names(other, ast.Load):
                continue
            yield from ((store, function) for store in _filled(other))
            names |= _names(other, ast.Store)
            called = {last_name(node) for node in head(other) if isinstance(node, ast.Call)}
            for place in ast.walk(source.tree):
                if isinstance(place, ast.FunctionDef) and place.name in called - {"forward"}:
                    yield from ((store, place) for part in place.body for store in _filled(part))


def _names(statement: ast.stmt, how: type[ast.Load | ast.Store]) -> set[str]:
    """Return the variables that a statement, or the head of a loop, reads or assigns to."""
    return {
        node.id
        for node in head(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, how)
    }


def _filled(statement: ast.stmt) -> Iterator[ast.expr]:
    for node in head(statement):
        match node:
            case ast.Call(ast.Attribute(store, method)) if method in _FILLS:
                yield store
            case ast.Subscript(store, ctx=ast.Store()):
                yield store


def _outlives(store: ast.expr, function: ast.AST) -> bool:
    """Say whether a container is there when the function is not: an attribute, or a variable that
    the function does not make.
    """
    if isinstance(store, ast.Attribute):
        return True
    return isinstance(store, ast.Name) and not any(
        isinstance(node, ast.Name) and node.id == store.id and isinstance(node.ctx, ast.Store)
        for node in ast.walk(function)
    )


def _is_limited(store: ast.expr, source: SourceFile) -> bool:
    """Say whether old entries of a container go: its length is compared, a part of it is kept or
    drawn, or its index goes round.
    """
    name = last_name(store)
    moved = {  # what is assigned to
        node.attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    return any(_limits(node, name, moved) for node in ast.walk(source.tree))


def _limits(node: ast.AST, name: str, moved: set[str]) -> bool:
    match node:
        case ast.Call(ast.Attribute(store, method), given) if method in _DROPS:
            return name in (last_name(store), *map(last_name, given))
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            is_own = any(last_name(target) == name for target in _targets(node))
            return is_own and _keeps_some(value, name)
        case ast.Compare(left, _, others):
            return _bounds_length((left, *others), name)
        case ast.Subscript(store, index, ast.Store()):  # a ring
            parts = [part for part in ast.walk(index) if isinstance(part, ast.Attribute)]
            return last_name(store) == name and any(part.attr in moved for part in parts)
        case ast.Delete(targets):
            stores = [own.value for own in targets if isinstance(own, ast.Subscript)]
            return any(last_name(store) == name for store in stores)
    return False


def _bounds_length(sides: Sequence[ast.expr], name: str) -> bool:
    """Say whether a length is compared with a bound, and not with 0 or 1, which ask for less."""
    if any(isinstance(side, ast.Constant) and side.value in (0, 1) for side in sides):
        return False
    return any(_is_length(side, name) for side in sides)


def _keeps_some(value: ast.expr, name: str) -> bool:
    """Say whether a container is made with a limit, or of a part of what it was."""
    match value:
        case ast.Call(args=given, keywords=words) if name_of(value).endswith("deque"):
            return len(given) > 1 or any(word.arg == "maxlen" for word in words)
        case ast.Subscript(whole, ast.Slice()):
            return last_name(whole) == name
    return False


def _is_length(node: ast.expr, name: str) -> bool:
    match node:
        case ast.Call(ast.Name("len"), [of]):
            return last_name(of) == name
    return False
