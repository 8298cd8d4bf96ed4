"""How much of what is severed ``gradviz mend`` mends, over cases whose truth is known, and whether
what it says is so.

    python benchmarks/mends.py                       every case of tests/cases python
    benchmarks/mends.py --cases DIR 02 31     another folder; only the cases whose names begin so

A patch is applied by ``git apply`` to a copy, and the copy is run by plain torch: a parameter
counts as mended where gradient reaches it that did not, or where its gradient is another one for a
severed route. ``wrong`` are patches that do something else than was said.
"""

import argparse
import collections
import hashlib
import importlib.util
import subprocess
import tempfile
import warnings
from pathlib import Path

import torch

from gradviz.mending.laboratory import Laboratory, Nursery
from gradviz.mending.order import Order
from gradviz.mending.patches import unified
from gradviz.mending.problems import best, problems, severed
from gradviz.mending.purpose import is_meant
from gradviz.mending.search import Search

CASES = Path(__file__).parents[1] / "tests" / "cases"


def main() -> None:
    """Print what is mended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("starts", nargs="*")
    parser.add_argument("--cases", type=Path, action="append")
    parser.add_argument(
        "--healthy",
        action="store_true",
        help="the cases without a fault, where nothing is to be offered",
    )
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    total, by_kind, names = (
        collections.Counter(),
        collections.defaultdict(collections.Counter),
        set(),
    )
    with Nursery() as nursery:
        for path in sorted(
            path.resolve()
            for folder in arguments.cases or [CASES]
            for path in folder.glob("[0-9]*.py")
        ):
            if path.name in names or (
                arguments.starts and not path.name.startswith(tuple(arguments.starts))
            ):
                continue
            names.add(path.name)
            case = load(path)
            if bool(getattr(case, "BUG", not path.stem.endswith("_ok"))) is not arguments.healthy:
                judge(path, nursery, total, by_kind, verbose=arguments.verbose)
    for kind, counts in sorted(by_kind.items()):
        print(f"{kind:22} problems {counts['mended']}/{counts['problems']}")
    cut, partial = total["cut"], total["partial"]
    print(
        f"cases {total['cases']}, with a patch {total['with a patch']}, patches {total['patches']},"
        f" wrong {total['wrong']}"
    )
    print(f"cut {total['cut mended']}/{cut}, partial {total['partial mended']}/{partial}")
    print(
        "severed parameters mended:"
        f" {total['cut mended'] + total['partial mended']}/{cut + partial}"
    )


def load(path):
    """Return a case as a module."""
    spec = importlib.util.spec_from_file_location(f"case_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge(path, nursery, total, by_kind, *, verbose):
    """Count what is mended of one case."""
    with Laboratory(Order(step=f"{path}:step", folder=str(path.parent)), 60, nursery) as laboratory:
        search = Search(laboratory)
        known = best(search.base.report)
        left = {name: one for name, one in known.items() if severed(one)}
        count = {True: "cut", False: "partial"}
        for one in left.values():
            total[count[str(one.verdict) == "cut"]] += 1
        total["cases"] += 1
        mended, lines = set(), []
        for problem in problems(search.base.report):
            sources = {place.file: search.source(place.file) for place in problem.places}
            by_kind[problem.kind]["problems"] += 1
            if is_meant(problem, known, sources):
                by_kind[problem.kind]["meant"] += 1
                lines.append(
                    f"  meant   {problem.kind} {problem.operation} line {problem.places[0].line}:"
                    f" {problem.places[0].code[:90]}"
                )
                continue
            mends = search.mends(problem)
            if not mends:
                lines.append(
                    f"  NOTHING {problem.kind} {problem.operation} line {problem.places[0].line}:"
                    f" {problem.places[0].code[:90]}"
                )
                continue
            by_kind[problem.kind]["mended"] += 1
            first = mends[0]
            total["patches"] += 1
            wrong = held_against_torch(path, search, first)
            total["wrong"] += bool(wrong)
            mended |= set(first.effect.gained)
            soft = " (soft)" if first.soft else ""
            lines.append(
                f"  {problem.kind}: {', then '.join(first.titles)}{soft};"
                f" {len(first.effect.gained)} of {len(problem.parameters)}"
            )
            if wrong:
                lines.append(f"  WRONG {wrong}")
        total["with a patch"] += bool(mended)
        for name in mended:
            if name in left:
                total[f"{count[str(left[name].verdict) == 'cut']} mended"] += 1
        missing = left.keys() - mended
        if verbose or missing or any("WRONG" in line for line in lines):
            print(
                f"{path.stem}: {len(left) - len(missing)}/{len(left)}", *lines, sep="\n", flush=True
            )


def held_against_torch(path, search, mend):
    """Return what a patch does otherwise than was said; empty where all is so."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(path.read_bytes())
        before = run(copy)
        diff = b"".join(
            unified(path.name, search.originals[file], data) for file, data in mend.sources.items()
        )
        done = subprocess.run(
            ["git", "apply", "-"], cwd=folder, input=diff, capture_output=True, check=False
        )
        if done.returncode:
            return f"not applied: {done.stderr.decode()}"
        after = run(copy)
    effect = mend.effect
    complaints = [
        f"{name} is not reached" for name in effect.reached if after[1].get(name) in (None, "zero")
    ]
    complaints += [
        f"{name} has the same gradient"
        for name in effect.mended
        if after[1].get(name) == before[1].get(name)
    ]
    if effect.same_loss != (before[0] == after[0]):
        complaints.append(f"the loss is {'another' if effect.same_loss else 'the same'}")
    meant = {*effect.gained, *effect.left, *mend.problem.parameters}
    complaints += [f"{name} is reached" for name in effect.left if after[1].get(name) is not None]
    changed = {
        name
        for name, one in before[1].items()
        if name in after[1] and name not in meant and after[1][name] != one
    }
    if changed != set(effect.changed):
        complaints.append(f"changed are {sorted(changed)}")
    return "; ".join(complaints)


def run(path):
    """Return the bits of a case's loss and of its gradients."""
    case = load(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loss, model = case.step()
            if loss.requires_grad:
                loss.backward()
    finally:
        torch.set_grad_enabled(True)
    return bits(loss), {
        name: None if one.grad is None else bits(one.grad) for name, one in model.named_parameters()
    }


def bits(tensor):
    """Return a digest of a tensor; ``"zero"`` where it is."""
    plain = tensor.detach().to_dense() if tensor.layout != torch.strided else tensor.detach()
    if not bool((plain != 0).any()):
        return "zero"
    return hashlib.sha256(
        torch.view_as_real(plain.resolve_conj()).numpy().tobytes()
        if plain.is_complex()
        else plain.numpy().tobytes()
    ).hexdigest()


if __name__ == "__main__":
    main()
