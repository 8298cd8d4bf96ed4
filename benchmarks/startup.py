"""How long gradviz takes to start.

``gradviz --help`` against ``python -c pass``, ``gradviz example`` against ``import torch``.

    python benchmarks/startup.py [runs]

Each figure is the median of several runs, the commands taking turns, so that a machine that is busy
is busy for all of them.
"""

import statistics
import subprocess
import sys
import tempfile
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "gradviz --help": ["-m", "gradviz", "--help"],
    'python -c "import torch"': ["-c", "import torch"],
    "gradviz example": ["-m", "gradviz", "example", "--mode", "detach"],
    "gradviz example, embedded engine": [
        "-m",
        "gradviz",
        "example",
        "--mode",
        "detach",
        "--engine",
        "embedded",
    ],
}
ALLOWED = 0.6  # seconds that `gradviz example` may take beyond `import torch`


def seconds(arguments: list[str], folder: str) -> float:
    """Wall-clock time of one run in ``folder``."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def main(runs: int = 7) -> None:
    """Measure, print, and exit with 1 where the bound does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        # Files, bytecode and the compiled layout engine into their caches
        for arguments in COMMANDS.values():
            seconds(arguments, folder)
        times = {name: [] for name in COMMANDS}
        for _ in range(runs):
            for name, arguments in COMMANDS.items():
                times[name].append(seconds(arguments, folder))
    median = {name: statistics.median(each) for name, each in times.items()}
    for name, value in median.items():
        print(f"{value:7.3f} s  {name}")
    bare, shown = median["python -c pass"], median["gradviz --help"]
    print(
        f"gradviz --help against python -c pass: {shown / bare:.1f} times, {shown - bare:.3f} s"
        " more"
    )
    torch = median['python -c "import torch"']
    beyond = {
        name: value - torch for name, value in median.items() if name.startswith("gradviz example")
    }
    for name, more in beyond.items():
        print(
            f"{name} against import torch: {more / torch + 1:.2f} times, {more:.3f} s more (at most"
            f" {ALLOWED} s)"
        )
    if max(beyond.values()) > ALLOWED:
        sys.exit(1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
