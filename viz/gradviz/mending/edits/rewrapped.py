"""Make a tensor of tensors by ``torch.stack``, and leave out what wraps a live tensor anew.

torch.tensor, Variable, nn.Parameter.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, calls, in_brackets, proposes
from gradviz.mending.source import Replacement

_COPIES = frozenset(
    "tensor as_tensor Tensor FloatTensor DoubleTensor HalfTensor asarray array from_numpy".split()
)
_WRAPS = ("Variable", "Parameter")


@proposes("new_tensor", "item", "detach", "error", "numpy")
def stack(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that stack what is handed to ``torch.tensor`` and its like."""
    for call in calls(site, *_COPIES):
        if not call.args:
            continue
        value = call.args[0]
        for how in (_elements, _wrapped, _flat):
            code = how(site, value)
            if code is not None:
                yield site.rewriting("stack the tensors with torch.stack", call, code)


@proposes("new_tensor", "item", "detach", "error", "numpy", "data")
def unwrap(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that use the tensor itself in the place of a new one around it."""
    for call in calls(site, *_COPIES, *_WRAPS):
        if len(call.args) != 1 or isinstance(call.args[0], ast.List | ast.Tuple | ast.ListComp):
            continue
        code = in_brackets(site, call.args[0])
        name = site.source.code(call.func)
        statement = site.statement
        if isinstance(statement, ast.Assign) and statement.value is call:
            target = statement.targets[0]
            if site.source.code(target) == code:
                yield Edit(f"drop {name}()", (site.source.deleting(statement),))
                continue
            # A module takes nothing but a parameter under the name of one
            if isinstance(target, ast.Attribute):
                drop = site.source.inserting_before(statement, f"del {site.source.code(target)}")
                yield Edit(
                    f"drop {name}(), and the parameter that stood there",
                    (drop, site.source.replacing(call, code)),
                )
        yield site.rewriting(f"drop {name}()", call, code)


@proposes("new_tensor")
def nested(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that make a nested tensor of tensors with their history."""
    for call in calls(site, "nested_tensor"):
        end = site.source.span(call.func)[1]
        change = Replacement(end - len("nested_tensor"), end, "as_nested_tensor")
        yield Edit("make the nested tensor with as_nested_tensor()", (change,))


@proposes("data")
def assign(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that let a computed tensor stand in the place of a module's parameter, where it
    was written into ``.data``.
    """
    statement = site.statement
    if not isinstance(statement, ast.Assign):
        return
    target = statement.targets[0]
    if (
        isinstance(target, ast.Attribute)
        and target.attr == "data"
        and isinstance(target.value, ast.Attribute)
    ):
        code = site.source.code(target.value)
        drop = site.source.inserting_before(statement, f"del {code}")
        yield Edit(
            "put the computed tensor in the parameter's place",
            (drop, site.source.replacing(target, code)),
        )


@proposes("new_tensor")
def all_of_a_kind(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that do to every statement of the body what helps one.

    ``folded.weight`` and ``folded.bias`` are wrapped alike.
    """
    if site.statement is None:
        return
    changes = []
    for statement in site.source.body_of(site.statement):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
            for call in calls(FaultyLine(site.source, statement.lineno, site.kind), *_WRAPS):
                if statement.value is call and len(call.args) == 1:
                    changes.append(
                        site.source.inserting_before(
                            statement, f"del {site.source.code(statement.targets[0])}"
                        )
                    )
                    changes.append(site.source.replacing(call, in_brackets(site, call.args[0])))
    if len(changes) > 2:
        yield Edit("drop nn.Parameter(), and the parameters that stood there", tuple(changes))


def _elements(site: FaultyLine, value: ast.expr) -> str | None:
    """Return ``torch.stack`` of a list as it is written.

    Of a list of lists one inside the other.
    """
    if isinstance(value, ast.List | ast.Tuple):
        if not value.elts:
            return None
        nested = [
            _elements(site, element) if isinstance(element, ast.List | ast.Tuple) else None
            for element in value.elts
        ]
        parts = [
            inner or _number(site, element)
            for inner, element in zip(nested, value.elts, strict=True)
        ]
        return f"torch.stack([{', '.join(parts)}])"
    if isinstance(value, ast.ListComp | ast.GeneratorExp):
        code = site.source.code(value)
        return (
            f"torch.stack({code})"
            if isinstance(value, ast.ListComp)
            else f"torch.stack(list({code}))"
        )
    if isinstance(value, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.BinOp):
        return f"torch.stack({site.source.code(value)})"
    return None


def _number(site: FaultyLine, value: ast.expr) -> str:
    code = site.source.code(value)
    signed = value.operand if isinstance(value, ast.UnaryOp) else value
    return f"torch.tensor({code})" if isinstance(signed, ast.Constant) else code


def _wrapped(site: FaultyLine, value: ast.expr) -> str | None:
    """Return ``torch.stack`` of a list in which some are numbers."""
    if isinstance(value, ast.List | ast.Tuple):
        return None
    return f"torch.stack([torch.as_tensor(value) for value in {site.source.code(value)}])"


def _flat(site: FaultyLine, value: ast.expr) -> str | None:
    """Return ``torch.stack`` of tensors that hold one element each, in whatever shape."""
    if isinstance(value, ast.ListComp) and len(value.generators) == 1:
        element, rest = (
            site.source.code(value.elt),
            site.source.text[site.source.span(value.elt)[1] : site.source.span(value)[1]],
        )
        return f"torch.stack([torch.as_tensor({element}).squeeze(){rest})"
    return f"torch.stack([torch.as_tensor(value).squeeze() for value in {site.source.code(value)}])"
