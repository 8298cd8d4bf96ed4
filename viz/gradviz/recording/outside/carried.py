"""Whether what left torch in a function comes to a call there with its numbers as they are, if it
comes at all: calls that only put numbers elsewhere lie between, as ``np.where`` and ``np.delete``.

Then it has no part in what goes in where none of its numbers is there.
"""

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType

from gradviz.recording.reading.call_arguments import roots_of
from gradviz.recording.reading.definitions import Definition, Scope
from gradviz.recording.reading.expressions import (
    Range,
    is_inside,
    path_of,
    range_of,
    root_of,
    without_value,
)
from gradviz.recording.reading.instructions import place_of, position_of, scope_of
from gradviz.recording.reading.of_arrays import has_numbers
from gradviz.recording.reading.outflows import read_from
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.slices import computes
from gradviz.recording.reading.sources import Source
from gradviz.recording.reading.starts import computes_in_place
from gradviz.recording.reading.where import by_file

# Of functions, the arguments whose numbers the result has; of methods it is the object
_FIRST = frozenset(
    "array asarray ascontiguousarray asfortranarray copy atleast_1d atleast_2d atleast_3d ravel"
    " reshape transpose swapaxes moveaxis expand_dims squeeze broadcast_to flip fliplr flipud rot90"
    " roll tile repeat resize split array_split hsplit vsplit dsplit take take_along_axis delete"
    " diag diagonal tril triu concatenate stack hstack vstack dstack column_stack block real imag"
    " from_numpy tensor as_tensor frombuffer list tuple dict bytes bytearray memoryview"
    " masked_array".split()
)
_ARGUMENTS: dict[str, Sequence[int]] = {
    "where": (1, 2),
    "choose": (1,),
    "select": (1, 2),
    "compress": (1,),
    "extract": (1,),
    "insert": (0, 2),
    "append": (0, 1),
    "zip": range(64),
    "full": (1,),
    "full_like": (1,),
    "pad": (0,),
    "clip": (0, 1, 2),
    "minimum": (0, 1),
    "maximum": (0, 1),
}
_WORDS = frozenset("default values constant_values fill_value".split())
_METHODS = frozenset(
    "numpy copy ravel flatten reshape transpose swapaxes squeeze repeat take diagonal filled clip"
    " tolist tobytes join".split()
)
_TAKE_NUMBERS = frozenset(
    ("filled", "clip", "join")
)  # methods: what they are given may be in the result
_PARTS = frozenset("T real imag flat".split())
_PACKAGES = frozenset("np numpy torch math F nn".split())
_JOINERS = frozenset("c_ r_".split())
_EXACT = frozenset("float32 float64 float double single".split())
# Of an array of one of these, the numbers that are put there are rounded
_ROUND = frozenset(
    "float16 half bfloat16 bool bool_ int intp int8 int16 int32 int64 long uint8 uint16 uint32"
    " uint64".split()
)
_MOST = 400  # expressions that are looked at


@by_file
def is_carried(code: CodeType, lasti: int, exits: frozenset[Range] | None) -> bool:
    """Say whether what left in a function comes to a call there with its numbers as they are.

    Args:
        code: The function's.
        lasti: The instruction of the call.
        exits: Where values left in it; None where the function was given them.
    """
    scoped, place = scope_of(code), place_of(code, lasti)
    if scoped is None or place is None:
        return False
    carrying = _Carrying(*scoped, exits or frozenset(), exits is None, place[0])
    return carrying.holds(roots_of(place[0]))


@by_file
def is_returned(code: CodeType, lasti: int) -> bool:
    """Say whether what left by an instruction has its numbers as they are in all that its function
    returns.
    """
    scoped, place = scope_of(code), position_of(code, lasti)
    if scoped is None or place is None:
        return False
    results = [value for values, _ in scoped[1].results for value in values]
    carrying = _Carrying(*scoped, frozenset((place,)))
    return bool(results) and carrying.holds(results)


def _may_round(node: ast.AST) -> bool:
    """Say whether a call may give numbers rounded, or their bytes as other numbers."""
    if not isinstance(node, ast.Call):
        return False
    given = (*node.args, *(word.value for word in node.keywords))
    if name_of(node) == "view":  # with sizes alone it is another shape
        return not all(isinstance(item, (ast.Constant, ast.UnaryOp)) for item in given)
    return any(_type_named(item) in _ROUND for item in given)


@dataclass(eq=False, slots=True)
class _Carrying:
    source: Source
    scope: Scope
    exits: frozenset[Range]
    given: bool = False
    into: ast.AST | None = None  # the call itself: what that does is told by its function
    met: set[tuple[int, bool]] = field(default_factory=set)
    pending: list[tuple[ast.AST, bool]] = field(default_factory=list)

    def holds(self, roots: list[ast.AST]) -> bool:
        """Say whether some expressions have numbers that left only as they are."""
        self.pending = [(root, True) for root in roots]
        while self.pending:
            node, as_it_is = self.pending.pop()
            if (id(node), as_it_is) in self.met:
                continue
            self.met.add((id(node), as_it_is))
            if len(self.met) > _MOST or not self._holds(node, as_it_is):
                return False
        return True

    def _holds(self, node: ast.AST, as_it_is: bool) -> bool:
        """Look at an expression, of which the numbers go on as they are, or in any way: then no
        number that left may be in it.
        """
        as_it_is = as_it_is and not _may_round(node)
        inner = [*_carried(node)] if as_it_is else []
        if as_it_is and isinstance(node, ast.expr) and range_of(node) in self.exits:
            return True
        if isinstance(node, ast.Name):
            return self._name(node.id, as_it_is)
        if inner:
            self.pending += inner
            return True
        if any(is_inside(place, range_of(node)) for place in self.exits if hasattr(node, "lineno")):
            return False
        self.pending += ((name, False) for name in _names_in(node))
        return True

    def _name(self, name: str, as_it_is: bool) -> bool:
        if name in _PACKAGES:
            return True
        if name in self.scope.outside:
            return False
        if self.given and (name not in self.scope.locals or name in self.scope.parameters):
            is_handed_on = as_it_is and name in self.scope.parameters
            if not is_handed_on and name not in vars(builtins):
                return False
        others = read_from(self.scope, {name}) if as_it_is else set()
        for definition in self.scope.definitions:
            own = definition.target[0]
            concerns = own == name or (own in others and definition.change)
            if concerns and not self._definition(definition, own, as_it_is):
                return False
        return True

    def _definition(self, definition: Definition, name: str, as_it_is: bool) -> bool:
        value = definition.value
        if value is None:
            return True
        if definition.call:
            if value is self.into:
                return True
            call = value if isinstance(value, ast.Call) else None
            if call is None:
                return False
            if not computes_in_place(call, self.source, (name,)):
                return True
            given = (*call.args, *(word.value for word in call.keywords))
            if as_it_is:  # nothing that left is in it, then
                self.pending.append((ast.Name(name, ast.Load()), False))
            if as_it_is or any(self._names(argument, name) for argument in given):
                self.pending += ((argument, False) for argument in given)
            return True
        if as_it_is and (computes(self.source, definition) or self.scope.branches(value)):
            return False
        if as_it_is and _may_round(value):
            return False  # what is written into that is rounded
        self.pending.append((value, as_it_is))
        self.pending += ((index, False) for index in self._indices(name))
        return True

    def _names(self, node: ast.AST, name: str) -> bool:
        """Say whether a name stands in an expression, and not only where a value left."""
        return any(
            isinstance(part, ast.Name)
            and part.id == name
            and not any(is_inside(range_of(part), place) for place in self.exits)
            for part in ast.walk(node)
        )

    def _indices(self, name: str) -> Iterator[ast.expr]:
        """Yield what chooses the elements of a name that are assigned to."""
        for node in ast.walk(self.scope.node):
            for target in node.targets if isinstance(node, ast.Assign) else ():
                if isinstance(target, ast.Subscript) and (root_of(target) or ("",))[0] == name:
                    yield target.slice


def _names_in(node: ast.AST) -> Iterator[ast.Name]:
    """Yield the names that an expression takes a value of: the form of an array is none."""
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.Name):
            yield part
        elif not isinstance(part, ast.Attribute) or has_numbers(part.attr) is not False:
            form = without_value(part) if isinstance(part, ast.Call) else []
            pending += [inner for inner in ast.iter_child_nodes(part) if inner not in form]


def _carried(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Yield what an expression's value is put together of, and whether its numbers go on as they
    are; nothing of any that may compute.
    """
    if isinstance(node, (ast.Tuple, ast.List)):
        yield from ((item, True) for item in node.elts)
    elif isinstance(node, ast.Starred) or getattr(node, "attr", "") in _PARTS:
        yield node.value, True  # type: ignore[attr-defined]
    elif isinstance(node, ast.Subscript):
        joins = isinstance(node.value, ast.Attribute) and node.value.attr in _JOINERS
        if not joins:
            yield node.value, True
        yield node.slice, joins
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and _is_of_bytes(node):
        yield from ((side, True) for side in (node.left, node.right))
    elif isinstance(node, ast.Call):
        yield from _carried_by_call(node)


def _is_of_bytes(joined: ast.BinOp) -> bool:
    sides = (joined.left, joined.right)
    return any(isinstance(side, ast.Call) and name_of(side) == "tobytes" for side in sides)


def _carried_by_call(call: ast.Call) -> Iterator[tuple[ast.AST, bool]]:
    name, owner = name_of(call), None
    package = isinstance(call.func, ast.Name)
    if isinstance(call.func, ast.Attribute):
        owner = call.func.value
        root = path_of(owner)[0] or ("",)  # what a call of a package gives is an array
        package = root[0] in _PACKAGES and len(root) <= 2
    exact = name == "astype" and [*map(_type_named, call.args)] and not call.keywords
    if not package and owner is not None and (name in _METHODS or exact):
        if name == "astype" and not _EXACT.issuperset(map(_type_named, call.args)):
            return
        yield owner, True
        yield from ((item, name in _TAKE_NUMBERS) for item in call.args)
        yield from ((word.value, name in _TAKE_NUMBERS) for word in call.keywords)
        return
    places = (0,) if name in _FIRST else _ARGUMENTS.get(name)
    if package and places is not None:
        yield from ((item, at in places) for at, item in enumerate(call.args))
        yield from ((word.value, word.arg in _WORDS) for word in call.keywords)


def _type_named(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
