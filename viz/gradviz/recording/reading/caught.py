"""Whether a file may read what it prints or logs: then that is no end of a value."""

import ast
from collections.abc import Iterator

from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source

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


def may_be_caught(source: Source, shown_by: str) -> bool:
    """Say whether a file may read what a call shows: it puts a stream of its own in place of the
    screen, or handles what is logged, or reads files as it logs into one.
    """
    if source.holds_any_of(_CATCHES) or any(map(source.givers, _STREAMS)) or _patches(source):
        return True
    if shown_by not in _LOGS:
        return False
    own_stream = "write" in source.callables and source.holds_any_of(_OF_LOGS)
    handles = any(not _OF_LOGS.isdisjoint(bases) for bases in source.bases.values())
    read = source.holds_any_of(_OUT_OF_FILES) and _logs_into_files(source)
    return own_stream or handles or read or source.holds_any_of(_CATCHES_LOGS)


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
