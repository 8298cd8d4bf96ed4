"""Which source line is running, and in which module. Frames are read, never kept."""

import copy
import os
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from types import CodeType, FrameType, ModuleType
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from torch import nn

from gradviz.graph import Place
from gradviz.recording import torch_inside
from gradviz.recording.reading import functions
from gradviz.recording.torch_inside import CALL_MODULE, STATE_DICT
from gradviz.system.frames import Borrowed
from gradviz.system.lines import getline

GRADVIZ = os.path.dirname(os.path.dirname(os.path.dirname(__file__))) + os.sep
_EXAMPLES = (
    os.path.join(GRADVIZ, "article.py"),
    os.path.join(GRADVIZ, "tracing", "known_answers.py"),
)
_STDLIB = sysconfig.get_path("stdlib") + os.sep
_PACKAGES = tuple({sysconfig.get_path("purelib") + os.sep, sysconfig.get_path("platlib") + os.sep})
# A console script calls a package's main() and is no code of the user's.
_COMMANDS = tuple(
    {
        sysconfig.get_path("scripts") + os.sep,
        sysconfig.get_path("scripts", f"{os.name}_user") + os.sep,
    }
)
_PACKAGE_FOLDERS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

_TYPED = ("<stdin", "<console", "<input", "<python-input", "<ipython-input", "<doctest")

# Code of Python's, of numpy's and of torch.fx, which writes a graph out anew whenever it changes
_WRITTEN_INSIDE = ("<frozen ", "<__array_function__", "<eval_with_key>")

# The user's code; another package's; torch, the standard library or gradviz itself
USER, LIBRARY, INSIDE = 0, 1, 2

DEEPCOPY = copy.deepcopy.__code__

NO_FILE = "<frozen "  # in the place of a module's file
_levels: dict[str, int] = {}


def level(filename: str) -> int:
    """Say whose code a file is: USER, LIBRARY or INSIDE."""
    if type(filename) is Borrowed:
        return INSIDE  # gradviz's own call in the name of a line
    owner = _levels.get(filename)
    if owner is None:
        owner = _levels[filename] = _owner_of(filename)
    return owner


def outside_torch(frame: FrameType | None) -> FrameType | None:
    """Return a frame, or the nearest caller that is not torch's own code."""
    while frame is not None and level(frame.f_code.co_filename) == INSIDE:
        frame = frame.f_back
    return frame


def file_of(module: Any) -> str:
    """Return the file of a module.

    Anything may stand in ``sys.modules``, and to ask for an attribute may run code of the user's.
    """
    if not issubclass(type(module), ModuleType):
        return NO_FILE
    file = object.__getattribute__(module, "__dict__").get("__file__")
    return file if type(file) is str else NO_FILE


def _owner_of(filename: str) -> int:
    if filename in _EXAMPLES:
        return USER  # examples are written as a reader would write them
    if filename.startswith((torch_inside.FOLDER, GRADVIZ, *_WRITTEN_INSIDE)):
        return INSIDE
    packages = any(folder in filename for folder in _PACKAGE_FOLDERS)
    if packages or filename.startswith((*_PACKAGES, *_COMMANDS)):
        return LIBRARY
    if _is_generated(filename):
        return LIBRARY if getline(filename, 1) else INSIDE
    return INSIDE if filename.startswith(_STDLIB) else USER


def _is_generated(filename: str) -> bool:
    """Say whether code was made by a program: the line that runs it tells more than one that
    nobody has written, or can read. What a person types has a name of that kind too.
    """
    typed = filename.startswith(_TYPED) or not hasattr(sys.modules.get("__main__"), "__file__")
    return filename.startswith("<") and not typed


def is_optimizer(filename: str) -> bool:
    """Say whether a file is one of torch's optimizers, which write into what they train."""
    return filename.startswith(torch_inside.OPTIMIZERS) and filename != torch_inside.AVERAGES


def behind_torch_modes(frame: FrameType) -> FrameType:
    """Return the frame that called torch, where modes or classes of torch's hand its call on: that
    of a default device does so with every call.
    """
    while (
        frame.f_back is not None
        and frame.f_code.co_name == "__torch_function__"
        and frame.f_code.co_filename.startswith(torch_inside.FOLDER)
    ):
        frame = frame.f_back
    return frame


Result = TypeVar("Result")
Rest = ParamSpec("Rest")


def by_file(
    function: Callable[Concatenate[CodeType, Rest], Result],
) -> Callable[Concatenate[CodeType, Rest], Result]:
    """Return the function with its results remembered by code object and by the file of that.

    Equal code in two files compares equal.
    """

    @lru_cache(maxsize=4096)
    def remembered(filename: str, code: CodeType, args: Any, words: Any) -> Result:
        return function(code, *args, **dict(words))

    @wraps(function)
    def by_code(code: CodeType, *args: Rest.args, **kwargs: Rest.kwargs) -> Result:
        words = tuple(kwargs.items()) if kwargs else ()
        return remembered(code.co_filename, code, args, words)

    return by_code  # type: ignore[return-value]


class Spot(NamedTuple):
    """Where a call came from.

    Code objects and instruction offsets, turned into lines only when somebody asks.

    Attributes:
        code: Of the innermost frame outside torch and the standard library; None where there is
            none.
        lasti: Its instruction; a line of the file with a minus sign, where that stands outside the
            code, as a decorator does.
        caller: Of the innermost frame that is the user's own, where ``code`` is a library's.
        caller_lasti: Its instruction.
        module: Number of the innermost module that was running, as the tape counts them; -1 outside
            modules.
    """

    code: CodeType | None = None
    lasti: int = 0
    caller: CodeType | None = None
    caller_lasti: int = 0
    module: int = -1

    @property
    def place(self) -> Place | None:
        return None if self.code is None else place(self.code, self.lasti)

    @property
    def calling_place(self) -> Place | None:
        return None if self.caller is None else place(self.caller, self.caller_lasti)


NOWHERE = Spot()


def place(code: CodeType, lasti: int) -> Place:
    """Return the source line of one instruction.

    Of a notebook's cell by the number that the reader sees.
    """
    line = _place(code, lasti)
    cell = _cell(line.file)
    return replace(line, file=cell) if cell else line


def line_at(code: CodeType, line: int) -> Place:
    """Return a line of the file that a code object stands in."""
    file = _cell(code.co_filename) or code.co_filename
    return Place(file, line, getline(code.co_filename, line).strip(), code.co_qualname)


def _cell(filename: str) -> str:
    """Return ``"In[3]"`` for the file that IPython compiles a cell as, which is never written."""
    find: Any = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = None if find is None else find()
    named = None if shell is None else shell.compile.format_code_name(filename)
    return "" if named is None else str(named[1])


@by_file
def _place(code: CodeType, lasti: int) -> Place:
    line = -lasti if lasti < 0 else code.co_firstlineno
    for number, position in enumerate(code.co_positions()):
        if number * 2 == lasti:
            line = position[0] or line
            break
    return Place(code.co_filename, line, getline(code.co_filename, line).strip(), code.co_qualname)


@dataclass(slots=True, eq=False)
class Surroundings:
    """What the stack says about one call.

    Attributes:
        spot: The line, as in :class:`Spot`, without the module.
        module: The innermost running module, or None.
        lasting: The code and instructions of the stack, and the module, say all of it.
        applying: The line that called ``Function.apply``, where the call is inside a custom
            Function's forward.
        applied: What tells that call of ``apply`` from others; None outside.
        function: Name of the custom Function; empty outside of any, or where it is not known.
        checkpoint: That Function is torch's reentrant checkpoint, or one around it is.
        innermost: The checkpoint is the innermost Function.
        opaque: That Function marks a result as not differentiable.
        deepcopy: It is done by ``copy.deepcopy``.
        state_dict: It is done by ``Module.state_dict``.
        optimizer: It is done by an optimizer of torch.
        maker: The outermost module whose ``__init__`` is running, or None; see :class:`Stacks` for
            its number.
        copier: Number of that module, where it makes something of the parameters of others.
        tried: The innermost such ``__init__`` calls a module, and the call is part of that forward.
        entered: Name of torch's own function that the innermost frame outside torch called.
        torch_line: File and instruction of torch's own innermost frame, where torch decided to make
            the call.
        replayed: A graph of torch.fx holds the call, and torch has decided nothing.
    """

    spot: Spot = NOWHERE
    module: nn.Module | None = None
    lasting: bool = True
    applying: Spot | None = None
    applied: tuple[Any, ...] | None = None
    function: str = ""
    checkpoint: bool = False
    innermost: bool = False
    opaque: bool = False
    deepcopy: bool = False
    state_dict: bool = False
    optimizer: bool = False
    maker: nn.Module | int | None = None
    copier: int | None = None
    tried: bool = False
    torch_line: CodeType | None = None
    replayed: bool = False
    entered: str = ""

    @property
    def flattening(self) -> bool:
        """It moves parameters into the memory of a flat one."""
        line = self.torch_line
        return line is not None and line.co_filename == torch_inside.FLAT_PARAMETERS

    @property
    def folding(self) -> bool:
        """It keeps as a constant what a function computed."""
        line = self.torch_line
        return line is not None and line.co_filename == torch_inside.FOLDED


_FUNCTION = 1  # the flag of code whose variables are no dictionary


def variables(frame: FrameType, *names: str) -> dict[str, Any]:
    """Return some of a frame's variables by name.

    Up to Python 3.12 a function's frame keeps the dictionary that it is asked for, and with it what
    the function lets go of. Where nobody else has that dictionary it is emptied again, unless a
    debugger is there, which would write it back.
    """
    held: Any = frame.f_locals
    values = {name: held[name] for name in names if name in held}
    if (
        type(held) is dict
        and frame.f_code.co_flags & _FUNCTION
        and sys.gettrace() is None
        and sys.getprofile() is None
    ):
        if sys.getrefcount(held) <= _MINE:
            held.clear()
    return values


_MINE = 3  # references to that dictionary: the frame's, the variable's, and the question's


def quick(
    frame: FrameType | None,
) -> tuple[CodeType | None, int, CodeType | None, int, nn.Module | None]:
    """Find the line and the innermost module, and nothing else: this runs at every call.

    Returns:
        Code and instruction of the innermost frame outside torch; the same of the user's own where
        that is a library's; the module.
    """
    code: CodeType | None = None
    lasti = 0
    caller: CodeType | None = None
    caller_lasti = 0
    module: nn.Module | None = None
    levels = _levels
    while frame is not None:
        running = frame.f_code
        filename = running.co_filename
        kind = levels.get(filename) if type(filename) is str else None
        if kind is None:
            kind = level(filename)
        if kind == INSIDE:
            if running is CALL_MODULE and module is None:
                module = frame.f_locals["self"]
                if code is not None and (caller is not None or levels[code.co_filename] == USER):
                    break
        elif code is None:
            code, lasti = running, frame.f_lasti
            if kind == USER and module is not None:
                break
        elif kind == USER and caller is None and levels[code.co_filename] == LIBRARY:
            caller, caller_lasti = running, frame.f_lasti
            if module is not None:
                break
        frame = frame.f_back
    return code, lasti, caller, caller_lasti, module


def calling(frame: FrameType | None) -> Spot:
    """Return the line of the user's own that called the function of the user's own that a frame
    runs, or is called from; nowhere of a module's own lines, which are run and not called.
    """
    inner: CodeType | None = None
    while frame is not None:
        running = frame.f_code
        if level(running.co_filename) == USER:
            if inner is not None or running.co_name == "<module>":
                return NOWHERE if inner is None else Spot(running, frame.f_lasti)
            inner = running
        frame = frame.f_back
    return NOWHERE


def look_around(frame: FrameType | None, *, in_apply: bool = False) -> Surroundings:
    """Return what the whole stack says: for the few calls that sever something.

    Args:
        frame: That makes the call.
        in_apply: It is torch that makes it, as it applies a custom Function.
    """
    surroundings = Surroundings()
    inner: tuple[CodeType, int] | None = None
    user: tuple[CodeType, int] | None = None
    applying: tuple[CodeType, int] | None = None
    applying_user: tuple[CodeType, int] | None = None
    applied_frame = id(frame) if in_apply else 0
    wrappers: tuple[CodeType, ...] = ()
    while frame is not None:
        running = frame.f_code
        filename = running.co_filename
        kind = _levels.get(filename) if type(filename) is str else None
        if kind is None:
            kind = level(filename)
        if kind == INSIDE:
            _look_inside(frame, surroundings, is_innermost=inner is None)
        else:
            instruction = (running, frame.f_lasti)
            inner = inner or instruction
            if kind == USER:
                user = user or instruction
            if applied_frame:
                applying = applying or instruction
                if kind == USER:
                    applying_user = applying_user or instruction
            if running.co_name == "__init__":
                _look_at_init(frame, surroundings)
        method = functions.applied(frame)
        if method is not None:
            _look_at_function(method, surroundings, is_innermost=not applied_frame)
            wrappers = method.wrappers
        if method is not None or running in wrappers:
            applied_frame = id(frame.f_back)
            applying = applying_user = None
        frame = frame.f_back
    surroundings.spot = spot_of(inner, user)
    if applied_frame:
        surroundings.applying = spot_of(applying, applying_user)
        surroundings.applied = (applied_frame, surroundings.applying)
    return surroundings


def _look_inside(frame: FrameType, surroundings: Surroundings, *, is_innermost: bool) -> None:
    """Read a frame of torch, the standard library or gradviz."""
    running = frame.f_code
    if is_innermost and running.co_filename.startswith(torch_inside.GRAPHS):
        surroundings.replayed |= surroundings.torch_line is None
    if is_innermost and running.co_filename.startswith(torch_inside.FOLDER):
        surroundings.entered = running.co_name
        if not (
            surroundings.torch_line or running.co_filename.startswith(torch_inside.DECIDES_NOTHING)
        ):
            surroundings.torch_line = None if surroundings.replayed else running
    if running is CALL_MODULE:
        if surroundings.module is None:
            surroundings.module = frame.f_locals["self"]
    elif running is DEEPCOPY and is_innermost:
        surroundings.deepcopy = True
    elif running is STATE_DICT and is_innermost:
        surroundings.state_dict = True
    elif is_innermost and is_optimizer(running.co_filename):
        surroundings.optimizer = True
    elif running.co_name == "__init__":
        _look_at_init(frame, surroundings)


def _look_at_function(
    method: functions.Method, surroundings: Surroundings, *, is_innermost: bool
) -> None:
    surroundings.lasting = False
    surroundings.checkpoint |= method.checkpoint
    surroundings.innermost |= method.checkpoint and is_innermost
    surroundings.opaque |= method.opaque
    surroundings.function = method.owner


def _look_at_init(frame: FrameType, surroundings: Surroundings) -> None:
    surroundings.lasting = False  # whose it is, its code does not tell
    code = frame.f_code
    own = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    if isinstance(own, nn.Module):
        if surroundings.maker is None:
            by_torch = level(code.co_filename) == INSIDE
            surroundings.tried = surroundings.module is not None and not by_torch
        surroundings.maker = own


def spot_of(inner: tuple[CodeType, int] | None, user: tuple[CodeType, int] | None) -> Spot:
    """Return the spot of an innermost instruction, and of the user's own where that is another."""
    if inner is None:
        return NOWHERE
    if user is None or user == inner:
        return Spot(*inner)
    return Spot(*inner, *user)
