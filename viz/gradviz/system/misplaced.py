"""What a command was given in place of what it takes, and which command takes that. No torch.

It goes by the name: a newcomer types the right file after the wrong command.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

# What a command takes, by its name in a sentence
FUNCTION = "a function"
REPORT = "a saved report (.json)"
RUN = "the saved report of a run (.json)"
SCRIPT = "a script"

_REPORT, _PICTURE, _NOTEBOOK, _WEIGHTS, _FOLDER = (
    "a saved report",
    "a picture or a page",
    "a notebook",
    "a file of weights",
    "a folder",
)
_WAYS_OUT: Mapping[tuple[str, str], str] = {
    (SCRIPT, FUNCTION): "write {0}:function, or run the script: gradviz run {0}",
    (SCRIPT, REPORT): "gradviz run -o report.json {0} writes one",
    (SCRIPT, RUN): "gradviz run --every 1 -o run.json {0} writes one",
    (FUNCTION, REPORT): "gradviz show {0} -o report.json writes one",
    (FUNCTION, RUN): "gradviz run --every 1 -o run.json train.py writes one, of a script",
    (FUNCTION, SCRIPT): "gradviz show {0}",
    (_REPORT, FUNCTION): "gradviz draw {0} prints it, gradviz check {0} holds it",
    (_REPORT, SCRIPT): "gradviz draw {0} prints it, gradviz check {0} holds it",
}
_OF_ANY: Mapping[str, str] = {
    _PICTURE: "gradviz only writes such files; it reads what -o report.json writes",
    _NOTEBOOK: "in it, write %load_ext gradviz, and %%gradviz loss model above the step's cell",
    _WEIGHTS: "it holds no step; give the script that trains: gradviz run train.py",
    _FOLDER: "name a file in it",
}
_ENDINGS = {
    ".py": SCRIPT,
    ".json": _REPORT,
    ".ipynb": _NOTEBOOK,
    **dict.fromkeys((".svg", ".html", ".dot", ".png", ".pdf"), _PICTURE),
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".safetensors", ".onnx"), _WEIGHTS),
}


def kind_of(name: str) -> str:
    """Return what a name stands for: ``"a script"``; empty where its ending does not tell."""
    if os.path.isdir(name):
        return _FOLDER
    module, colon, function = name.rpartition(":")
    if colon and module and function.isidentifier():
        return FUNCTION
    return _ENDINGS.get(Path(name).suffix.lower(), "")


def way_out(name: str, wanted: str) -> str:
    """Return why a name is not what a command takes, and the way out, in a sentence.

    Args:
        name: What the command was given.
        wanted: What it takes: ``FUNCTION``, ``REPORT``, ``RUN`` or ``SCRIPT``.

    Returns:
        The sentence; empty where the name may be what the command takes.
    """
    kind = kind_of(name)
    way = _WAYS_OUT.get((kind, wanted)) or _OF_ANY.get(kind)
    return f"{name} is {kind}, and this takes {wanted}: {way.format(name)}" if way else ""


def command_for(name: str) -> str:
    """Return the command that takes what a name stands for; empty where there is none."""
    verb = {SCRIPT: "run", FUNCTION: "show", _REPORT: "draw"}.get(kind_of(name))
    return f"gradviz {verb} {name}" if verb else ""


def likely(name: str) -> str:
    """Return what a name without a function was likely meant to be; empty where nothing is near.

    ``train`` is ``train.py``, and ``steps.step`` is ``steps.py:step``.
    """
    if Path(f"{name}.py").is_file():
        return f"{name}.py"
    module, _, function = name.rpartition(".")
    path = module.replace(".", "/")
    if module and Path(f"{path}.py").is_file():
        return f"{path}.py:{function}"
    ending = ".json" if name.endswith(".json") else ".py"
    files = [path.name for path in Path(name).absolute().parent.glob(f"*{ending}")]
    close = get_close_matches(Path(name).name, files, n=1)
    return str(Path(name).with_name(close[0])) if close else ""
