"""gradviz and the tools beside it, side by side in one run; writes docs/reference/peers.md.

    python benchmarks/peers/run.py [--seconds 60] [--only TOOL,TOOL]

Needs an environment of its own, with the versions in requirements.txt: the folder that
GRADVIZ_PEERS names, else ~/.cache/gradviz-peers. It is made where there is none. Every tool has a
process of its own for every model, in which it takes turns with the plain step; the tools take
turns model by model. What takes longer than the limit, or fails, stands in the table as it is.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import page

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDER = Path(os.environ.get("GRADVIZ_PEERS") or Path.home() / ".cache" / "gradviz-peers")


def environment() -> Path:
    """Return the Python of the environment, which is made where there is none."""
    python = FOLDER / "bin" / "python"
    if not python.exists():
        print(f"making an environment in {FOLDER}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        needs = [str(ROOT), "--requirement", str(HERE / "requirements.txt")]
        subprocess.run([*pip, *needs], check=True)
    return python


def child(python: Path, seconds: float, *words: str) -> dict[str, Any]:
    """Run one tool in a process of its own; return its answers, and how it ended."""
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "viz"),
        "OMP_NUM_THREADS": "1",
        "WANDB_SILENT": "true",
        "HF_HUB_OFFLINE": "1",
    }
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.json"
        command = [str(python), str(HERE / "child.py"), *words, str(answers)]
        ended = ""
        with (Path(folder) / "said").open("w+") as said:
            started = subprocess.Popen(
                command,
                cwd=folder,
                env=surroundings,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
            try:
                code = started.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)  # dot too, which would go on for hours
                started.wait()
                ended = "time"
            else:
                if code:
                    said.seek(0)
                    lines = said.read().strip().splitlines()
                    ended = f"exit {code}: {lines[-1] if lines else 'without a word'}"[:160]
        found = json.loads(answers.read_text()) if answers.exists() else {}
        return {"answers": found, "ended": ended, "limit": seconds}


def versions(python: Path) -> dict[str, str]:
    """Return the version of each package."""
    wanted = [
        line.split("==")[0]
        for line in (HERE / "requirements.txt").read_text().splitlines()
        if "==" in line
    ]
    code = (
        "import importlib.metadata as m, json, sys;"
        "print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
    )
    done = subprocess.run(
        [str(python), "-c", code, *wanted], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def machine() -> dict[str, str]:
    """Return what it ran on."""
    cpu = platform.processor() or platform.machine()
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(":")[1].strip() for line in file if "model name" in line), cpu)
    load = os.getloadavg()[0]
    return {
        "cpu": f"{cpu}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": f"{load:.1f}",
        "date": date.today().isoformat(),
    }


def keep(results: dict[str, Any], path: Path | None) -> None:
    """Write the figures so far where they are wanted."""
    if path is not None:
        path.write_text(json.dumps(results, indent=1))


def main() -> None:
    """Measure, and write the page and its plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for one tool on one model")
    parser.add_argument("--tools", default=",".join(page.TOOLS))
    parser.add_argument("--models", default="", help="some of them, with commas between")
    parser.add_argument("--results", type=Path, help="keep the figures here as JSON")
    options = parser.parse_args()
    python, tools = environment(), options.tools.split(",")
    subjects = options.models.split(";") if options.models else list(page.SUBJECTS)
    results: dict[str, Any] = {
        "machine": machine(),
        "versions": versions(python),
        "seconds": options.seconds,
        "times": {},
        "says": {},
        "same": {},
    }
    for number, shown in enumerate(subjects):
        for tool in tools[number % len(tools) :] + tools[: number % len(tools)]:
            start = time.monotonic()
            done = child(python, options.seconds, "time", tool, shown)
            results["times"].setdefault(shown, {})[tool] = done
            keep(results, options.results)
            graph = done["answers"].get("graph") or [float("nan")]
            print(
                f"{shown:22} {tool:14} {statistics.median(graph):9.3f} s"
                f" ({time.monotonic() - start:.0f} s) {done['ended']}",
                flush=True,
            )
        keep(results, options.results)
    for tool in tools:
        results["says"][tool] = child(python, options.seconds, "says", tool)
        left = child(python, options.seconds, "left", tool)
        results["says"][tool]["answers"] |= left["answers"]
        twice = [child(python, options.seconds, "draw", tool) for _ in range(2)]
        digests = [one["answers"] for one in twice]
        results["same"][tool] = bool(digests[0]) and digests[0] == digests[1]
        print(tool, results["says"][tool], results["same"][tool], flush=True)
    keep(results, options.results)
    page.write(results, ROOT / "docs")


if __name__ == "__main__":
    main()
