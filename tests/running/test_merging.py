"""Saved reports of ranks that share no folder, put together by ``gradviz merge``."""

import json
import random
from pathlib import Path

import pytest
import torch
from torch import nn

import gradviz
from gradviz.cli import main
from gradviz.running.merging import merged


class Net(nn.Module):
    """A trunk, and a head for even and one for odd ranks."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.left, self.right = nn.Linear(3, 3), nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, rank: int) -> torch.Tensor:
        head = self.right if rank % 2 else self.left
        return head(self.trunk(torch.ones(1, 3))).sum()


def report(rank: int) -> str:
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with gradviz.trace() as trace:
        loss = net(rank)
        loss.backward()
        optimizer.step()
    return trace.report(loss, net).to_json()


@pytest.fixture
def saved(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"report.rank{rank}.json" for rank in range(4)]
    for rank, file in enumerate(files):
        file.write_text(report(rank))
    return files


def answer(capsys: pytest.CaptureFixture, *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return left.value.code, *capsys.readouterr()


def refused(capsys: pytest.CaptureFixture, *words: object) -> str:
    code, out, err = answer(capsys, "merge", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    return err


def test_the_table_says_what_differs_and_what_is_the_same(saved, capsys):
    code, out, _ = answer(capsys, "merge", *reversed(saved))  # whatever their order
    lines = out.splitlines()
    assert code == 0
    assert lines[0].endswith("4 of 6 parameters differ between ranks")
    assert [line.split()[:5] for line in lines[2:5]] == [
        ["differ", "reached", "unused", "reached", "unused"],
        ["differ", "unused", "reached", "unused", "reached"],
        ["same", "reached", "reached", "reached", "reached"],
    ]
    assert lines[5] == "training: 4 of 6 parameters differ between ranks"


def test_ranks_that_agree_are_said_to(saved, capsys):
    saved[1].write_text(saved[0].read_text())
    code, out, _ = answer(capsys, "merge", *saved[:2])
    assert code == 0
    assert [line.split(": ", 1)[1] for line in out.splitlines()[0:1]] == ["every rank saw the same"]
    assert out.splitlines()[-1] == (
        "training: every rank says the same of 6 parameters: 4 trains and 2 unused"
    )


def test_a_rank_whose_file_is_not_there_is_missing(saved, capsys):
    _, out, _ = answer(capsys, "merge", saved[0], saved[2])
    assert "  missing   rank 1 did not come to this call, or left nothing here" in out


def test_the_json_says_of_each_parameter_on_which_ranks_it_is_what(saved, tmp_path, capsys):
    code, _, err = answer(capsys, "merge", *saved, "-o", tmp_path / "ranks.json")
    assert (code, err) == (0, f"gradviz: wrote {tmp_path / 'ranks.json'}\n")
    table = json.loads((tmp_path / "ranks.json").read_text())
    assert table["files"] == {str(rank): str(file) for rank, file in enumerate(saved)}
    (call,) = table["calls"]
    assert call["parameters"][2] == {
        "name": "left.weight",
        "numel": 3,
        "reached": ["0", "2"],
        "unused": ["1", "3"],
    }
    assert table["training"][0] == {"name": "trunk.weight", "numel": 9, "trains": ["0..3"]}


def test_a_report_that_is_laid_out_otherwise_gives_the_same_table(saved, capsys):
    _, before, _ = answer(capsys, "merge", *saved)
    for indent, file in zip((None, 0, 2, 8), saved, strict=True):
        file.write_text(json.dumps(json.loads(file.read_text()), indent=indent))
    _, after, _ = answer(capsys, "merge", *saved)
    assert after == before


def test_names_that_look_like_the_layout_are_read_as_names(saved):
    odd = '"numel": 7, "verdict": "cut", {"name": "x", "graph": {'
    for file in saved[:2]:
        document = json.loads(file.read_text().replace("trunk.weight", "@@"))
        file.write_text(json.dumps(document, indent=1).replace("@@", json.dumps(odd)[1:-1]))
    table = json.loads(merged(saved[:2]).json())
    assert table["calls"][0]["parameters"][0] == {"name": odd, "numel": 9, "reached": ["0..1"]}


def test_what_another_rank_says_of_a_parameter_is_read_though_it_begins_alike(saved):
    text = saved[0].read_text()
    wider = text.replace('"numel": 3,', '"numel": 31,')
    fatal = text.replace('"verdict": "reached"', '"verdict": "cut"')
    for path, own in zip(saved, (text, wider, fatal, text), strict=True):
        path.write_text(own)
    calls = [
        next(iter(report.calls.values()))[1]["trunk.bias"]
        for report in merged(saved).reports.values()
    ]
    assert calls == [("reached", 3), ("reached", 31), ("cut", 3), ("reached", 3)]
    training = [report.training["trunk.bias"] for report in merged(saved).reports.values()]
    assert [size for _, size in training] == [3, 31, 3, 3]


def test_ranks_without_a_number_are_counted_in_the_order_of_the_files(saved, tmp_path, capsys):
    saved[1].rename(tmp_path / "b.json")
    _, out, _ = answer(capsys, "merge", tmp_path / "b.json", saved[0])
    assert out.splitlines()[0] == (
        f"ranks are counted in the order of the files: rank 0 is {tmp_path / 'b.json'}, rank 1 is"
        f" {saved[0]}"
    )
    assert out.splitlines()[3].split()[:3] == ["differ", "unused", "reached"]


def test_models_without_a_common_parameter_stand_side_by_side(saved, tmp_path, capsys):
    """As of the stages of a pipeline."""
    saved[1].write_text(saved[1].read_text().replace('"trunk.', '"stage1.'))
    _, out, _ = answer(capsys, "merge", *saved[:2])
    first = next(line for line in out.splitlines() if "stage1" in line)
    assert first.split()[:3] == ["differ", "-", "reached"]


def test_of_many_ranks_that_all_differ_each_lot_is_told_in_words(tmp_path):
    text, files = report(0), []
    for rank in range(40):
        chance = random.Random(rank)
        files.append(tmp_path / f"r.rank{rank}.json")
        files[-1].write_text(
            text.replace(
                '"numel": 9, "verdict": "reached"',
                f'"numel": 9, "verdict": "{"cut" if rank == 7 else "reached"}"',
            )
            .replace(
                '"numel": 1, "verdict": "unused"',
                f'"numel": 1, "verdict": "{chance.choice(["zero", "cut", "frozen", "unused"])}"',
            )
            .replace(
                '"numel": 3, "verdict": "reached"',
                f'"numel": 3, "verdict": "{chance.choice(["zero", "cut", "frozen"])}"',
            )
        )
    lines = merged(files).text().splitlines()
    assert (
        "  differ    trunk.weight (9 values): reached on ranks 0..6 and 8..39; cut on rank 7"
        in (lines)
    )
    assert any(line.startswith("  same      reached on all: left.bias") for line in lines)
    assert max(map(len, lines)) < 400


def test_what_is_no_report_of_a_rank_is_refused_in_one_line(saved, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.rank0.json").write_text(saved[0].read_text())
    assert "both of rank 0" in refused(capsys, saved[0], other / "x.rank0.json")
    assert "nothing to merge" in refused(capsys, saved[0])
    assert "cannot read" in refused(capsys, saved[0], tmp_path / "x.rank1.json")
    assert "name a file in it" in refused(capsys, saved[0], tmp_path)
    assert "unknown format" in refused(capsys, *saved, "-o", tmp_path / "x.svg")
    assert "there is no folder" in refused(capsys, *saved, "-o", tmp_path / "no" / "x.txt")
    for text in ("", "[]", "{}", '{"format": 9}', '{"format": 2}', "[" * 100_000, "\0"):
        saved[1].write_text(text)
        assert "cannot merge" in refused(capsys, *saved)
    saved[1].write_bytes(b"\xff\xfe\x00")
    assert "it is not text" in refused(capsys, *saved)


def test_a_report_that_is_broken_is_read_or_refused_in_one_line(saved, capsys):
    text, chance = saved[1].read_text(), random.Random(0)
    odd = ["null", "{}", "[]", '"\\u001b[31m"', "-1", "1e999", "NaN", '[{"list": 3}]', '"cut"']
    for _ in range(200):
        document = text
        for _ in range(chance.choice((1, 2, 5))):
            at = chance.randrange(len(document) or 1)
            comma = document.find(",", at)
            end = document.find(":", at)
            document = chance.choice(
                [
                    document[:at] + document[at + 1 :],
                    document[:at] + document[at + 40 :],
                    document[: end + 1] + chance.choice(odd) + document[comma:],
                ]
            )
        saved[1].write_text(document)
        code, out, err = answer(capsys, "merge", *saved)
        assert code == 0 or (code == 2 and err.count("\n") == 1), document
        assert "\x1b" not in out + err
