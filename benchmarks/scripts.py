"""Holds ``gradviz run`` against public training scripts whose verdicts were measured and whose
blamed lines were proved.

    LAB=... SRC=... ECO=... python benchmarks/scripts.py [--plain] [-v] [name ...]

LAB is a writable folder with a ``truth.json`` and one ``NAME.sh`` for each script, which runs it
under the command in RUN; SRC holds the scripts' repositories, ECO is a virtual environment with
gradviz and what they import. None of them is part of this project. What is missing is said.
``--plain`` also takes the time to the third backward call without gradviz; ``-v`` tells every miss.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

UNTIL_THIRD = """
import os, runpy, sys, torch
def counted(*args, calls=[], backward=torch.autograd.backward, **kwargs):
    backward(*args, **kwargs)
    calls.append(1)
    if len(calls) == 3:
        raise SystemExit
torch.autograd.backward = counted
del sys.argv[0]
sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
UNREACHED = {"cut": "unreached", "unused": "unreached"}
SAID = {
    "not_part_of_this_loss": "unused",
    "unused": "unused",
    "reached_exact_zero": "zero",
    "frozen": "frozen",
    "cut": "cut",
}


@dataclass
class Score:
    """What was right of how much, and what was not."""

    verdicts: list[bool] = field(default_factory=list)
    lines: list[bool] = field(default_factory=list)
    alarms: int = 0
    misses: list[str] = field(default_factory=list)

    def hold(self, kind: list[bool], good: bool, miss: str) -> None:
        kind.append(good)
        if not good:
            self.misses.append(miss)


@dataclass
class Ran:
    """What a run took, how it ended, and its standard error."""

    seconds: float
    code: int
    said: str


def run(name: str, command: str) -> Ran:
    """Run a script to its end under a command."""
    began = time.perf_counter()
    done = subprocess.run(
        ["bash", str(Path(os.environ["LAB"], f"{name}.sh"))],
        env={**os.environ, "RUN": command},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        check=False,
    )
    return Ran(time.perf_counter() - began, done.returncode, done.stderr)


def compare(truth: Mapping[str, Any], report: Mapping[str, Any], said: str, score: Score) -> None:
    """Hold a report against what was measured in every call and what was proved of it."""
    score.alarms = len(re.findall("^gradviz.*: ALARM", said, flags=re.MULTILINE))
    score.misses += re.findall("^gradviz.*: ALARM.*", said, flags=re.MULTILINE)
    calls = {
        int(match[1]): each
        for each in report["backwards"]
        if (match := re.match(r"backward (\d+)", each["loss"]))
    }
    told = {
        int(number): text
        for number, text in re.findall(
            r"^gradviz.*: backward (\d+), (.*(?:\n .*)*)", said, flags=re.MULTILINE
        )
    }
    for measured in truth["measured"]:
        number = measured["call"]
        if number not in calls:
            score.hold(score.verdicts, False, f"backward {number} was not reported")
            continue
        for good, miss in verdicts(measured["modules"], calls[number]["parameters"]):
            score.hold(score.verdicts, good, f"backward {number}: {miss}")
        for place in measured["at"]:
            file, line = place.split("/")[-1].split(":")
            score.hold(
                score.lines,
                f"{file}:{line}" in told.get(number, "").split("\n")[0],
                f"backward {number} is not told at {place}",
            )
    for verdict in truth["verdicts"]:
        for number in verdict.get("calls", ()):
            if number in calls:
                proved(verdict, number, calls[number], said, score)


def verdicts(
    modules: Mapping[str, Any], parameters: list[Mapping[str, Any]]
) -> Iterator[tuple[bool, str]]:
    """Yield for every parameter whether its verdict is the measured one.

    Names where they are listed, numbers where not.
    """
    found: dict[str, list[str]] = {}
    for each in parameters:
        found.setdefault(UNREACHED.get(each["verdict"], each["verdict"]), []).append(each["name"])
    for module, groups in modules.items():
        root = module.split(":")[0]
        for one in groups.get("tied", ()):
            yield (
                any(set(one) <= set(each["names"]) for each in parameters),
                f"{' and '.join(one)} should be one parameter",
            )
        for verdict, wanted in groups.items():
            left = found.get(verdict, [])
            for name in wanted if isinstance(wanted, list) and verdict != "tied" else ():
                # What measured the truth named a module by any variable; below that the names are
                # the module's own.
                ways = (
                    f"{root}.{name}",
                    *(one for one in left if one.endswith(f".{name}")),
                    *(one for one in left if root == "<optimizer-only>"),
                )
                match = next((one for one in ways if one in left), None)
                if match:
                    left.remove(match)
                yield match is not None, f"{root}.{name} should be {verdict}"
    for verdict in ("reached", "zero", "frozen", "unreached"):
        counted = sum(
            each[verdict] for each in modules.values() if isinstance(each.get(verdict), int)
        )
        left = found.get(verdict, [])
        yield from (
            (place < len(left), f"only {len(left)} of {counted} are {verdict}")
            for place in range(counted)
        )
        yield from ((False, f"{name} should not be {verdict}") for name in left[counted:])


def proved(
    verdict: Mapping[str, Any], number: int, call: Mapping[str, Any], said: str, score: Score
) -> None:
    """Hold one call against one sentence of the truth.

    Its verdict, and the line that is to blame.
    """
    modules = verdict.get("module", "").split("(")[0].strip().split(",")
    about = (
        f"backward {number}: {verdict.get('module')} {verdict.get('reason')}"
        f" {verdict.get('kind', '')} {verdict.get('line', '')}"
    )
    if verdict.get("reason") == "extra_gradient_not_stepped_here":
        extra = "".join(
            re.findall(rf"steps? after backward [\d, and]*\b{number}\b.*((?:\n .*)*)", said)
        )
        score.hold(
            score.verdicts,
            all(re.search(rf"extra .*{re.escape(module)}\.", extra) for module in modules),
            about,
        )
        return
    own = [
        each
        for each in call["parameters"]
        if any(f".{module}." in f".{each['name']}." for module in modules)
    ]
    wanted = SAID.get(verdict.get("reason", ""))
    if own and wanted and verdict.get("params") == "all":
        score.hold(score.verdicts, {each["verdict"] for each in own} == {wanted}, about)
    if "line" in verdict:
        cuts = [
            call["cuts"][place]
            for each in own or call["parameters"]
            for place in each["cuts"]
            if wanted == "cut" or each["partial"]
        ]
        score.hold(score.lines, any(blames(cut, verdict) for cut in cuts), about)


def blames(cut: Mapping[str, Any], verdict: Mapping[str, Any]) -> bool:
    """Say whether a cut is of the proved kind at the proved line."""
    file = str(cut["file"]).lstrip("./")
    same = file.endswith(verdict["file"]) or verdict["file"].endswith(file)
    return same and (cut["kind"], cut["line"]) == (verdict["kind"], verdict["line"])


def children(name: str, said: str, folder: Path, score: Score) -> None:
    """A script that trains in children.

    The parent says so, and ``--children`` has a report of each.
    """
    score.hold(
        score.verdicts,
        "child processes were started: use --children" in said,
        "the children are not told of",
    )
    output = folder / "children.json"
    run(name, f"gradviz run --children -o {output}")
    reports = [json.loads(path.read_text()) for path in folder.glob("children.*.json")]
    score.hold(score.verdicts, bool(reports), "no child left a report")
    for call in (call for report in reports for call in report["backwards"]):
        for each in call["parameters"]:
            score.hold(
                score.verdicts, each["verdict"] == "reached", f"{each['name']} should be reached"
            )


def missing(truth: Mapping[str, Any]) -> str:
    """Return what a script lacks here; empty where it can run."""
    lab, source, eco = (Path(os.environ.get(name, "/nowhere")) for name in ("LAB", "SRC", "ECO"))
    script = truth["script"]
    if not (eco / "bin" / "gradviz").exists():
        return "no gradviz in ECO"
    return (
        ""
        if (source / script).exists() or "/" not in script
        else f"no {script} in SRC"
        if lab.exists()
        else "no LAB"
    )


def main() -> int:
    """Run, compare, print, and return 1 where anything is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("names", nargs="*")
    asked = parser.parse_args()
    if not {"LAB", "SRC", "ECO"} <= set(os.environ):
        print(
            "not measured: LAB, SRC and ECO say where the scripts, their repositories and their"
            " environment are; see benchmarks/README.md"
        )
        return 0
    scripts = json.loads(Path(os.environ["LAB"], "truth.json").read_text())["scripts"]
    good = True
    total: Counter[str] = Counter()
    print(f"{'':24} {'verdicts':>11} {'lines':>7} {'alarms':>6}  {'plain':>7} {'run':>8}  ratio")
    for name, truth in scripts.items():
        if asked.names and not any(name.startswith(each) for each in asked.names):
            continue
        if why := missing(truth):
            print(f"{name:24} not run: {why}")
            continue
        score = Score()
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder, "report.json")
            ran = run(name, f"gradviz run --stop -o {output}")
            if not truth["measured"]:
                children(name, ran.said, Path(folder), score)
            elif output.exists():
                compare(truth, json.loads(output.read_text()), ran.said, score)
            else:
                score.hold(score.verdicts, False, f"no report: {ran.said[-2000:]}")
            if asked.verbose:
                Path(os.environ["LAB"], f"{name}.said").write_text(ran.said)
        clock = f"{'':7} {ran.seconds:6.1f} s"
        if asked.plain and truth["measured"]:
            with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
                file.write(UNTIL_THIRD)
                file.flush()
                plain = run(name, f"python {file.name}").seconds
            clock = f"{plain:5.1f} s {ran.seconds:6.1f} s  {ran.seconds / plain:5.2f}"
        right, lines = (f"{sum(each)}/{len(each)}" for each in (score.verdicts, score.lines))
        print(f"{name:24} {right:>11} {lines:>7} {score.alarms:6}  {clock}", flush=True)
        for miss, times in Counter(score.misses).items() if asked.verbose else ():
            print(f"    {miss}" + (f" ({times} times)" if times > 1 else ""))
        good &= not score.misses
        total.update(
            scripts=1,
            verdicts=sum(score.verdicts),
            all=len(score.verdicts),
            lines=sum(score.lines),
            of=len(score.lines),
        )
    print(
        f"{total['scripts']} scripts: {total['verdicts']} of {total['all']} verdicts,"
        f" {total['lines']} of {total['of']} lines"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
