"""Saved reports of many ranks, put together: the table of ranks where no folder is shared.

A report is mostly its graph, and the table needs none of it: graphs are left out before a file is
read as JSON. Of a parameter only the beginning is read, which says what became of it; where all the
beginnings are as on an earlier rank, they are not read again. A file that is not laid out as
gradviz writes it is read whole.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from sys import intern
from typing import Any

from gradviz.errors import ReportFileError
from gradviz.facts.training import WHYS
from gradviz.graph import Place, Verdict
from gradviz.render.json import call_of, read_document
from gradviz.render.names import runs
from gradviz.render.sentences import counted, listing, path_and_line
from gradviz.running.ranks import Left, matrix, training_matrix
from gradviz.system.grouped import grouped
from gradviz.system.voice import printable
from gradviz.version import __version__

FORMAT = 1
_RANK = re.compile(r"rank[_-]?(\d{1,6})(?!\d)")
_VERDICT = ', "verdict": "'
_WORDS = [*map(str, Verdict), *WHYS, "trains", "unknown"]
Words = Mapping[str, tuple[str, int]]  # a word and a size by the name of a parameter
Heads = tuple[str, ...]  # the beginning of each parameter, as far as it is read
_COMPARED = 8  # of the last heads that were met, which those of another rank are compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What the report of one rank says, as far as the table needs it. Read-only.

    Attributes:
        calls: Of each call, or each loss, its line and the verdict and size of each parameter.
        training: What became of each parameter over the run; None where nothing was watched.
    """

    calls: Mapping[str, tuple[str, Words]]
    training: Words | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """The reports of several ranks. Read-only.

    Attributes:
        files: The report of each rank, by its number.
        reports: What it says.
        counted: No number stood in the names: the ranks are counted in the order of the files.
    """

    files: Mapping[int, Path]
    reports: Mapping[int, Saved]
    counted: bool = False

    def text(self) -> str:
        """Return a table for each call, those in a row that are alike as one, and training's."""
        return "".join(self._lines())

    def json(self) -> str:
        """Return the same as JSON, a parameter to a line."""
        calls = ",\n".join(
            f'  {{"call": {json.dumps(name)}, "file_line": {json.dumps(_place(ranks))},'
            f' "parameters": {_rows({left.rank: left.verdicts or {} for left in ranks})}}}'
            for name, ranks in self._calls().items()
        )
        fates = self._training()
        files = {str(number): str(path) for number, path in self.files.items()}
        return (
            f'{{"format": {FORMAT}, "gradviz": {json.dumps(__version__)},\n'
            f' "files": {json.dumps(files)},\n "calls": [\n{calls}\n ],\n'
            f' "training": {_rows(fates) if fates else "null"}}}\n'
        )

    def _lines(self) -> Iterator[str]:
        if self.counted:
            first, *_, last = self.files.values()
            yield (
                printable(
                    f"ranks are counted in the order of the files: rank 0 is {first}, rank"
                    f" {len(self.files) - 1} is {last}"
                )
                + "\n"
            )
        rows = (("".join(matrix(ranks)), name) for name, ranks in self._calls().items())
        for lines, alike in groupby(rows, key=itemgetter(0)):
            yield listing([name for _, name in alike]) + lines
        yield from self._training_lines()

    def _training_lines(self) -> Iterator[str]:
        fates = self._training()
        if not fates:
            return
        table = training_matrix(fates)
        if table:
            yield table.removeprefix("gradviz: ")
            return
        words = Counter(word for word, _ in next(iter(fates.values())).values())
        words_told = listing([f"{number} {word}" for word, number in words.most_common()], 5)
        yield f"training: every rank says the same of {counted(sum(words.values()), 'parameter')}"
        yield f": {words_told}\n"

    def _calls(self) -> dict[str, list[Left]]:
        """Return what every rank left of each call, the calls in the order in which ranks name
        them.
        """
        names = dict.fromkeys(name for report in self.reports.values() for name in report.calls)
        number_of_ranks = max(self.reports) + 1
        calls: dict[str, list[Left]] = {name: [] for name in names}
        for rank, report in self.reports.items():
            for name, (place, verdicts) in report.calls.items():
                calls[name].append(
                    Left(
                        number=len(calls[name]),
                        rank=rank,
                        of=number_of_ranks,
                        place=place,
                        verdicts=verdicts,
                    )
                )
        return calls

    def _training(self) -> dict[int, Words]:
        return {
            rank: report.training
            for rank, report in self.reports.items()
            if report.training is not None
        }


def merged(files: Sequence[Path]) -> Ranks:
    """Return what the saved reports of several ranks say together.

    Raises:
        ReportFileError: A file cannot be read or is no report, or two files are of one rank.
    """
    if len(files) < 2:
        raise ReportFileError(
            "one report is nothing to merge: name the file of every rank, such as report.rank*.json"
        )
    numbers = [_number(path) for path in files]
    numbered = [number for number in numbers if number is not None]
    is_counted = len(numbered) < len(files)
    by_rank: dict[int, Path] = {}
    for number, path in enumerate(files) if is_counted else zip(numbered, files, strict=True):
        if number in by_rank:
            raise ReportFileError(
                f"{str(by_rank[number])!r} and {str(path)!r} are both of rank {number}: one report"
                " of each rank is put together"
            )
        by_rank[number] = path
    by_rank = dict(sorted(by_rank.items()))
    met: dict[Heads, Words] = {}
    return Ranks(
        files=by_rank,
        reports={number: _saved(path, met) for number, path in by_rank.items()},
        counted=is_counted,
    )


def _number(path: Path) -> int | None:
    numbers = _RANK.findall(path.stem)
    return int(numbers[-1]) if numbers else None


def _saved(path: Path, met: dict[Heads, Words]) -> Saved:
    """Return the report of one rank; ``met`` holds what earlier ones said, and is added to."""
    try:
        text = path.read_bytes().decode()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ReportFileError(f"cannot read {str(path)!r}: {reason}") from None
    try:
        document, lists = _document(text, [*met][-_COMPARED:])
        return _read(document, [(heads, met) for heads in lists])
    except ReportFileError as error:
        raise ReportFileError(f"cannot merge {str(path)!r}: {error}") from None


def _document(text: str, earlier: Sequence[Heads]) -> tuple[dict[str, Any], list[Heads]]:
    """Return a report without its graphs, and apart from it the heads of its parameters, which may
    be some of ``earlier`` ranks.

    In the document the list ``[{"list": 0}]`` stands for the first of them.
    """
    lists: list[Heads] = []
    parts = _parted("".join(_parted(text, '"graph": {\n')[::2]), '"parameters": [\n')
    for position in range(1, len(parts), 2):
        heads = _heads(parts[position], earlier)
        if heads:
            parts[position] = f'{{"list": {len(lists)}}}'
            lists.append(heads)
    try:
        return read_document("".join(parts)), lists
    except ReportFileError:
        return read_document(text), []


def _parted(text: str, opening: str) -> list[str]:
    """Return a text split at the lines that end in ``opening``: what is outside, inside, outside,
    ...

    A line break stands in no string of JSON, so that what begins a line is a key; as gradviz writes
    it, an object or a list ends at the line with the same margin.
    """
    closing = {"{": "}", "[": "]"}[opening[-2]]
    parts, done = [], 0
    while (key := text.find(opening, done)) >= 0:
        start = key + len(opening)
        margin = text[text.rfind("\n", done, key) + 1 : key]
        end = -1 if margin.strip(" ") else text.find(f"\n{margin}{closing}", start - 1)
        if end < 0:
            break
        parts += [text[done:start], text[start:end]]
        done = end
    return [*parts, text[done:]]


def _heads(text: str, earlier: Sequence[Heads]) -> Heads:
    """Return the beginning of each entry, up to the verdict or the size and what ends that; empty
    where one has none.

    Quotes within a string of JSON stand behind a backslash, so what is looked for is a key.
    """
    entries = text.split('"name": ')[1:]
    for heads in earlier:  # most ranks say what others have said
        if len(heads) == len(entries) and all(map(str.startswith, entries, heads)):
            return heads
    heads = tuple(map(_head, entries))
    return heads if all(heads) else ()


def _head(entry: str) -> str:
    size = entry.find('"numel": ')
    end = entry.find(",", size)
    if size < 0 or end < 0:
        return ""
    if entry.startswith(_VERDICT, end):
        return entry[: entry.find('"', end + len(_VERDICT)) + 1]
    return entry[: end + 1] if '"trains": ' in entry[:end] else ""


def _read(document: Mapping[str, Any], lists: Sequence[tuple[Heads, dict[Heads, Words]]]) -> Saved:
    calls: dict[str, tuple[str, Words]] = {}
    for position, entry in enumerate(_entries(document, "backwards", "report")):
        where = f"backwards[{position}]"
        loss = entry.get("loss")
        if type(loss) is not str:
            raise ReportFileError.wrong(f"{where}.loss", loss, "a name")
        call = call_of(entry, loss, where)
        calls[printable(call.short if call else loss)] = (
            _line(entry, where),
            _words(_entries(entry, "parameters", where), lists, where),
        )
    training = document.get("training")
    if training is None:
        return Saved(calls=calls, training=None)
    if not isinstance(training, dict):
        raise ReportFileError.wrong("training", training, "an object")
    fates = _words(_entries(training, "parameters", "training"), lists, "training")
    return Saved(calls=calls, training=fates)


def _words(
    entries: list[dict[str, Any]],
    lists: Sequence[tuple[Heads, dict[Heads, Words]]],
    where: str,
) -> Words:
    """Return what became of the parameters of a list, or of the one that stands apart."""
    apart = entries[0].get("list") if len(entries) == 1 else None
    if type(apart) is not int or not 0 <= apart < len(lists):
        return dict(_word(entry, where) for entry in entries)
    heads, met = lists[apart]
    if heads not in met:
        try:
            met[heads] = dict(_word(_entry(head), where) for head in heads)
        except (ValueError, RecursionError) as error:
            raise ReportFileError(f"broken report: {where}.parameters: {error}") from None
    return met[heads]


def _entry(head: str) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(f'{{"name": {head.removesuffix(",")}}}')
    return entry


def _word(entry: Mapping[str, Any], where: str) -> tuple[str, tuple[str, int]]:
    """Return the name of a parameter, its verdict or its fate, and its size."""
    name, size = entry.get("name"), entry.get("numel", 0)
    if type(name) is not str or type(size) is not int:
        raise ReportFileError.wrong(f"{where}.parameters", [name, size], "a name and a size")
    key = "why" if "trains" in entry else "verdict"
    word = "trains" if entry.get("trains") is True else entry.get(key) or "unknown"
    if word not in _WORDS:
        raise ReportFileError.wrong(f"{where}.parameters, {key}", word, "a word of a report")
    return intern(printable(name)), (intern(word), size)


def _entries(holder: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    entries = holder.get(key)
    if not isinstance(entries, list):
        raise ReportFileError.wrong(f"{where}.{key}", entries, "a list")
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise ReportFileError.wrong(f"{where}.{key}[{position}]", entry, "an object")
    return entries


def _line(entry: Mapping[str, Any], where: str) -> str:
    file, line = entry.get("file"), entry.get("line")
    if file is None:
        return ""
    if type(file) is not str or type(line) is not int:
        raise ReportFileError.wrong(where, [file, line], "a file and a line")
    return path_and_line(Place(file, line))


def _place(ranks: Sequence[Left]) -> str:
    return next((left.place for left in ranks if left.place), "")


def _rows(ranks: Mapping[int, Words]) -> str:
    """Return a list with a line of JSON for each parameter: on which ranks it is what."""
    sizes = {name: size for words in ranks.values() for name, (_, size) in words.items()}
    lines = []
    for name, size in sizes.items():
        on = grouped(
            (words[name][0] if name in words else "absent", rank) for rank, words in ranks.items()
        )
        row = {"name": name, "numel": size, **{word: runs(these) for word, these in on.items()}}
        lines.append("   " + json.dumps(row))
    return "[\n" + ",\n".join(lines) + "]"
