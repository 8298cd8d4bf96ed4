"""Write what was rendered, or say in one line why it cannot be written."""

from contextlib import suppress
from pathlib import Path

from gradviz.errors import OutputError
from gradviz.system import atomic


def write(path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path``, whole or not at all: text as UTF-8 with the line ends it has.

    Raises:
        OutputError: ``path`` is a folder, or nothing can be written there.
    """
    check(path)
    try:
        atomic.replace(
            _behind_links(path), content.encode() if isinstance(content, str) else content
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise OutputError(
            f"cannot write {str(path)!r}: {reason}. Choose a file in a folder that you can write to"
        ) from error


def check(path: Path) -> None:
    """See that ``path`` names a file in a folder that is there. No folder is made for it.

    Its name may be mistyped.

    Raises:
        OutputError: It does not.
    """
    with suppress(OSError, ValueError):  # what cannot be looked at is refused when it is written
        if path.is_dir():
            raise OutputError(
                f"cannot write {str(path)!r}: it is a folder. Name a file in it, such as"
                f" {str(path / 'graph.svg')!r}"
            )
        if not path.parent.exists():
            raise OutputError(
                f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}. Make it"
                " first, or name another"
            )


def _behind_links(path: Path) -> Path:
    """Return the file that a symbolic link stands for, so that the link stays one."""
    return path.resolve() if path.is_symlink() else path
