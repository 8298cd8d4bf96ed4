"""What one tool does in a process of its own; the answers go to a file as JSON.

python child.py time TOOL SUBJECT ANSWERS      seconds and memory
python child.py says TOOL ANSWERS              what it tells of programs with known answers
python child.py left TOOL ANSWERS              what is otherwise in the process afterwards
python child.py draw TOOL ANSWERS              a digest of the picture
"""

import contextlib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import scenes
import torch
from subjects import subject
from tools import TOOLS, Tool, deep
from torch import nn

TURNS = 2


def peak() -> int:
    """Return the most memory that this process has used, in MiB."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what ``work`` returns, and the seconds it took."""
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start


def time_tool(name: str, shown: str, answers: Path) -> None:
    """Take turns with the plain step; what is known so far is always in the file."""
    tool, plain = TOOLS[name](), Tool()
    model, x = subject(shown)
    figures: dict[str, Any] = {"plain": [], "graph": [], "picture": [], "turns": 0}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PEERS_FOLDER"] = folder
        for turn in range(TURNS + 1):  # the first is for warmth
            model.zero_grad(set_to_none=True)
            _, base = timed(lambda: plain.graph(model, x, []))
            figures.setdefault("peak before", peak())
            model.zero_grad(set_to_none=True)
            made, seconds = timed(lambda: tool.graph(model, x, []))
            if turn:
                figures["plain"].append(base)
                figures["graph"].append(seconds)
            else:
                figures["first graph"] = seconds
            answers.write_text(json.dumps(figures))
            if tool.draws:
                path, more = timed(lambda made=made: tool.picture(made, Path(folder)))
                assert path.stat().st_size > 0
                if turn:
                    figures["picture"].append(seconds + more)
                else:
                    figures["first picture"] = seconds + more
            del made
            figures["peak"], figures["turns"] = peak(), turn
            answers.write_text(json.dumps(figures))
        tool.end(model)


def told(tool: Tool, scene: type[nn.Module], held: str = "") -> tuple[dict[str, str], str]:
    """Return what a tool says of the parameters of a scene, and all that it says or draws."""
    torch.manual_seed(0)
    model = scene()
    optimizers = []
    if held:
        chosen = [p for n, p in model.named_parameters() if n.startswith(held)]
        optimizers = [torch.optim.SGD(chosen, lr=0.1)]
    said = io.StringIO()
    fates: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(said):
        os.environ["PEERS_FOLDER"] = folder
        with contextlib.redirect_stderr(said):
            try:
                made = tool.graph(model, torch.ones(2, 3), optimizers)
                fates = tool.fates(made, model)
                said.write(tool.text(made))
                if tool.draws:
                    tool.picture(made, Path(folder))
                tool.end(model)
            except Exception:
                traceback.print_exc()
        pages = [
            path.read_bytes().decode(errors="replace")
            for path in Path(folder).iterdir()
            if path.is_file()
        ]
    return fates, "\n".join([said.getvalue(), *pages])


def names(text: str, line: int, code: str) -> bool:
    """Say whether a text names a line of the scenes, by its number or by its code."""
    return bool(re.search(rf"scenes\.py\D{{1,20}}{line}\b", text)) or code in text


def says(name: str) -> dict[str, bool | str]:
    """Return which questions a tool answers rightly."""
    tool = TOOLS[name]()
    fates, text = told(tool, scenes.Scene)

    def word(layer: str) -> str:
        words = {fates.get(f"{layer}.{part}", "") for part in ("weight", "bias")}
        return words.pop() if len(words) == 1 else ""

    gets, none = ("gets", "trains", "still"), ("none", "cut", "unused", "frozen")
    answers: dict[str, bool | str] = {
        "who gets gradient": all(word(layer) in gets for layer in ("f0", "f3"))
        and all(word(layer) in none for layer in ("f1", "f2", "spare")),
        "frozen, passed through": word("f2") == "frozen" and word("f0") in gets,
        "cut": word("f1") == "cut",
        "unused": word("spare") == "unused",
        "line of the cut": names(text, scenes.line("the cut"), "self.f1(x).tanh().detach()"),
    }
    fates, _ = told(tool, scenes.Forgotten, held="f2")
    answers["does it train"] = word("f1") == "still" and word("f2") == "trains"
    for key, scene, code in (
        ("NaN in forward, its line", scenes.NanForward, "torch.log(-h)"),
        ("NaN in backward, its line", scenes.NanBackward, "torch.sqrt(h)"),
    ):
        _, text = told(tool, scene)
        where = names(text, scenes.nan_line(scene), code)
        answers[key] = where and bool(re.search(r"nan\b", text, re.IGNORECASE))
    return answers


class Noisy(nn.Module):
    """Statistics that a forward moves, and random numbers that it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.f1, self.norm, self.f2 = nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the loss."""
        return self.f2(nn.functional.dropout(self.norm(self.f1(x)), 0.5)).sum()


def state(model: nn.Module) -> dict[str, Any]:
    """Return what a step may leave in a process."""
    return {
        "gradients": [None if p.grad is None else p.grad.tolist() for p in model.parameters()],
        "buffers": [buffer.tolist() for buffer in model.buffers()],
        "random state": torch.get_rng_state().tolist(),
        "torch's functions": [
            {key: id(value) for key, value in vars(owner).items() if callable(value)}
            for owner in (torch, torch.Tensor, nn.Module, nn.functional, torch.optim.Optimizer)
        ],
        "hooks": [
            (len(one._forward_hooks), len(one._forward_pre_hooks), len(one._backward_hooks))
            for one in model.modules()
        ]
        + [len(p._backward_hooks or ()) for p in model.parameters()],
        "modes": (torch.is_grad_enabled(), model.training, torch.is_anomaly_enabled()),
        "attributes of modules": [sorted(vars(one)) for one in model.modules()],
    }


def changed(name: str) -> list[str]:
    """Return what is otherwise after a step under a tool than after the same step without."""
    after = []
    for tool in (Tool(), TOOLS[name]()):  # what a tool changes once, it changes in the second
        torch.manual_seed(0)
        model, x = Noisy(), torch.ones(4, 3)
        with tempfile.TemporaryDirectory() as folder:
            os.environ["PEERS_FOLDER"] = folder
            made = tool.graph(model, x, [])
            if tool.draws:
                tool.picture(made, Path(folder))
            tool.end(model)
        after.append(state(model))
    plain, watched = after
    return [key for key, value in plain.items() if value != watched[key]]


def main() -> None:
    """Do what the command line says."""
    what, name, *rest, answers = sys.argv[1:]
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    deep()
    path = Path(answers)
    if what == "time":
        time_tool(name, rest[0], path)
    elif what == "says":
        path.write_text(json.dumps(says(name)))
    elif what == "left":
        path.write_text(json.dumps({"changed": ", ".join(changed(name))}))
    else:
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            os.environ["PEERS_FOLDER"] = folder
            tool = TOOLS[name]()
            made = tool.graph(scenes.Scene(), torch.ones(2, 3), [])
            drawn = tool.picture(made, Path(folder))
            data = drawn.read_bytes() if drawn else tool.text(made).encode()
        path.write_text(json.dumps(hashlib.sha256(data).hexdigest()))


if __name__ == "__main__":
    main()
