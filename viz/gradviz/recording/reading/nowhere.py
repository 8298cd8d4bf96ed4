"""Whether a value that left torch was seen to go nowhere: what Python made of it is read by nobody
but people.

It is followed forward through the source, expression by expression, name by name, as far as each
step is known to keep nothing and to choose nothing. Whatever is not known counts as a way back.
"""

import ast
from collections.abc import Iterable
from types import CodeType

from gradviz.recording.reading.caught import may_be_caught
from gradviz.recording.reading.filed import is_filed
from gradviz.recording.reading.forms import Followed, followed_from, onward, takes_none
from gradviz.recording.reading.instructions import position_of
from gradviz.recording.reading.kept import (
    function_called,
    method_called,
    own_attribute,
    parameters_for,
    places_of,
    results_of,
)
from gradviz.recording.reading.look_ups import is_builtin, is_made, looks_up
from gradviz.recording.reading.own_names import (
    ADDS,
    ends_with_errors,
    function_around,
    function_of,
    holds_its_own,
    is_fresh,
    is_only_filled,
    is_own,
    where_it_stands,
)
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source, source_of
from gradviz.recording.reading.where import by_file
from gradviz.recording.reading.written_by import may_write

_SHOWS = frozenset(
    "pprint echo log log_metric log_metrics log_dict debug info warning error critical"
    " add_scalar add_scalars set_postfix set_postfix_str set_description"
    " add_image add_images add_histogram imshow plot scatter hist bar barh imwrite imsave".split()
)
_PICTURES = frozenset(("Image.fromarray", "PIL.Image.fromarray"))
_OF_PICTURES = frozenset(("save", "show"))  # methods; nothing else that is followed has them
_SCREENS = frozenset("sys.stdout.write sys.stderr.write tqdm.write tqdm.tqdm.write".split())
_BUILTINS = frozenset(
    "float int complex bool str repr format round abs max min sum len any all divmod pow sorted"
    " bytes bytearray memoryview list tuple set frozenset dict zip enumerate reversed"
    " isinstance".split()
)
_METHODS = frozenset(
    "item tolist numpy detach cpu cuda to float double half long int bool clone mean sum max min"
    " std var norm abs sqrt exp log round clamp clip astype copy flatten reshape squeeze ravel any"
    " all argmax argmin items values keys get format strip split rstrip lstrip join upper lower"
    " ljust rjust center zfill count index size dim numel nelement is_integer"
    " data_ptr untyped_storage storage nbytes element_size tobytes hex hexdigest digest encode"
    " decode".split()
)
_BY_KEY = frozenset(("get", "index", "count"))
_OF_VALUES = _BY_KEY | {"format", "join", "fromarray"}  # which take values in
_LIBRARIES = frozenset("math cmath statistics np numpy json hashlib".split())
_WITHIN_LIBRARIES = frozenset("np.linalg numpy.linalg np.fft numpy.fft".split())
_KEEPS = frozenset(
    "save savez savez_compressed savetxt copyto put place putmask memmap dump"
    " fill_diagonal put_along_axis apply_along_axis apply_over_axes piecewise vectorize frompyfunc"
    " fromfunction nan_to_num".split()
)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_GO_ON = (
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.Starred,
    ast.Slice,
    ast.FormattedValue,
    ast.JoinedStr,
)
"""Expressions whose value is all that becomes of those in them."""

# What of a file may read where only an address says that something lies
_READS = frozenset("ctypes cffi cupy triton numba pycuda from_address string_at memmove".split())
_MOST = 400  # steps


@by_file
def goes_nowhere(code: CodeType, lasti: int) -> bool:
    """Say whether the value that an instruction takes out of torch was seen to go nowhere."""
    return _ends(code, lasti, anywhere=False)


@by_file
def may_go_nowhere(code: CodeType, lasti: int) -> bool:
    """Say whether it goes nowhere if whatever gets an address by way of a key only looks it up."""
    return _ends(code, lasti, anywhere=True)


def _ends(code: CodeType, lasti: int, *, anywhere: bool) -> bool:
    source, position = source_of(code.co_filename), position_of(code, lasti)
    if source is None or position is None:
        return False
    start = source.places.get(position)
    return start is not None and _Follower(source, code.co_filename, anywhere=anywhere).ends(start)


class _Follower:
    """Follows the values of expressions through a file, all of them to their ends."""

    def __init__(self, source: Source, file: str, *, anywhere: bool = False) -> None:
        self._source, self._file, self._anywhere = source, file, anywhere
        self._parents = source.parents
        self._pending: list[tuple[ast.AST, Followed]] = []
        self._met: set[tuple[int, Followed]] = set()
        self._names: set[tuple[int, str, Followed]] = set()
        self._followed = Followed.VALUE
        self._reads_addresses = source.holds_any_of(_READS)

    def ends(self, start: ast.AST) -> bool:
        """Say whether the value of an expression goes nowhere."""
        if isinstance(start, (ast.If, ast.While, ast.Assert, ast.IfExp)):
            start = start.test  # which is what Python decides such an instruction by
        if isinstance(start, ast.BoolOp) and not all(map(self._is_pure, start.values)):
            return False
        if isinstance(start, _COMPREHENSIONS) and not self._makes_alone(start):
            return False
        if not isinstance(start, (ast.expr, ast.AugAssign)):
            return False
        if isinstance(start, ast.Call) and not self._gives(start):
            return self._is_shown(start)
        self._followed = followed_from(start)
        self._go_on(start)
        for _ in range(_MOST):
            if not self._pending:
                return True
            node, self._followed = self._pending.pop()
            if (id(node), self._followed) not in self._met:
                self._met.add((id(node), self._followed))
                if not self._follow(node):
                    return False
        return False

    def _gives(self, call: ast.Call) -> bool:
        """Say whether all that comes of a call is what it gives."""
        name = name_of(call)
        if isinstance(call.func, ast.Name):
            builtin = name in _BUILTINS and is_builtin(self._source, name)
            return builtin and all(
                word.arg != "key" or self._is_pure(word.value) for word in call.keywords
            )
        if not isinstance(call.func, ast.Attribute) or may_write(call):
            return False
        if ast.unparse(call.func) in _PICTURES:
            return True
        if _root(call.func) in _LIBRARIES:
            package = call.func.value
            alone = isinstance(package, ast.Name) or ast.unparse(package) in _WITHIN_LIBRARIES
            return alone and name not in _KEEPS
        return name in _METHODS and name not in self._source.callables

    def _is_shown(self, call: ast.Call) -> bool:
        """Say whether a call shows its arguments to people, and gives nothing."""
        name = name_of(call)
        if name in self._source.callables or any(word.arg == "file" for word in call.keywords):
            return False
        if may_be_caught(self._source, name):
            return False
        if isinstance(call.func, ast.Name):
            return name in ("print", "pprint")
        if is_filed(self._source, self._file, call):
            return True
        if ast.unparse(call.func) in _SCREENS:
            return True
        dropped = isinstance(self._parents.get(id(call)), ast.Expr)
        return name in _SHOWS and dropped and _root(call.func) not in (*_LIBRARIES, "torch", "F")

    def _is_drawn(self, method: ast.Attribute) -> bool:
        """Say whether a statement calls a method of a picture that only shows it, or writes it."""
        call = self._parents.get(id(method))
        is_called = isinstance(call, ast.Call) and call.func is method
        dropped = isinstance(self._parents.get(id(call)), ast.Expr)
        return method.attr in _OF_PICTURES and is_called and dropped

    # From an expression to what takes its value

    def _follow(self, node: ast.AST) -> bool:
        """Take up what the value of a node goes into; say whether that is known."""
        if isinstance(node, ast.AugAssign):
            self._followed = Followed.VALUE
            return self._assigned(node.target, node)
        parent = self._parents.get(id(node))
        if isinstance(parent, ast.stmt):
            return self._into_statement(parent)
        if parent is not None:
            if self._takes_none(node, parent):
                return ends_with_errors(self._source, parent)
            self._followed = onward(node, parent, self._followed)
        match parent:
            case ast.Call():
                return self._into_call(node, parent)
            case ast.keyword():
                return self._into_call(node, self._parents[id(parent)])
            case ast.Attribute():  # of what a method is called, or a size
                gives = parent.attr in _METHODS | {"shape", "T"}
                return self._go_on(parent) if gives else self._is_drawn(parent)
            case ast.Subscript():
                if not isinstance(parent.ctx, ast.Load):
                    return node is parent.slice and self._kept_in(parent.value)
                return ends_with_errors(self._source, parent) and self._go_on(parent)
            case ast.BoolOp():
                return all(map(self._is_pure, parent.values)) and self._go_on(parent)
            case ast.IfExp():
                return all(map(self._is_pure, (parent.body, parent.orelse))) and self._go_on(parent)
            case ast.comprehension():
                return self._into_comprehension(node, parent)
            case ast.NamedExpr():
                return self._assigned(parent.target, parent) and self._go_on(parent)
        return isinstance(parent, (*_GO_ON, *_COMPREHENSIONS)) and self._go_on(parent)

    def _takes_none(self, node: ast.AST, parent: ast.AST) -> bool:
        if self._followed is Followed.ADDRESS:
            if self._reads_addresses:
                return False
            if looks_up(self._source, node, parent, anywhere=self._anywhere):
                return True
        builtin = not isinstance(parent, ast.Call) or is_builtin(self._source, name_of(parent))
        return builtin and takes_none(node, parent, self._followed)

    def _into_statement(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr():
                return True
            case ast.If():
                return self._only_shows((*statement.body, *statement.orelse))
            case ast.For():
                body = (*statement.body, *statement.orelse)
                return self._assigned(statement.target, statement) and self._only_shows(body)
            case ast.Return():
                function = function_around(self._source, statement)
                places = results_of(self._source, self._file, function)
                return bool(places) and all(map(self._go_on, places))
            case ast.Assert():
                return ends_with_errors(self._source, statement)
            case ast.Assign():
                return all(self._assigned(target, statement) for target in statement.targets)
            case ast.AnnAssign() | ast.AugAssign():
                return self._assigned(statement.target, statement)
        return False

    def _go_on(self, node: ast.AST) -> bool:
        self._pending.append((node, self._followed))
        return True

    def _into_call(self, node: ast.AST, call: ast.AST) -> bool:
        if not isinstance(call, ast.Call):
            return False  # a base of a class
        if node is call.func:
            return not may_write(call) and self._go_on(call)  # a method of it, which is known
        if self._is_shown(call):
            return True
        if self._adds(call) and method_called(self._source, call) is None:
            return self._filled(call)
        if call.args[:1] == [node] and name_of(call) == "setdefault":
            return self._kept_in(call)  # a key
        of_object = isinstance(call.func, ast.Attribute) and _root(call.func) not in _LIBRARIES
        if self._gives(call) and (not of_object or self._takes_in(call)):
            return ends_with_errors(self._source, call) and self._go_on(call)
        return self._into_function(node, call)

    def _takes_in(self, call: ast.Call) -> bool:
        """Say whether a method gives what is made of its arguments, and keeps nothing of them."""
        holder = call.func.value if isinstance(call.func, ast.Attribute) else call
        safe = name_of(call) not in _BY_KEY or is_made(self._source, holder)
        return safe and name_of(call) in _OF_VALUES

    def _adds(self, call: ast.Call) -> bool:
        """Say whether a call is a statement that puts something into a container."""
        dropped = isinstance(self._parents.get(id(call)), ast.Expr)
        return dropped and isinstance(call.func, ast.Attribute) and call.func.attr in ADDS

    def _filled(self, call: ast.Call) -> bool:
        """Take up what is read of a container that a method of it was called to fill."""
        return isinstance(call.func, ast.Attribute) and self._kept_in(call.func.value)

    def _into_function(self, node: ast.AST, call: ast.Call) -> bool:
        """Follow what a function of the file is handed; it hands nothing back of that."""
        function = function_called(self._source, call) or method_called(self._source, call)
        names = [] if function is None else parameters_for(function, node, call)
        return bool(names) and all(self._named(name, function) for name in names)

    def _into_comprehension(self, node: ast.AST, part: ast.comprehension) -> bool:
        whole = self._parents[id(part)]
        assert isinstance(whole, _COMPREHENSIONS)
        if node is part.iter and not self._assigned(part.target, whole):
            return False
        return self._makes_alone(whole) and self._go_on(whole)

    def _makes_alone(self, whole: Comprehension) -> bool:
        """Say whether a comprehension does nothing but to make its elements."""
        made = (whole.key, whole.value) if isinstance(whole, ast.DictComp) else (whole.elt,)
        others = (item for other in whole.generators for item in (other.iter, *other.ifs))
        return all(map(self._is_pure, (*made, *others)))

    def _only_shows(self, body: Iterable[ast.stmt]) -> bool:
        """Say whether what a value lets run only shows something, or fills names that end."""
        return all(map(self._is_harmless, body))

    def _is_harmless(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Pass() | ast.Expr(ast.Constant()):
                return True
            case ast.Expr(ast.Call() as call):
                parts = (*call.args, *(word.value for word in call.keywords))
                if not all(map(self._is_pure, parts)):
                    return False
                return self._is_shown(call) or (self._adds(call) and self._filled(call))
            case ast.Raise():
                return ends_with_errors(self._source, statement)
            case ast.If():
                inner = (*statement.body, *statement.orelse)
                return self._is_pure(statement.test) and self._only_shows(inner)
            case ast.Assign() | ast.AugAssign() | ast.AnnAssign():
                pure = statement.value is not None and self._is_pure(statement.value)
                return pure and self._into_statement(statement)
        return False

    def _is_pure(self, node: ast.AST) -> bool:
        """Say whether an expression leaves all as it is, whether it is computed or not."""
        parts = [*ast.walk(node)]
        changes = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
        calls = (part for part in parts if isinstance(part, ast.Call))
        return all(map(self._gives, calls)) and not any(isinstance(part, changes) for part in parts)

    # What has a name

    def _assigned(self, target: ast.AST, statement: ast.AST) -> bool:
        """Take up what is read of that to which a value is assigned."""
        if isinstance(target, (ast.Tuple, ast.List)):
            return all(self._assigned(item, statement) for item in target.elts)
        if isinstance(target, ast.Starred):
            return self._assigned(target.value, statement)
        if isinstance(target, ast.Subscript):
            return self._kept_in(target.value)
        if isinstance(target, ast.Attribute):
            adds = isinstance(statement, ast.AugAssign)
            return self._under(target, must_own=adds)
        if not isinstance(target, ast.Name):
            return False
        if isinstance(statement, ast.AugAssign) and not is_own(self._source, target):
            return False
        return self._named(target.id, function_around(self._source, target))

    def _kept_in(self, holder: ast.AST, *, nested: bool = False) -> bool:
        """Take up what is read of a container that got a value; it must have no other name."""
        if self._followed is Followed.WHOLE:
            self._followed = Followed.VALUE  # how many there are, the values may tell
        match holder:
            case ast.Subscript(value=outer, ctx=ast.Load()):
                return self._kept_in(outer, nested=True)
            case ast.Call(func=ast.Attribute(value=outer, attr="setdefault"), args=[_, made]):
                return is_fresh(made) and self._kept_in(outer, nested=True)
            case ast.Attribute():
                return self._under(holder, must_own=True, nested=nested)
            case ast.Name():
                whole = function_of(self._source, holder)
                own = is_own(self._source, holder, nested=nested)
                return own and self._named(holder.id, whole)
        return False

    def _under(self, target: ast.Attribute, *, must_own: bool, nested: bool = False) -> bool:
        """Take up all that is read of an attribute of an object of the file's."""
        name = own_attribute(self._source, self._file, target)
        if not name:
            return False
        places = places_of(self._source, name)
        if must_own and not holds_its_own(self._source, places, nested=nested):
            return False
        if (0, name, self._followed) not in self._names:
            self._names.add((0, name, self._followed))
            for node in places:
                if isinstance(node.ctx, ast.Load) and not is_only_filled(self._source, node):
                    self._go_on(node)
        return True

    def _named(self, name: str, function: ast.AST | None) -> bool:
        """Take up all that is read of a name in a function, and in those within."""
        whole = where_it_stands(self._source, name, function)
        if whole is None or self._source.reads_unsaid:
            return False
        if (id(whole), name, self._followed) not in self._names:
            self._names.add((id(whole), name, self._followed))
            for node in ast.walk(whole):
                if (
                    isinstance(node, ast.Name)
                    and node.id == name
                    and isinstance(node.ctx, ast.Load)
                ):
                    if not is_only_filled(self._source, node):
                        self._go_on(node)
        return True


def _root(node: ast.AST) -> str:
    """Return the name that a path of attributes begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
