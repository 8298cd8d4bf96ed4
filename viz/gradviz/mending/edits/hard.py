"""A hard choice has no gradient. These make one up.

The numbers of the forward stay, what the parameters learn is new.

A straight-through form adds ``soft - soft.detach()``, which is zero to the bit, and whose gradient
is that of ``soft``.
"""

import ast
from collections.abc import Iterator
from itertools import chain

from gradviz.mending.edit import (
    Edit,
    FaultyLine,
    in_brackets,
    last_name,
    method_calls,
    name_of,
    proposes,
)
from gradviz.mending.source import Replacement

_ABOVE = {"gt", "ge", "greater", "greater_equal"}
_BELOW = {"lt", "le", "less", "less_equal"}
_STEPS = ("round", "floor", "ceil", "sign", "trunc", "heaviside", "bernoulli")
_CASTS = frozenset("float to type type_as double half long int byte short char".split())
_DRAWS = frozenset(
    "normal bernoulli multinomial sample rsample uniform exponential dropout".split()
)
_KINDS = ("non_differentiable", "integer_cast", "zero")


@proposes("non_differentiable", "detach")
def comparison(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that give a comparison the gradient of a sigmoid.

    Of one with a draw, ``torch.rand_like(p) < p``, that of what the draw is held against: a draw
    that is written twice gives two numbers. A condition of the code has no number to change.
    """
    for node in site.nodes():
        sides = _sides(site, node)
        if sides is None or _is_condition(site, node):
            continue
        larger, smaller = sides
        code = [in_brackets(site, side) for side in sides]
        assert isinstance(node, ast.expr)
        match _draws(larger), _draws(smaller):
            case False, False:
                soft = f"torch.sigmoid({code[0]} - {code[1]})"
                yield _comparison_like(site, node, soft, "a sigmoid")
            case False, True:
                yield _comparison_like(site, node, code[0], "what the draw is held against")
            case True, False:
                yield _comparison_like(site, node, f"(-{code[1]})", "what the draw is held against")


def _draws(value: ast.expr) -> bool:
    """Say whether a value is a draw, or is made with one."""
    return any(
        isinstance(node, ast.Call)
        and (last_name(node).startswith("rand") or last_name(node).rstrip("_") in _DRAWS)
        for node in ast.walk(value)
    )


def _is_condition(site: FaultyLine, node: ast.AST) -> bool:
    """Say whether a value only decides which code runs."""
    while True:
        match parent := site.source.parents.get(node):
            case ast.If(test) | ast.While(test) | ast.IfExp(test) | ast.Assert(test):
                return test is node
            case ast.comprehension(ifs=tests):
                return node in tests
            case ast.BoolOp() | ast.UnaryOp(ast.Not()):
                node = parent
            case ast.Attribute(attr=("any" | "all" | "item")) | ast.Call():
                node = parent
            case _:
                return False


def _comparison_like(site: FaultyLine, compared: ast.expr, soft: str, name: str) -> Edit:
    """Return the edit that gives a comparison the gradient of a soft form, which has a name."""
    outer, cast = _cast_around(site, compared)
    hard = site.source.code(outer) if cast else f"{in_brackets(site, compared)}.float()"
    return Edit(
        f"let the comparison pass gradient as {name} does",
        (_through(site, outer, hard, soft),),
        soft=True,
    )


@proposes(*_KINDS)
def step(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that let gradient pass rounding, the sign and a draw as if they were not
    there.
    """
    for node, method in method_calls(site.nodes(), _STEPS):
        is_function = name_of(method.value) == "torch"
        value = node.args[0] if is_function and node.args else method.value
        change = _through(
            site, node, f"{site.source.code(node)}.detach()", in_brackets(site, value)
        )
        yield Edit(f"let gradient pass {method.attr}() straight through", (change,), soft=True)


@proposes(*_KINDS)
def cast(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that let gradient pass a cast to whole numbers straight through."""
    for node, method in method_calls(site.nodes(), _CASTS):
        soft = in_brackets(site, method.value)
        outer, further = _cast_around(site, node)
        hard = site.source.code(outer) if further else f"{site.source.code(node)}.to({soft}.dtype)"
        yield Edit(
            "let gradient pass the cast straight through",
            (_through(site, outer, hard, soft),),
            soft=True,
        )


@proposes("non_differentiable")
def choice(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that look a choice up by a product with one-hot rows, which pass gradient as its
    scores do.
    """
    for chosen, index, scores in _choices(site):
        soft = scores if last_name(chosen) == "multinomial" else f"torch.softmax({scores}, -1)"
        for use, code in _uses(site, index):
            table = _table(site, use)
            if table is not None:
                lookup, rows = table
                one_hot = f"torch.nn.functional.one_hot({code}, {rows}.shape[0])"
                text = f"(({one_hot} + ({soft} - {soft}.detach())) @ {rows})"
                yield site.rewriting(
                    "look it up by one-hot rows that pass gradient", lookup, text, soft=True
                )
            call = site.source.parents.get(use)
            if isinstance(call, ast.Call) and last_name(call) == "one_hot" and use in call.args:
                outer, further = _cast_around(site, call)
                hard = site.source.code(outer) + ("" if further else ".float()")
                yield Edit(
                    "let the one-hot rows pass gradient as their scores do",
                    (_through(site, outer, hard, soft),),
                    soft=True,
                )


@proposes("non_differentiable")
def gate(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that weigh what was chosen by its score: by a factor of one, whose gradient is
    the score's.
    """
    for _, index, scores in _choices(site):
        for use, code in _uses(site, index):
            picked = site.source.parents.get(use)
            if isinstance(picked, ast.Subscript) and picked.slice is use:
                called = site.source.parents.get(picked)
                whole = called if isinstance(called, ast.Call) and called.func is picked else picked
                for shape in ("", ".unsqueeze(-1)"):
                    weight = f"{scores}[{code}]{shape}"
                    text = f"({site.source.code(whole)} * (1 + ({weight} - {weight}.detach())))"
                    yield site.rewriting(
                        "weigh what is chosen by its score", whole, text, soft=True
                    )
            yield from _by_number(site, use, scores)


def _by_number(site: FaultyLine, use: ast.expr, scores: str) -> Iterator[Edit]:
    """Yield edits that weigh what an expert makes of the rows that chose its number: ``rows =
    choice == number``, ``out[rows] = expert(x[rows])``.
    """
    source = site.source
    match source.parents.get(source.parents.get(use, use)):
        case ast.Assign(
            [ast.Name(rows), *_], ast.Compare(left, [ast.Eq(), *_], [compared, *_])
        ) as chosen if left is use:
            number = source.code(compared)
        case _:
            return
    for node in chain.from_iterable(map(ast.walk, source.body_of(chosen))):
        match node:
            case ast.Assign([ast.Subscript(slice=ast.Name(index)), *_], value) | ast.AugAssign(
                ast.Subscript(slice=ast.Name(index)), value=value
            ) if index == rows:
                weight = f"{scores}[{rows}, {number}].unsqueeze(-1)"
                text = f"{in_brackets(site, value)} * (1 + ({weight} - {weight}.detach()))"
                yield site.rewriting("weigh what is chosen by its score", value, text, soft=True)


@proposes("non_differentiable")
def hit(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that give a choice that is held against what is right the gradient of its
    probability.
    """
    for _, index, scores in _choices(site):
        for use, _ in _uses(site, index):
            match site.source.parents.get(use):
                case ast.Compare(left, [ast.Eq()], [other]) as compared:
                    right = in_brackets(site, other if left is use else left)
                    rows = f"torch.softmax({scores}, -1)"
                    soft = f"{rows}.gather(-1, {right}.unsqueeze(-1)).squeeze(-1)"
                    yield _comparison_like(site, compared, soft, "the probability")


_CHOICES = ("argmax", "argmin", "topk", "max", "min", "multinomial")
_AFTER = ("squeeze", "view", "reshape", "flatten", "item", "indices", "detach")


def _choices(site: FaultyLine) -> Iterator[tuple[ast.Call, ast.expr, str]]:
    """Return the calls that choose, the index that comes of each, and what they choose by, the
    larger the better.
    """
    for node, method in method_calls(site.nodes(), _CHOICES):
        is_function = name_of(method.value) == "torch"
        code = in_brackets(site, node.args[0] if is_function and node.args else method.value)
        index: ast.expr = node
        while (follows := _follows(index, site.source.parents.get(index))) is not None:
            index = follows
        yield node, index, f"-{code}" if method.attr in ("argmin", "min") else code


def _follows(index: ast.expr, parent: ast.AST | None) -> ast.expr | None:
    """Return what holds an index, if it is still that index: in another shape, one of a pair."""
    match parent:
        case ast.Attribute(attr=name) if name in _AFTER:
            return parent
        case ast.Call(func) if func is index and last_name(parent) in _AFTER:
            return parent
        case ast.Subscript(value, ast.Constant()) if value is index:
            return parent
    return None


def _uses(site: FaultyLine, index: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """Return where an index is used.

    Where it stands, or where the variable is read that it was assigned to.
    """
    match site.statement:
        case ast.Assign([ast.Name(name), *_], value) as statement if value is index:
            for use in ast.walk(site.source.function_of(statement)):
                if isinstance(use, ast.Name) and use.id == name and isinstance(use.ctx, ast.Load):
                    yield use, name
        case _:
            yield index, site.source.code(index)


def _through(site: FaultyLine, node: ast.expr, hard: str, soft: str) -> Replacement:
    return site.source.replacing(node, f"({hard} + ({soft} - {soft}.detach()))")


def _sides(site: FaultyLine, node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """Return the two sides of a comparison, the one first that is to be larger."""
    match node:
        case ast.Compare(left, [ast.Gt() | ast.GtE()], [right]):
            both = [left, right]
        case ast.Compare(left, [ast.Lt() | ast.LtE()], [right]):
            both = [right, left]
        case ast.Call(ast.Attribute(owner, name), given) if name in _ABOVE | _BELOW:
            both = given if name_of(owner) == "torch" else [owner, *given]
            both = both if name in _ABOVE else both[::-1]
        case _:
            return None
    return (both[0], both[1]) if len(both) == 2 else None


def _cast_around(site: FaultyLine, node: ast.expr) -> tuple[ast.expr, bool]:
    """Return the cast that a value goes through next, and whether there is one."""
    parents = site.source.parents
    match parents.get(parents.get(node, node)):
        case ast.Call(ast.Attribute(value, name)) as call if value is node and name in _CASTS:
            return call, True
    return node, False


def _table(site: FaultyLine, use: ast.expr) -> tuple[ast.expr, str] | None:
    """Return the look-up that an index goes into, and the rows that it looks up."""
    parent = site.source.parents.get(use)
    if isinstance(parent, ast.Subscript) and parent.slice is use:
        return parent, in_brackets(site, parent.value)
    if isinstance(parent, ast.Call) and parent.args == [use]:
        return parent, f"{site.source.code(parent.func)}.weight"
    return None
