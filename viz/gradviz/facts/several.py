"""Reports on several losses, or on several backward calls of a run.

Which of them is meant, and what all of them reach together. Pure.

``gradviz run`` names a call ``"backward 2, errG"``; its number or its loss alone is enough to mean
it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from gradviz.errors import ExpectationError
from gradviz.facts.findings import Findings
from gradviz.facts.parameters import Parameters
from gradviz.graph import Parameter, Verdict
from gradviz.system.grouped import grouped

_BEST_FIRST = (Verdict.REACHED, Verdict.ZERO, Verdict.CUT, Verdict.FROZEN, Verdict.UNUSED)


def losses_of(report: Findings) -> Mapping[str, Findings]:
    """Return a report for each loss or call by name. A report on one loss is its own only part."""
    return report.losses or {report.loss: report}


def own_loss(report: Findings) -> str:
    """Return the name of the loss that a report is about, without the call that began there."""
    return report.call.loss if report.call else report.loss


def together(report: Findings) -> Findings:
    """Return ``report`` with what all of its calls reach together.

    Losses of one graph are judged together already.
    """
    return _joined(report, report.losses) if is_of_calls(report) else report


def is_of_calls(report: Findings) -> bool:
    """Say whether the losses are the calls of a run, each with a graph of its own."""
    return bool(report.losses) and all(part.call for part in report.losses.values())


def of_loss(report: Findings, loss: str | None) -> Findings:
    """Return the part of ``report`` that is about one loss or call.

    About several together where a pattern means several.

    Args:
        report: The whole.
        loss: Its name, a pattern as in ``fnmatch``, the number of a call, or the name of the loss
            of one; None for all of them.

    Raises:
        ExpectationError: There is no such loss.
    """
    if loss is None:
        return together(report)
    parts = losses_of(report)
    meant = {name: part for name, part in parts.items() if name == loss} or {
        name: part
        for name, part in parts.items()
        if any(fnmatchcase(spelling, loss) for spelling in _names(name, part))
    }
    if not meant:
        raise ExpectationError(f"unknown loss: {loss!r} (there is {', '.join(parts)})")
    if len(meant) == 1:
        return replace(*meant.values(), losses={}, training=report.training)
    return _joined(report, meant)


def _names(name: str, part: Findings) -> Iterable[str]:
    call = part.call
    return (name, call.short, str(call.number), call.loss) if call else (name,)


def _joined(report: Findings, parts: Mapping[str, Findings]) -> Findings:
    fates = grouped(
        (name, parameter) for part in parts.values() for name, parameter in part.parameters.items()
    )
    cuts = dict.fromkeys(cut for part in parts.values() for cut in part.cuts)
    return replace(
        report,
        parameters=Parameters(tuple(map(_best, fates.values()))),
        cuts=tuple(cuts),
        losses=parts,
    )


def _best(fates: Iterable[Parameter]) -> Parameter:
    """Return the best of what became of a parameter: what one loss reaches is reached.

    Its cuts are those of all calls that came to no more.
    """
    ranked = sorted(fates, key=lambda parameter: _BEST_FIRST.index(parameter.verdict))
    equal = [fate for fate in ranked if fate.verdict is ranked[0].verdict]
    return replace(
        ranked[0],
        partial=any(fate.partial for fate in equal),
        cuts=tuple(dict.fromkeys(cut for fate in equal for cut in fate.cuts)),
    )
