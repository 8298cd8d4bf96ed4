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
from gradviz.render.sentences import agreeing, listing
from gradviz.running import rank
from gradviz.running.settings import Settings
from gradviz.system import owned
from gradviz.system.grouped import grouped
from gradviz.system.voice import Saying

_FIRST = "said_0.txt"
_said_so_far: list[Saying] = []
_awaiting: list[Saying] = []  # alarms that the first rank may be about to say too


def due(saying: Saying, settings: Settings) -> list[Saying]:
    """Leave what this rank says where the ranks of the run meet. Return what is to be said now.

    The first rank says it as it is. The others keep it for the end of the run; an alarm they say
    with their next text, unless the first rank has said the same by then.
    """
    own, where = rank.current(), Path(settings.folder)
    if own is None or not settings.folder or os.getpid() == settings.root:
        return [saying]
    if not owned.folder(where):
        return [saying]
    now = [saying]
    if own.own > 0:
        first = _left(where / _FIRST) if _awaiting else []
        now = [alarm for alarm in _awaiting if alarm not in first]
        _awaiting[:] = [saying] if saying.alarm else []
    _said_so_far.append(saying)
    owned.write(where / f"said_{own.own}.txt", json.dumps(_said_so_far).encode())
    return now


def beside_first(where: Path) -> list[Saying]:
    """Return what the ranks that left their texts in a folder have said beside the first."""
    ranks = {int(path.stem.removeprefix("said_")): _left(path) for path in where.glob("said_*.txt")}
    return list(_lines(dict(sorted(ranks.items()))))


def _left(path: Path) -> list[Saying]:
    """Return the texts that a rank has left so far."""
    with suppress(OSError, ValueError, TypeError):
        entries = json.loads(owned.read(path) or b"[]")
        return [Saying(str(text), bool(alarm)) for text, alarm in entries]
    return []


def _lines(ranks: Mapping[int, Sequence[Saying]]) -> Iterator[Saying]:
    first = ranks.get(0, [])
    groups = grouped((tuple(texts), number) for number, texts in ranks.items() if number)
    for texts, numbers in groups.items():
        others = [text for text in texts if text not in first]
        for text, alarm in others:
            yield Saying(f"gradviz [{_ranks(numbers)}]: {text}", alarm)
        if not others:
            say = agreeing(len(numbers), "says", "say")
            far = "" if len(texts) == len(first) else ", as far as that came"
            yield Saying(f"gradviz: {_ranks(numbers)} {say} the same as rank0{far}.\n")


def _ranks(numbers: Sequence[int]) -> str:
    """Return ``"rank3"``, ``"ranks 1..3"``."""
    if len(numbers) == 1:
        return f"rank{numbers[0]}"
    return f"ranks {listing(runs(numbers), limit=4)}"
