"""What is not as expected, as text for a person and as annotations for GitHub's review of a pull
request.
"""

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gradviz.expecting.expectations import Violation, matches
from gradviz.facts.findings import Findings
from gradviz.graph import Cut, Place, Verdict
from gradviz.render.names import fold_names
from gradviz.render.sentences import begins_in, counted, path_and_line, printable
from gradviz.render.text import MOST_GROUPS, render_text

MOST_PATTERNS = 3  # that are proposed

_NUMBERS = re.compile(r"(?<![^.])\d+(?:\.\.\d+|,\d+|,\.\.\.)+(?![^.])")  # "0..31", "0,2,4..6"


def render_violations(
    report: Findings, failed: Sequence[Violation], *, as_options: bool = False
) -> str:
    """Return a line or two for each violation, and below them what the report explains about these
    parameters.

    Args:
        report: What was found.
        failed: What is not as expected.
        as_options: Write expectations as on the command line, and not as in a test.
    """
    lines = ["The gradients are not as expected."]
    for violation in failed:
        if not violation.parameters:
            lines.append(f"  {_without_match(violation)}")
            if not violation.meant:
                listed = ", ".join(_grouped(report, report.parameters)) or "none"
                lines.append(f"    the parameters are {listed}")
            continue
        names = _names(report, violation)
        verdict = _verdict_found(violation)
        lines.append(
            f"  {names[0]}: expected {_expected(violation)}, found {verdict}"
            if len(names) == 1
            else f"  {_many(violation)}"
        )
        if len(names) > 1:
            lines += [f"    {name}" for name in names]
        patterns = _accepting(report, violation)
        if patterns:
            lines.append(
                f"    if that is meant, say {_written(violation.actual, patterns, as_options)}"
            )
        elif violation.replaced_at:
            at = f" at {path_and_line(violation.replaced_at)}" + (
                f": {violation.replaced_at.code}" if violation.replaced_at.code else ""
            )
            lines.append(f"    its object is new: made{at}, after others were frozen")
        elif violation.zero and violation.zero.passing:
            lines.append(
                "    it is so until a factor moves that is still zero: hold a later step, or expect"
                " zero in this one"
            )
    text = "\n".join(printable(line) for line in lines) + "\n"
    about = {name for violation in failed for name in violation.parameters}
    return f"{text}\n{render_text(report, about=about)}" if about else text


def _accepting(report: Findings, violation: Violation) -> list[str]:
    """Return patterns of exactly these parameters, where they were to be reached only because
    nothing else was said of them.
    """
    if violation.pattern or violation.expected != "reached":
        return []
    groups = fold_names(violation.parameters, report.parameters)
    patterns = list(dict.fromkeys(_NUMBERS.sub("*", group.pattern) for group in groups))
    exact = {
        name for name in report.parameters if any(matches(name, pattern) for pattern in patterns)
    } == set(violation.parameters)
    return patterns if exact and len(patterns) <= MOST_PATTERNS else []


def _written(word: str, patterns: Sequence[str], as_options: bool) -> str:
    """Return how an expectation is written on the command line, or else in a test."""
    if as_options:
        return " ".join(f"--{word} {shlex.quote(pattern)}" for pattern in patterns)
    value = ", ".join(f'"{pattern}"' for pattern in patterns)
    return f"{word}={value if len(patterns) == 1 else f'[{value}]'}"


def render_github(
    report: Findings, failed: Sequence[Violation], *, root: Path | None = None
) -> str:
    """Return a workflow command for each violation, which GitHub shows on the line of the cut in a
    pull request.

    The arguments are those of :func:`annotations`.
    """
    return "".join(
        f"{_command(place, message)}\n"
        for _, place, message in annotations(report, failed, root=root)
    )


def annotations(
    report: Findings, failed: Sequence[Violation], *, root: Path | None = None
) -> Iterator[tuple[Violation, dict[str, str], str]]:
    """Yield for each violation, and each cut that it is owed to, the ``file`` and ``line`` to
    annotate, where known, and what to say.

    Args:
        report: Where no cut is to blame, the line of the loss is annotated.
        failed: What is not as expected.
        root: The root of the repository, which paths are told from; unless given, the nearest
            folder above that holds a ``.git``, else what GITHUB_WORKSPACE says, or the current
            folder.
    """
    current = Path.cwd()
    repository = next(
        (folder for folder in (current, *current.parents) if (folder / ".git").exists()), None
    )
    root = root or repository or Path(os.environ.get("GITHUB_WORKSPACE") or current)
    for violation in failed:
        if not violation.parameters:
            yield violation, {}, printable(_without_match(violation))
            continue
        names = ", ".join(_names(report, violation))
        message = f"{names}: expected {_expected(violation)}, found {_verdict_found(violation)}"
        cuts = violation.cuts or (None,)
        for cut in cuts:
            yield (
                violation,
                _place(cut, violation, report, root),
                _with_code(message, cut or violation.switched_at),
            )


def _names(report: Findings, violation: Violation) -> list[str]:
    return _grouped(report, violation.parameters)


def _grouped(report: Findings, parameters: Iterable[str]) -> list[str]:
    """Return names of parameters, those alike folded, and how many more there are."""
    groups = fold_names(tuple(parameters), report.parameters)
    names = [str(group) for group in groups[:MOST_GROUPS]]
    rest = sum(group.parameters for group in groups[MOST_GROUPS:])
    return [*names, f"and {counted(rest, 'more parameter')}"] if rest else names


def _many(violation: Violation) -> str:
    return (
        f"{counted(len(violation.parameters), 'parameter')}: expected {_expected(violation)}, found"
        f" {_verdict_found(violation)}"
    )


def _expected(violation: Violation) -> str:
    return (
        f"{violation.expected} ({violation.pattern})" if violation.pattern else violation.expected
    )


def _verdict_found(violation: Violation) -> str:
    """Return the verdict, and what is to blame for it."""
    if violation.cuts:
        by = "; ".join(f"{cut.operation} at {path_and_line(cut)}" for cut in violation.cuts)
        return f"{violation.actual}, by {by}"
    if violation.zero and violation.zero.place:
        return (
            f"{violation.actual}, from {begins_in(violation.zero)} at"
            f" {path_and_line(violation.zero.place)} on"
        )
    if violation.switched_at:
        thawed = (
            ""
            if violation.actual == Verdict.FROZEN or violation.expected == "trains"
            else "thawed "
        )
        return f"{violation.actual}, {thawed}at {path_and_line(violation.switched_at)}"
    return violation.actual


def _without_match(violation: Violation) -> str:
    meant = f"; did you mean {violation.meant!r}?" if violation.meant else ""
    return f"{violation.expected}: {violation.pattern!r} matches no parameter{meant}"


def _with_code(message: str, blamed: Cut | Place | None) -> str:
    return (
        f"{printable(message)}\n{printable(blamed.code)}"
        if blamed and blamed.code
        else printable(message)
    )


def _place(cut: Cut | None, violation: Violation, report: Findings, root: Path) -> dict[str, str]:
    """Return the line to annotate: one of the repository's own, as only these are shown."""
    places: Iterable[Place | None]
    if cut is not None:
        places = (Place(cut.file, cut.line), cut.caller, *cut.also)
    else:
        places = (
            violation.zero.place if violation.zero else None,
            violation.switched_at,
            report.place,
        )
    for place in places:
        if place is None or not place.file:
            continue
        path = Path.cwd() / place.file
        if path.is_relative_to(root) and "site-packages" not in path.parts:
            return {"file": path.relative_to(root).as_posix(), "line": str(place.line)}
    return {}


def _command(properties: dict[str, str], message: str) -> str:
    """Return a workflow command, in which these characters have their own escapes."""
    patterns = ",".join(
        f"{key}={_escaped(printable(value), ':,')}"
        for key, value in {**properties, "title": "gradviz"}.items()
    )
    return f"::error {patterns}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
