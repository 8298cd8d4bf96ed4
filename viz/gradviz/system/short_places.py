"""A file, and a line of it, in as few words as tell a reader which it is."""

from pathlib import PurePosixPath, PureWindowsPath


def file_and_line(file: str, line: int) -> str:
    """Return ``"article.py:31"``; empty where no file is known."""
    return f"{base_name(file)}:{line}" if file else ""


def base_name(file: str) -> str:
    """Return the last part of a path, whichever system wrote it."""
    return PureWindowsPath(file).name if "\\" in file else PurePosixPath(file).name
