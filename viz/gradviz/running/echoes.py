"""What several ranks say, said once.

Ranks that train the same say the same. The first of them speaks as it goes; the others leave what
they have to say where the ranks of the run meet, and who started them all says what differs, once
they are gone. What alone a later rank is alarmed about, it says itself, and soon.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gradviz.render.names import runs
from gradviz.render.sentences import listing
from gradviz.running import rank
from gradviz.running.settings import Settings
from gradviz.system import owned

_FIRST = "said_0.txt"
_texts: list[str] = []
_awaiting: list[str] = []  # alarms that the first rank may be about to say too


def due(text: str, settings: Settings) -> list[str]:
    """Leave a text of this rank where the ranks of the run meet. Return what is to be said now.

    That is the text, but for ranks beside the first: these keep it for the end of the run. An alarm
    they say with their next text, unless the first rank has said the same by then.
    """
    own, where = rank.current(), Path(settings.folder)
    if own is None or not settings.folder or os.getpid() == settings.root:
        return [text]
    if not owned.folder(where):
        return [text]
    now = [text]
    if own.own > 0:
        first = _left(where / _FIRST) if _awaiting else []
        now = [alarm for alarm in _awaiting if alarm not in first]
        _awaiting[:] = [text] if text.startswith("ALARM") else []
    _texts.append(text)
    owned.write(where / f"said_{own.own}.txt", json.dumps(_texts).encode())
    return now


def in_words(where: Path) -> str:
    """Return what the ranks that left their texts in a folder have said beside the first."""
    ranks = {int(path.stem.removeprefix("said_")): _left(path) for path in where.glob("said_*.txt")}
    return "".join(_lines(dict(sorted(ranks.items()))))


def _left(path: Path) -> list[str]:
    """Return the texts that a rank has left so far."""
    with suppress(OSError, ValueError):
        return [str(text) for text in json.loads(owned.read(path) or b"[]")]
    return []


def _lines(ranks: Mapping[int, Sequence[str]]) -> Iterator[str]:
    first = ranks.get(0, [])
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, texts in ranks.items():
        if number:
            groups.setdefault(tuple(texts), []).append(number)
    for texts, numbers in groups.items():
        others = [text for text in texts if text not in first]
        yield from (f"gradviz [{_ranks(numbers)}]: {text}" for text in others)
        if not others:
            say = "says" if len(numbers) == 1 else "say"
            far = "" if len(texts) == len(first) else ", as far as that came"
            yield f"gradviz: {_ranks(numbers)} {say} the same as rank0{far}.\n"


def _ranks(numbers: Sequence[int]) -> str:
    """Return ``"rank3"``, ``"ranks 1..3"``."""
    if len(numbers) == 1:
        return f"rank{numbers[0]}"
    return f"ranks {listing(runs(numbers), limit=4)}"
