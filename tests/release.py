"""Builds what a release consists of into dist/, and looks into it. Uploads nothing.

    python tests/release.py [FOLDER]

The sdist and the wheel; in the wheel the package and nothing else, and its licence; of what it
needs the licence as each package states it, as a list of parts (CycloneDX, sbom.json); and what
``twine check`` says. Exit status 1 where anything is not as it should be.
"""

import importlib.metadata
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "viz" / "gradviz"
# As packages state it: what may be needed by a program under the MIT licence
FREE = re.compile(
    r"\b(MIT|BSD|Apache|PSF|Python Software Foundation|ISC|MPL|Mozilla|0BSD|Zlib|LGPL|Unlicense|EPL)\b"
)
Part = dict[str, object]


def main() -> int:
    """Build, look, and return 1 where something is wrong."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("torch_gradviz-*"):
        old.unlink()
    run("build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    run("twine", "check", "--strict", str(wheel), str(sdist))
    parts = needed("torch-gradviz")
    wrong = [*content(wheel), *strange_sources(sdist), *licences(parts)]
    (folder / "sbom.json").write_text(bill(wheel, parts))
    for line in wrong:
        print(f"WRONG  {line}")
    for path in (wheel, sdist, folder / "sbom.json"):
        print(f"{path.name:40} {path.stat().st_size / 1024:8.0f} KiB")
    print(f"{len(parts)} packages are needed, with licences that allow it: {not wrong}")
    return 1 if wrong else 0


def run(*command: str) -> None:
    """Run a module of Python; its output is shown where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:2])} failed:\n{done.stdout}{done.stderr}")


def content(wheel: Path) -> list[str]:
    """Return what is too much in the wheel, or not in it."""
    names = set(zipfile.ZipFile(wheel).namelist())
    info = next(name.split("/")[0] for name in names if name.endswith(".dist-info/METADATA"))
    page = PACKAGE / "render" / "page"
    files = [*PACKAGE.rglob("*.py"), *page.rglob("*.*"), PACKAGE / "py.typed"]
    wanted = {f"gradviz/{path.relative_to(PACKAGE).as_posix()}" for path in files}
    own = {name for name in names if name.startswith("gradviz/")}
    strange = {name for name in names - own if not name.startswith(f"{info}/")}
    wrong = [f"not in the wheel: {name}" for name in sorted(wanted - own)]
    wrong += [f"should not be in the wheel: {name}" for name in sorted(strange | own - wanted)]
    if f"{info}/licenses/LICENSE" not in names:
        wrong.append("not in the wheel: its licence")
    return wrong


def strange_sources(sdist: Path) -> list[str]:
    """Return what is too much in the sdist: a folder other than the package's."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = {name.split("/")[0] for name in names if "/" in name}
    return [f"should not be in the sdist: {name}" for name in sorted(folders - {"viz"})]


def needed(name: str) -> list[importlib.metadata.Distribution]:
    """Return the packages that one needs, and what these need, without its extras."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [name]
    while waiting:
        for requirement in importlib.metadata.distribution(waiting.pop()).requires or ():
            other = re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")
            if "extra ==" in requirement or other in found:
                continue
            try:
                found[other] = importlib.metadata.distribution(other)
            except importlib.metadata.PackageNotFoundError:
                continue  # for another system or another Python
            waiting.append(other)
    return [found[other] for other in sorted(found)]


def licence(part: importlib.metadata.Distribution) -> str:
    """Return the licence that a package states, in one line."""
    stated = part.metadata.get("License-Expression") or ""
    classes = part.metadata.get_all("Classifier") or []
    stated = stated or "; ".join(
        line.split(" :: ")[-1] for line in classes if line.startswith("License ::")
    )
    lines = (part.metadata.get("License") or "").strip().splitlines()
    return stated or (lines[0] if lines else "")


def licences(parts: list[importlib.metadata.Distribution]) -> list[str]:
    """Return the packages whose licence is none of those that are known to be free."""
    return [
        f"{part.name} states as its licence {licence(part)!r}"
        for part in parts
        if not FREE.search(licence(part))
    ]


def bill(wheel: Path, parts: list[importlib.metadata.Distribution]) -> str:
    """Return the list of parts as CycloneDX 1.5."""
    version = wheel.name.split("-")[1]
    components: list[Part] = [
        {
            "type": "library",
            "name": part.name,
            "version": part.version,
            "purl": f"pkg:pypi/{part.name.lower()}@{part.version}",
            "licenses": [{"license": {"name": licence(part)}}],
        }
        for part in parts
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "library", "name": "torch-gradviz", "version": version}},
        "components": components,
    }
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
