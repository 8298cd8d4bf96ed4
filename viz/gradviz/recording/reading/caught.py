"""Whether a program may read what a file prints or logs: then that is no end of a value."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from gradviz.recording.reading.kept import user_files
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source, source_of
from gradviz.system.lines import getlines

# What of a file may have what is printed, or logged, come back
_CATCHES = frozenset(
    "redirect_stdout redirect_stderr capsys capfd monkeypatch mock dup2 postfix desc"
    " callback_metrics logged_metrics progress_bar_metrics".split()
)
_STREAMS = ("stdout", "stderr")
_LOGS = frozenset("log debug info warning error critical".split())
_CATCHES_LOGS = frozenset(
    "StringIO MemoryHandler BufferingHandler QueueHandler setLogRecordFactory addFilter caplog"
    " assertLogs".split()
)
_INTO_FILES = frozenset("FileHandler RotatingFileHandler".split())
_OUT_OF_FILES = frozenset("open read_text read_csv loadtxt genfromtxt".split())
_OF_LOGS = frozenset(
    "Handler StreamHandler FileHandler Filter Formatter LoggerAdapter Logger".split()
)
_ABOUT_LOGS = re.compile("Handler|Filter|Formatter|Logger|setStream|basicConfig")
_TAKE_A_STREAM = frozenset("StreamHandler setStream".split())
_SCREENS = frozenset("sys.stdout sys.stderr stdout stderr None".split())


def may_be_caught(source: Source, shown_by: str) -> bool:
    """Say whether a program may read what a call in a file shows.

    The file puts a stream of its own in place of the screen, or reads files as it logs into one.
    Or any file of the user's handles what is logged.
    """
    if source.holds_any_of(_CATCHES) or any(map(source.givers, _STREAMS)) or _patches(source):
        return True
    if shown_by not in _LOGS:
        return False
    read = source.holds_any_of(_OUT_OF_FILES) and _logs_into_files(source)
    own_stream = "write" in source.callables and source.holds_any_of(_OF_LOGS)
    if own_stream or read or source.holds_any_of(_CATCHES_LOGS) or _handles(source):
        return True
    return any(map(_handles_elsewhere, user_files()))


@lru_cache(maxsize=4096)
def _handles_elsewhere(file: str) -> bool:
    if not any(map(_ABOUT_LOGS.search, getlines(file))):
        return False  # most files of a project: these are not worth the time to parse them
    source = source_of(file)
    return source is not None and _handles(source)


def _handles(source: Source) -> bool:
    """Say whether a file has what is logged handled by a class of its own, or written into a stream
    that is no screen.
    """
    if any(not _OF_LOGS.isdisjoint(bases) for bases in source.bases.values()):
        return True
    streams = (stream for call in _calls(source) for stream in _streams_of(call))
    return any(ast.unparse(stream) not in _SCREENS for stream in streams)


def _streams_of(call: ast.Call) -> list[ast.expr]:
    """Return the streams that a call has what is logged written into."""
    taken = name_of(call) in _TAKE_A_STREAM
    if not taken and name_of(call) != "basicConfig":
        return []
    given = [word.value for word in call.keywords if word.arg in ("stream", None)]
    return [*(call.args if taken else ()), *given]


def _patches(source: Source) -> bool:
    """Say whether a file calls ``patch`` of ``unittest.mock``, and not only names something so."""
    names = ("patch", "patch.object")
    return source.holds_any_of(frozenset(names)) and any(
        ast.unparse(call.func) in names for call in _calls(source)
    )


def _logs_into_files(source: Source) -> bool:
    return source.holds_any_of(_INTO_FILES) or any(
        name_of(call) == "basicConfig" and any(word.arg == "filename" for word in call.keywords)
        for call in _calls(source)
    )


def _calls(source: Source) -> Iterator[ast.Call]:
    for tree in source.trees.values() or (source.tree,):
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))
