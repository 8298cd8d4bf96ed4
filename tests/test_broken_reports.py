"""A report file with something wrong in it is read as far as it makes sense, or refused in one
line; never a traceback.
"""

import collections
import copy
import json
import os
import random
import re
from pathlib import Path

import pytest
import torch
from torch import nn

import gradviz
from gradviz.cli import main

ODD = [
    None,
    True,
    -1,
    0,
    10**9,
    2**70,
    1.5,
    float("nan"),
    float("inf"),
    1e308,
    "",
    "x",
    "a.b",
    "..",
    "\ud800",
    "\x1b[31m\0\u202e",
]
ODD += [[], {}, [[[]]], [None], {"x": 1}, "cut", "op", "reached", "*", "["]
TRIED = int(os.environ.get("GRADVIZ_REPORTS", "100"))  # broken reports; some thousands take minutes
FIRST = 1_000_000 * int(os.environ.get("GRADVIZ_SEED", "0"))  # any other number breaks others
# Terminals, pages and GitHub act upon it
HOSTILE = "\x1b[31m\x1b]0;t\x07\0\r\n::error::x\u202e\u2066\u200b\u2028\x9b\ud800\x7f\ufeff"
ACTED_UPON = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
TEXTS = (
    "name",
    "code",
    "file",
    "operation",
    "scope",
    "loss",
    "names",
    "notes",
    "optimizer",
    "class",
    "means",
    "mend",
)


@pytest.fixture(scope="module")
def document() -> dict:
    """Two losses, cut and frozen parameters, and two steps of training."""
    model = nn.Sequential(
        nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Linear(1, 1), nn.Linear(1, 1)
    )
    model[4].requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with gradviz.trace() as trace:
        hidden = model[1](model[0](torch.ones(1, 2)))
        with torch.no_grad():
            scale = model[2](hidden)
        loss = (
            model[4](model[3](hidden.mean(1, keepdim=True))) * scale + hidden.detach().round().sum()
        ).sum()
        loss.backward(retain_graph=True)
        optimizer.step()
    found: dict = json.loads(trace.report({"whole": loss, "part": hidden.sum()}, model).to_json())
    return found


def places(value: object, path: tuple = ()) -> list[tuple]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [
        *([path] if path else []),
        *(deeper for key, item in inner for deeper in places(item, (*path, key))),
    ]


def at(document: dict, path: tuple) -> object:
    for key in path:
        document = document[key]
    return document


def chosen(document: dict, chance: random.Random) -> tuple:
    """A place.

    Any, or of a kind of place, so that what is rare comes as often as what is common.
    """
    kinds = collections.defaultdict(list)
    for path in places(document):
        kinds[
            tuple(key for key in path if isinstance(key, str)) if chance.random() < 0.6 else ""
        ].append(path)
    return chance.choice(kinds[chance.choice(list(kinds))])


def mutated(document: dict, chance: random.Random) -> dict:
    """Take a few things out, put odd ones in, repeat some, and have numbers, names, entries and
    keys change places.
    """
    document = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
        *path, last = chosen(document, chance)
        holder = at(document, path)
        value, how = holder[last], chance.randrange(9)
        if how == 0:
            del holder[last]
        elif how == 1:
            holder[last] = copy.deepcopy(chance.choice(ODD))
        elif how == 2 and type(value) is int:
            # Another node: edges that make circles, or lead nowhere
            holder[last] = chance.randrange(-1, 30)
        elif how == 2 and type(value) is str:
            # A name twice
            holder[last] = chance.choice(
                [at(document, other) for other in places(document) if other[-1] == last]
            )
        elif how == 3 and isinstance(holder, list):
            holder.insert(chance.randrange(len(holder) + 1), copy.deepcopy(chance.choice(holder)))
        elif how == 4 and isinstance(holder, list):
            chance.shuffle(holder)
        elif how == 5 and isinstance(value, list):
            holder[last] = value * chance.choice((2, 3))
        elif how == 6 and isinstance(value, list):
            holder[last] = value[: chance.randrange(len(value) + 1)]
        elif how == 7:
            holder[last] = copy.deepcopy(at(document, chosen(document, chance)))
        elif how == 8 and isinstance(holder, dict):
            other = chance.choice(list(holder))
            holder[last], holder[other] = holder[other], holder[last]
    return document


def commands(good: Path, bad: Path, folder: Path) -> list[list]:
    """Every reader of a report, and every writer."""
    endings = (".html", ".dot", ".json", ".txt")
    return [
        ["draw", bad],
        ["check", bad, "--rest", "any"],
        ["check", bad, "--format", "github", "--frozen", "*"],
        ["check", bad, "--trains", "*"],
        ["check", bad, "--loss", "whole"],
        *(
            ["diff", *pair, *more]
            for pair in ((good, bad), (bad, good))
            for more in ((), ("--format", "json"), ("-o", folder / "d.html"))
        ),
        *(["draw", bad, "-o", folder / f"g{ending}"] for ending in endings),
        *(
            ["draw", bad, "-o", folder / "g.dot", *more]
            for more in (("--depth", "1"), ("--budget", "3"))
        ),
    ]


def answer(command: list, capsys: pytest.CaptureFixture) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in command])
    return left.value.code, *capsys.readouterr()


@pytest.mark.parametrize("part", range(4))
def test_every_reader_answers_with_a_picture_or_one_line(
    part: int, document: dict, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(document))
    for seed in range(FIRST + part, FIRST + TRIED, 4):
        chance = random.Random(seed)
        bad.write_text(json.dumps(mutated(document, chance)))
        tried = chance.sample(commands(good, bad, tmp_path), 4)
        if seed % 25 == 0:
            tried.append(["draw", bad, "-o", tmp_path / "g.svg", "--engine", "embedded"])
        for command in tried:
            code, _, said = answer(command, capsys)
            assert code in (0, 1, 2), (seed, command, said)
            assert code != 2 or (said.startswith("gradviz: ") and said.count("\n") == 1), (
                seed,
                command,
                said,
            )


def hostile(value: object, key: str = "") -> object:
    if isinstance(value, dict):
        return {name: hostile(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [hostile(item, key) for item in value]
    return value + HOSTILE if isinstance(value, str) and key in TEXTS else value


def test_nothing_is_written_that_a_terminal_a_page_or_github_acts_upon(
    document: dict, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(document))
    bad.write_text(json.dumps(hostile(document)))
    written = [
        *commands(good, bad, tmp_path),
        ["draw", bad, "-o", tmp_path / "g.svg", "--engine", "embedded"],
    ]
    for command in [
        *written,
        ["check", bad, "--loss", HOSTILE],
        ["draw", tmp_path / "no\x1b[31m\u202e.json"],
    ]:
        _, out, err = answer(command, capsys)
        texts = [
            out,
            err,
            *(path.read_text() for path in tmp_path.iterdir() if path.suffix != ".json"),
        ]
        assert [ACTED_UPON.findall(text) for text in texts] == [[]] * len(texts), command
        assert not any(
            line.startswith("::error::x") for text in texts for line in text.splitlines()
        ), command


def test_edges_that_make_no_graph_are_refused(
    document: dict, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    graph = document["backwards"][0]["graph"]
    leaf = next(node["index"] for node in graph["nodes"] if node["kind"] == "parameter")
    other = next(node["index"] for node in graph["nodes"] if node["kind"] == "operation")
    broken = copy.deepcopy(document)
    broken["backwards"][0]["graph"]["edges"].append({"source": other, "target": leaf})
    (tmp_path / "bad.json").write_text(json.dumps(broken))
    code, _, said = answer(["draw", tmp_path / "bad.json", "-o", tmp_path / "g.html"], capsys)
    assert code == 2
    assert "passes gradient on from a leaf" in said
