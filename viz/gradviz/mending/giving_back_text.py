"""What ``gradviz run --cost`` prints, and writes as JSON. Imports no torch."""

import json
import textwrap
from dataclasses import asdict

from gradviz.costing.table import lined_up, size
from gradviz.graph import Place
from gradviz.mending.giving_back import CHANGES, Costs, GivenBack, Row
from gradviz.mending.outcome import Failure
from gradviz.render.sentences import counted, path_and_line, printable
from gradviz.version import __version__

_SHOWN = 6  # rows
_WIDTH = 100
_TITLES = ("module", "keeps", "frozen gives back", "no_grad gives back")


def text(costs: Costs) -> str:
    """Return the table, at most a dozen lines."""
    kept = costs.kept
    place = path_and_line(Place(kept.file, kept.line))
    head = f"Backward {costs.backward} at {place}: autograd keeps {size(kept.bytes)} as it begins."
    shown, others = costs.rows[:_SHOWN], costs.rows[_SHOWN:]
    table = [_TITLES, *map(_row, shown)]
    if others:
        rest = sum(row.bytes for row in others)
        table.append((f"{len(others)} more", size(rest), "", ""))
    if not any(row.changes for row in costs.rows):
        table = [cells[:2] for cells in table]
    return f"{head}\n{lined_up(table)}" + "".join(f"{line}\n" for line in _legend(costs))


def as_json(costs: Costs) -> str:
    """Return all of it as JSON."""
    rows = [
        {
            "module": row.path,
            "itself": row.itself,
            "bytes": row.bytes,
            **{
                change: _change_data(given)
                for change, given in zip(CHANGES, row.changes, strict=False)
            },
        }
        for row in costs.rows
    ]
    kept = costs.kept
    data = {
        "gradviz": __version__,
        "cost": {
            "backward": costs.backward,
            "file": kept.file,
            "line": kept.line,
            "bytes": kept.bytes,
            "repeatable": costs.repeatable,
            "runs": costs.runs,
            "modules": rows,
        },
    }
    return json.dumps(data, indent=1) + "\n"


def _change_data(given: GivenBack) -> dict[str, object]:
    failure = None if given.failure is None else asdict(given.failure)
    return {"gives_back": given.bytes, "stopped": given.stopped, "failure": failure}


def _row(row: Row) -> tuple[str, ...]:
    name = f"{row.path} itself" if row.itself else row.path or "in no module"
    cells = [_cell(given) for given in row.changes] or [""] * len(CHANGES)
    return (printable(name), size(row.bytes), *cells)


def _cell(given: GivenBack) -> str:
    if given.failure is not None:
        return _failed(given.failure)
    assert given.bytes is not None
    sign, count = ("-" if given.bytes < 0 else ""), size(abs(given.bytes))
    stopped = f" (stops {given.stopped})" if given.stopped else ""
    return f"{sign}{count}{stopped}"


def _failed(failure: Failure) -> str:
    return {"timeout": "took too long", "died": "ended early"}.get(
        failure.kind, f"raised {failure.kind}"
    )


def _legend(costs: Costs) -> list[str]:
    if not costs.repeatable:
        words = (
            "Two runs of the script do not keep the same, so nothing is said of what a freeze gives"
            " back. The table is of the first run."
        )
        return textwrap.wrap(words, _WIDTH)
    words = (
        f"Measured in {counted(costs.runs, 'run')} of the script up to this call. Parameters and"
        " buffers are not counted; what several modules keep counts for the first."
    )
    changes = [given for row in costs.rows for given in row.changes]
    if changes:
        words += " frozen: requires_grad_(False). no_grad: around its forward."
    if any(given.stopped for given in changes):
        words += " stops: parameters outside the module that then get no gradient."
    return textwrap.wrap(words, _WIDTH)
