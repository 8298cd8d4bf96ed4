"""A report file with something wrong in it is read as far as it makes sense, or refused in one line; never a traceback."""

import copy
import json
import random
from pathlib import Path

import pytest
import torch
from torch import nn

import gradviz
from gradviz.cli import main

ODD = [None, True, -1, 0, 10**9, 2**70, 1.5, float("nan"), float("inf"), "", "x", "a.b", "\x1b[31m\0\u202e", [], {}, [[[]]], "cut", "op"]


@pytest.fixture(scope="module")
def document() -> dict:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Linear(1, 1))
    with gradviz.trace() as trace:
        hidden = model[1](model[0](torch.ones(1, 2)))
        with torch.no_grad():
            scale = model[2](hidden)
        loss = (model[3](hidden.mean(1, keepdim=True)) * scale + hidden.detach().round().sum()).sum()
    found: dict = json.loads(trace.report(loss, model).to_json())
    return found


def places(value: object, path: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(deeper for key, item in inner for deeper in places(item, (*path, key)))]


def mutated(document: dict, chance: random.Random) -> dict:
    """Take a few things out, put odd ones in, and have numbers, entries and keys change places."""
    document = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        *path, last = chance.choice(places(document))
        holder = document
        for key in path:
            holder = holder[key]
        how = chance.randrange(5)
        if how == 0:
            del holder[last]
        elif how == 1:
            holder[last] = copy.deepcopy(chance.choice(ODD))
        elif how == 2 and type(holder[last]) is int:
            holder[last] = chance.randrange(-1, 30)
        elif how == 3 and isinstance(holder, list):
            holder.insert(chance.randrange(len(holder) + 1), copy.deepcopy(chance.choice(holder)))
        elif isinstance(holder, list):
            chance.shuffle(holder)
    return document


@pytest.mark.parametrize("seed", range(30))
def test_every_reader_answers_with_a_picture_or_one_line(seed: int, document: dict, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    chance = random.Random(seed)
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(document))
    bad.write_text(json.dumps(mutated(document, chance)))
    commands = [["draw", bad], ["diff", good, bad], ["diff", bad, good, "--format", "json"], ["check", bad, "--rest", "any"]]
    commands += [["draw", bad, "-o", tmp_path / f"g{ending}"] for ending in (".html", ".dot", ".json", ".svg")]
    for command in commands:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in command])
        said = capsys.readouterr().err
        assert left.value.code in (0, 1, 2), (command, said)
        assert left.value.code != 2 or (said.startswith("gradviz: ") and said.count("\n") == 1), (command, said)


def test_edges_that_make_no_graph_are_refused(document: dict, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    graph = document["backwards"][0]["graph"]
    leaf = next(node["index"] for node in graph["nodes"] if node["kind"] == "parameter")
    other = next(node["index"] for node in graph["nodes"] if node["kind"] == "operation")
    broken = copy.deepcopy(document)
    broken["backwards"][0]["graph"]["edges"].append({"source": other, "target": leaf})
    (tmp_path / "bad.json").write_text(json.dumps(broken))
    with pytest.raises(SystemExit) as left:
        main(["draw", str(tmp_path / "bad.json"), "-o", str(tmp_path / "g.html")])
    assert left.value.code == 2
    assert "passes gradient on from a leaf" in capsys.readouterr().err
