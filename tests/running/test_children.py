"""Processes that a script starts: counted, and followed where that was asked."""

import pytest

HOGWILD = """
import sys, torch
import torch.multiprocessing as mp
def train(rank, model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    loss = model(torch.ones(2, 3)).pow(2).mean()
    loss.backward()
    optimizer.step()
if __name__ == "__main__":
    mp.set_start_method(sys.argv[1])
    model = torch.nn.Linear(3, 1)
    model.share_memory()
    processes = [mp.Process(target=train, args=(rank, model)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print([process.exitcode for process in processes])
"""


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_training_in_children_is_said_and_followed_where_asked(rank_scripts, way):
    rank_scripts.write("hogwild.py", HOGWILD)
    alone = rank_scripts.run("-o", "report.json", "hogwild.py", way)
    assert alone.out == "[0, 0]\n"
    assert (
        alone.err
        == "gradviz: No backward call was seen in this process; 2 child processes were started: use"
        " --children.\n"
    )
    assert not list(rank_scripts.folder.glob("report*"))
    followed = rank_scripts.run("--children", "-o", "report.json", "hogwild.py", way)
    assert followed.out == "[0, 0]\n"
    assert followed.others == ""
    assert followed.said.count("backward 1, loss at hogwild.py:8: loss.backward()") == 2
    assert (
        followed.said.count(
            "optimizer (SGD) steps after backward 1, which reached all its parameters"
        )
        == 2
    )
    assert len(list(rank_scripts.folder.glob("report.process*.json"))) == 2


@pytest.mark.parametrize("options", [[], ["--children"]])
def test_a_script_without_torch_is_told_so_once(cold_scripts, options):
    cold_scripts.write("plain.py", "print('no torch here')\n")
    ran = cold_scripts.run(*options, "plain.py")
    assert (ran.out, ran.err) == (
        "no torch here\n",
        "gradviz: No backward call was seen in this process: torch was not imported.\n",
    )


@pytest.mark.parametrize(
    ("defined", "told"),
    [
        (
            "def other(): ...\ndef step(x=1): ...",
            "; gradviz show steps.py:step traces that function",
        ),
        ("def make(): ...", "; gradviz show steps.py:make traces that function"),
        ("def forward(x): ...", ""),
    ],
)
def test_a_script_that_only_defines_a_step_is_told_how_to_trace_it(scripts, defined, told):
    scripts.write("steps.py", f"import torch\n{defined}\n")
    ran = scripts.run("steps.py")
    assert ran.err == f"gradviz: No backward call was seen in this process{told}.\n"
