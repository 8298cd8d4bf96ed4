"""Many ranks, one matrix: which parameter is reached on which rank.

Every rank writes what it saw into the run's folder; no rank talks to another. Whoever started them
puts it together once they are gone. Where nothing of gradviz's did, the last rank to leave a call
tells of it, and rank 0 of what is incomplete when it ends.

Where a parameter is reached on some ranks alone, DistributedDataParallel waits for the others
("Expected to have finished reduction"), or averages with their zeros.
"""

import getpass
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from gradviz.facts.calls import CallKind
from gradviz.facts.training import Training
from gradviz.graph import Parameter, Verdict
from gradviz.recording.reading import alive
from gradviz.render.names import abbreviated, runs
from gradviz.render.sentences import counted, listing, path_and_line
from gradviz.running import echoes, rank, replicas
from gradviz.running.calls import BackwardCall
from gradviz.running.phrases import tell_names
from gradviz.running.settings import Settings
from gradviz.system import owned
from gradviz.system.grouped import grouped
from gradviz.system.voice import Saying, with_short_prose

_PATIENCE = 3.0  # seconds that rank 0 waits for what the others have nearly written
_COLUMNS = 8  # ranks that get a column each; of more, those that saw the same share one
_ROWS = 20  # lots that are told one by one where the ranks are too many for columns
_AWAY = "elsewhere"  # what a rank says of a parameter whose values all lie in others
_ARRIVED = (Verdict.REACHED, Verdict.ZERO)
_began = time.time()
_last: list[str] = []  # the matrix that was told before


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What one rank left of one backward call. Read-only.

    Attributes:
        number: Of the call, in its process.
        rank: Of the process.
        of: How many ranks there are.
        place: The line that called backward, the user's own where there is one.
        waits: DistributedDataParallel holds parameters and waits for the gradient of each, on every
            rank.
        verdicts: The word and the size of each parameter by name; None where the call began and has
            not ended.
    """

    number: int
    rank: int
    of: int
    place: str = ""
    waits: bool = False
    verdicts: Mapping[str, tuple[str, int]] | None = None


def folder(settings: Settings) -> Path | None:
    """Return the folder where this run's ranks leave what they saw; None where they share none."""
    if settings.folder:
        return Path(settings.folder)
    address, port = os.environ.get("MASTER_ADDR"), os.environ.get("MASTER_PORT")
    if port is None or rank.current() is None:
        return None
    return Path(tempfile.gettempdir()) / f"gradviz-{getpass.getuser()}-{address}-{port}"


def begin(number: int, settings: Settings) -> None:
    """Leave that a call has begun, which is all there will be if it never ends."""
    this_rank = rank.current()
    if this_rank is not None:
        _leave(Left(number=number, rank=this_rank.own, of=this_rank.of), settings)


def leave(call: BackwardCall, settings: Settings) -> None:
    """Leave what one call reached for the matrix."""
    this_rank = rank.current()
    if this_rank is not None and call.kind is CallKind.BACKWARD:
        verdicts = {
            name: (parameter.verdict.value, parameter.numel)
            for name, parameter in call.report.parameters.items()
        }
        line = call.caller or call.place
        place = "" if line is None else path_and_line(line)
        _leave(
            Left(
                number=call.number,
                rank=this_rank.own,
                of=this_rank.of,
                place=place,
                waits=call.waits,
                verdicts=verdicts,
            ),
            settings,
        )


def leave_training(training: Training, settings: Settings) -> None:
    """Leave whether the parameters of this rank train, where somebody is there at the end of the
    run to put it together.
    """
    this_rank, where = rank.current(), Path(settings.folder)
    if this_rank is not None and settings.folder and owned.folder(where):
        fates = {
            fate.name: (
                "trains" if fate.trains else _AWAY if fate.away else fate.why or "unknown",
                fate.numel,
            )
            for fate in training.parameters
        }
        owned.write(where / f"trained_{this_rank.own}.json", json.dumps(fates).encode())


def trained(where: Path) -> str:
    """Return which parameters train on which rank, where ranks differ in that."""
    ranks: dict[int, dict[str, tuple[str, int]]] = {}
    for path in _fresh(where.glob("trained_*.json")):
        with suppress(OSError, ValueError, TypeError):
            data = owned.read(path)
            if data is not None:
                ranks[int(path.stem.removeprefix("trained_"))] = {
                    name: (str(why), int(size)) for name, (why, size) in json.loads(data).items()
                }
    return training_matrix(ranks)


def training_matrix(ranks: Mapping[int, Mapping[str, tuple[str, int]]]) -> str:
    """Return which parameters train on which rank; nothing where no rank differs.

    Args:
        ranks: Of each rank the word (``"trains"``, or why not) and the size of each parameter.
    """
    own = sorted(ranks)
    sizes = {name: size for fates in ranks.values() for name, (_, size) in fates.items()}
    rows = grouped(
        (tuple(ranks[number].get(name, ("-", 0))[0] for number in own), name) for name in sizes
    )
    differ = sum(len(names) for row, names in rows.items() if _differ(row))
    if not differ:
        return ""
    return (
        f"gradviz: training: {differ} of {len(sizes)} parameters differ between ranks\n"
        + "".join(_table(own, rows, sizes))
    )


def completed(number: int, settings: Settings) -> str:
    """Return the matrix of a call that every rank has left by now, once, where nobody is there to
    do it at the end of the run.
    """
    where = folder(settings)
    if settings.folder or where is None or not where.is_dir():
        return ""
    left = [part for part in _read(where) if part.number == number and part.verdicts is not None]
    if not left or len(left) < left[0].of or not _claims(where / f"told-{number}"):
        return ""
    global _last
    lines = list(matrix(left))
    again, _last = lines == _last, lines
    return f"gradviz: backward {number}" + (
        f"{lines[0].rstrip()}, as before\n" if again else "".join(lines)
    )


def _claims(mark: Path) -> bool:
    """Claim a mark for this process. Return whether no other process of this run has it."""
    if not any(_fresh([mark])):
        mark.unlink(missing_ok=True)
    try:
        mark.touch(exist_ok=False)
    except OSError:
        return False
    return True


def _leave(left: Left, settings: Settings) -> None:
    where = folder(settings)
    if where is not None and owned.folder(where):  # anybody may have made a folder of that name
        owned.write(where / f"{left.number}-{left.rank}.json", json.dumps(asdict(left)).encode())


def waits() -> bool:
    """Say whether some DistributedDataParallel in this process waits for the gradient of every
    parameter.
    """
    parallel = sys.modules.get("torch.nn.parallel.distributed")
    if parallel is None or rank.current() is None:
        return False
    wrapped = alive.of_kinds(parallel.DistributedDataParallel)
    return any(not (replica.find_unused_parameters or replica.static_graph) for replica in wrapped)


def merge_notes(settings: Settings) -> list[Saying]:
    """Return the matrix of every call that some rank left, and remove the folder."""
    where = folder(settings)
    if where is None or not where.is_dir() or not owned.folder(where):
        return []
    if not settings.folder:
        _await(where)
    echoed = echoes.beside_first(where)
    told_before = {path.name for path in _fresh(where.glob("told-*"))}
    left = [part for part in _read(where) if f"told-{part.number}" not in told_before]
    calls = grouped((part.number, part) for part in left)
    alarm = ""
    matrices = _in_rows([ranks for _, ranks in sorted(calls.items())]) + trained(where)
    if not any(map(_is_broken_off, calls.values())):  # else what it says is why weights differ too
        alarm = replicas.alarm_in(where, settings)
    shutil.rmtree(where, ignore_errors=True)
    return [*echoed, Saying(matrices), Saying(alarm, alarm=True)]


def _is_broken_off(ranks: Sequence[Left]) -> bool:
    """Say whether DistributedDataParallel waits in vain for what not every rank has used."""
    return any(own.waits and own.verdicts != ranks[0].verdicts for own in ranks)


def _in_rows(calls: Iterable[Sequence[Left]]) -> str:
    """Return the matrices of some calls; of those in a row that are alike, one for all."""
    rows = (("".join(matrix(ranks)), str(ranks[0].number)) for ranks in calls)
    return "".join(
        f"gradviz: backward {listing([number for _, number in alike])}{lines}"
        for lines, alike in groupby(rows, key=itemgetter(0))
    )


def _await(where: Path) -> None:
    """Wait for a moment until the others on this machine have left what this rank left: its last
    call, and its weights.
    """
    this_rank, until = rank.current(), time.monotonic() + _PATIENCE
    own = [] if this_rank is None else [part for part in _read(where) if part.rank == this_rank.own]
    if this_rank is None or not own:
        return
    local = os.environ.get("LOCAL_WORLD_SIZE", "")
    last, ranks = (
        max(part.number for part in own),
        range(int(local) if local.isdecimal() else this_rank.of),
    )
    files = [replicas.file_of(number) for number in ranks]
    if not (where / replicas.file_of(this_rank.own)).exists():
        files = []
    while time.monotonic() < until:
        there = {
            part.rank for part in _read(where) if part.number == last and part.verdicts is not None
        }
        if there.issuperset(ranks) and all((where / file).exists() for file in files):
            return
        time.sleep(0.05)


def _read(where: Path) -> list[Left]:
    """Return what the ranks left, but for what goes away meanwhile."""
    parts = []
    for path in sorted(_fresh(where.glob("*-*.json"))):
        with suppress(OSError, ValueError, TypeError):
            data = owned.read(path)
            if data is not None:
                parts.append(Left(**json.loads(data)))
    return parts


def _fresh(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that are not older than this run, whose port an earlier one may have used.

    Every rank begins before any calls backward.
    """
    for path in paths:
        with suppress(OSError):
            if path.stat().st_mtime >= _began - 1:
                yield path


def matrix(ranks: Sequence[Left]) -> Iterator[str]:
    """Yield the lines of the matrix of one call, without its number.

    A row for parameters of one lot, those that differ first.
    """
    ended = {part.rank: part.verdicts for part in ranks if part.verdicts is not None}
    begun = [part.rank for part in ranks if part.verdicts is None]
    absent = sorted({*range(ranks[0].of)} - {part.rank for part in ranks})
    sizes = {name: size for verdicts in ended.values() for name, (_, size) in verdicts.items()}
    rows = grouped(
        (
            tuple(
                verdicts[name][0] if name in verdicts else "-"
                for _, verdicts in sorted(ended.items())
            ),
            name,
        )
        for name in sizes
    )
    differ = sum(len(names) for row, names in rows.items() if _differ(row))
    every = "every rank" if not begun and not absent else "every rank that is heard of"
    says = (
        f"{differ} of {len(sizes)} parameters differ between ranks"
        if differ
        else f"{every} saw the same"
    )
    place = next((part.place for part in ranks if part.place), "")
    yield f"{f' at {place}' if place else ''}: {says if ended else 'it ended on no rank'}\n"
    yield from _table(sorted(ended), rows, sizes)
    yield from _missing(begun, absent)
    if any(part.waits for part in ranks):
        yield from _waited_for(rows)


def _missing(begun: Sequence[int], absent: Sequence[int]) -> Iterator[str]:
    if begun:
        yield (
            f"  missing   {_ranks(begun)} began this call and did not come back from it: perhaps"
            " waiting for another rank\n"
        )
    if absent:
        yield (
            f"  missing   {_ranks(absent)} did not come to this call, or left nothing here: it has"
            " ended before, or runs elsewhere\n"
        )


def _waited_for(rows: Mapping[tuple[str, ...], Sequence[str]]) -> Iterator[str]:
    unreached = [
        name
        for row, names in rows.items()
        if not all(word in (*_ARRIVED, Verdict.FROZEN, "-") for word in row)
        for name in names
    ]
    if unreached:
        these = "this one" if len(unreached) == 1 else f"these {len(unreached)}"
        yield with_short_prose(
            "  means     DistributedDataParallel waits on every rank for a gradient of every"
            f" parameter. It is for {these} that it says 'Expected to have finished reduction';"
            " find_unused_parameters=True waits for no unused one.\n"
        )


def _table(
    own: Sequence[int], rows: Mapping[tuple[str, ...], list[str]], sizes: Mapping[str, int]
) -> Iterator[str]:
    columns = [[place] for place in range(len(own))]
    if len(own) > _COLUMNS:
        alike = grouped((tuple(row[place] for row in rows), place) for place in range(len(own)))
        columns = list(alike.values())
    if not rows:
        return
    if len(columns) > _COLUMNS:
        yield from _in_words(own, rows, sizes)
        return
    heads = [_ranks([own[place] for place in places]) for places in columns]
    width = (
        max(len(word) for word in (*Verdict, *heads, *(word for row in rows for word in row))) + 2
    )
    yield "  " + " " * 10 + "".join(head.ljust(width) for head in heads).rstrip() + "\n"
    among = {name: Parameter(name=name, numel=size) for name, size in sizes.items()}
    for row, names in sorted(rows.items(), key=lambda item: not _differ(item[0])):
        size = abbreviated(sum(sizes[name] for name in names))
        in_words = (
            f"{counted(len(names), 'parameter')} ({size})"
            if set(row) == {Verdict.FROZEN}
            else tell_names(names, among)
        )
        label = "differ" if _differ(row) else "same"
        words = "".join(row[places[0]].ljust(width) for places in columns)
        yield f"  {label:10}{words}{in_words}\n"


def _in_words(
    own: Sequence[int], rows: Mapping[tuple[str, ...], list[str]], sizes: Mapping[str, int]
) -> Iterator[str]:
    """Say of each lot on which ranks it is what, where too many ranks differ for columns.

    Those that are the same everywhere share a line for each word.
    """
    among = {name: Parameter(name=name, numel=size) for name, size in sizes.items()}
    uneven = [(row, names) for row, names in rows.items() if _differ(row)]
    for row, names in uneven[:_ROWS]:
        by_word = grouped((word, number) for number, word in zip(own, row, strict=True))
        words = "; ".join(f"{word} on {_ranks(numbers)}" for word, numbers in by_word.items())
        yield f"  differ    {tell_names(names, among)}: {words}\n"
    if len(uneven) > _ROWS:
        rest = sum(len(names) for _, names in uneven[_ROWS:])
        yield f"  differ    {counted(rest, 'more parameter')}, in {len(uneven) - _ROWS} more ways\n"
    for row, names in rows.items():
        if not _differ(row):
            word = next((word for word in row if word != _AWAY), _AWAY)
            yield f"  same      {word} on all: {tell_names(names, among)}\n"


def _differ(row: Sequence[str]) -> bool:
    """Say whether two ranks say different words of a parameter that they hold values of."""
    return len(set(row) - {_AWAY}) > 1


def _ranks(numbers: Sequence[int]) -> str:
    """Say ``"rank 3"``, ``"ranks 0..2 and 5"``."""
    return f"{'rank' if len(numbers) == 1 else 'ranks'} {listing(runs(numbers), limit=4)}"
