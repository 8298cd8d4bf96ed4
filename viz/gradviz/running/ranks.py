"""Many ranks, one matrix: which parameter is reached on which rank.

Every rank writes what it saw into the run's folder; no rank talks to another. Whoever started them puts it together once they are
gone, or rank 0 does, with what is there when it ends. Where a parameter is reached on some ranks alone, DistributedDataParallel waits for
the others ("Expected to have finished reduction"), or averages with their zeros.
"""

import getpass
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from gradviz.atomic import replace
from gradviz.graph import Parameter, Verdict
from gradviz.render.names import fold_names
from gradviz.running.calls import Call
from gradviz.running.settings import Settings


def rank() -> int | None:
    """Return this process's rank; None where it is not one of several."""
    own = os.environ.get("RANK", "")
    return int(own) if own.isdecimal() and int(os.environ.get("WORLD_SIZE", "1")) > 1 else None


def folder(settings: Settings) -> Path | None:
    """Return the folder of the run; None where there is none."""
    if settings.folder:
        return Path(settings.folder)
    run, port = os.environ.get("TORCHELASTIC_RUN_ID"), os.environ.get("MASTER_PORT")
    if run is None or rank() is None:
        return None
    return Path(tempfile.gettempdir()) / f"gradviz-{getpass.getuser()}-{run}-{port}-{os.getppid()}"


def leave(call: Call, settings: Settings) -> None:
    """Leave what one call reached for the matrix."""
    own, where = rank(), folder(settings)
    if own is None or where is None:
        return
    verdicts = {name: [one.verdict.value, one.numel] for name, one in call.report.parameters.items()}
    text = json.dumps({"rank": own, "number": call.number, "place": str(call.place or ""), "verdicts": verdicts})
    replace(where / f"{call.number}-{own}.json", text.encode())


def put_together(settings: Settings) -> str:
    """Return the matrix of every call that several ranks left, and remove the folder."""
    where = folder(settings)
    if where is None or not where.is_dir():
        return ""
    calls: dict[int, list[Mapping[str, object]]] = {}
    for path in sorted(where.glob("*.json")):
        found = json.loads(path.read_text())
        calls.setdefault(found["number"], []).append(found)
    shutil.rmtree(where, ignore_errors=True)
    return "".join(line for _, ranks in sorted(calls.items()) if len(ranks) > 1 for line in matrix(ranks))


def matrix(ranks: list[Mapping[str, object]]) -> Iterator[str]:
    """Yield the lines of the matrix of one call: a row for parameters of one lot, those that differ between ranks first."""
    ranks = sorted(ranks, key=lambda each: int(str(each["rank"])))
    verdicts: list[dict[str, tuple[str, int]]] = [dict(each["verdicts"]) for each in ranks]  # type: ignore[call-overload]
    sizes = {name: size for each in verdicts for name, (_, size) in each.items()}
    among = {name: Parameter(name=name, numel=size) for name, size in sizes.items()}
    rows: dict[tuple[str, ...], list[str]] = {}
    for name in sizes:
        rows.setdefault(tuple(each[name][0] if name in each else "-" for each in verdicts), []).append(name)
    differ = sum(len(names) for row, names in rows.items() if len(set(row)) > 1)
    says = f"{differ} of {len(sizes)} parameters differ between ranks" if differ else "every rank saw the same"
    yield f"gradviz: backward {ranks[0]['number']} at {ranks[0]['place']}: {says}\n"
    width = max(len(verdict.value) for verdict in Verdict) + 2
    yield "  " + " " * 10 + "".join(f"rank {each['rank']}".ljust(width) for each in ranks).rstrip() + "\n"
    for row, names in sorted(rows.items(), key=lambda item: len(set(item[0])) == 1):
        label = "differ" if len(set(row)) > 1 else "same"
        yield f"  {label:10}{''.join(word.ljust(width) for word in row)}{', '.join(map(str, fold_names(names, among)))}\n"
