"""What is not as expected, in SARIF 2.1.0.

The format that code scanning reads, GitHub's among it.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gradviz.expecting.expectations import Violation
from gradviz.facts.findings import Findings
from gradviz.graph import Verdict
from gradviz.render.sentences import MEANINGS
from gradviz.render.violations import annotations
from gradviz.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_NO_MATCH = "no-match"


def render_sarif(
    parts: Iterable[tuple[Findings, Sequence[Violation]]], *, root: Path | None = None
) -> str:
    """Return one run with a result for each violation and each line to blame for it.

    Args:
        parts: What was found of each loss, and what of it is not as expected.
        root: The root of the repository, which paths are told from, as in
            :func:`gradviz.render.violations.annotations`.
    """
    results = [
        _result(violation, place, message)
        for report, failed in parts
        for violation, place, message in annotations(report, failed, root=root)
    ]
    used = dict.fromkeys(result["ruleId"] for result in results)
    driver = {"name": "gradviz", "version": __version__, "rules": [_rule(word) for word in used]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _result(violation: Violation, place: dict[str, str], message: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": violation.actual.replace(" ", "-") or _NO_MATCH,
        "level": "error",
        "message": {"text": message},
    }
    if place:
        region = {"startLine": int(place["line"])}
        artifact = {"uri": quote(place["file"]), "uriBaseId": "%SRCROOT%"}
        result["locations"] = [
            {"physicalLocation": {"artifactLocation": artifact, "region": region}}
        ]
    return result


def _rule(word: str) -> dict[str, Any]:
    """Return what a result of this kind means: the verdict that was found."""
    meanings = {str(verdict): meaning for verdict, meaning in MEANINGS.items()}
    meaning = meanings.get(
        word,
        (
            "a pattern matches no parameter"
            if word == _NO_MATCH
            else f"found {word.replace('-', ' ')}"
        ),
    )
    name = (
        word.capitalize()
        if word in set(Verdict)
        else "".join(part.capitalize() for part in word.split("-"))
    )
    return {"id": word, "name": name, "shortDescription": {"text": meaning}}
