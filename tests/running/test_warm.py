import sys

import pytest
import shapes

import warm


def test_a_fork_says_what_a_process_of_its_own_says(scripts):
    scripts.write("train.py", shapes.GAN)
    forked = scripts.run("--fail-on-alarm", "train.py")
    scripts.server = None
    cold = scripts.run("--fail-on-alarm", "train.py")
    assert "backward 1" in cold.said
    assert forked == cold


RANKS = """
import torch
import torch.distributed as dist
dist.init_process_group("gloo")
layers = torch.nn.ModuleList([torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)])
optimizer = torch.optim.SGD(layers.parameters(), lr=0.1)
layers[dist.get_rank()](torch.ones(1, 2)).sum().backward()
optimizer.step()
dist.barrier()
"""


def test_ranks_that_are_forks_say_what_processes_of_their_own_say(rank_scripts):
    rank_scripts.write("train.py", RANKS)
    command = "--children", "torchrun", "--standalone", "--nproc-per-node", "2", "train.py"
    forked = rank_scripts.run(*command)
    rank_scripts.server = None
    cold = rank_scripts.run(*command)
    assert "4 of 4 parameters differ between ranks" in cold.err
    assert (forked.code, forked.out) == (cold.code, cold.out)
    assert sorted(forked.said.splitlines()) == sorted(cold.said.splitlines())


def test_input_output_and_the_exit_code_are_those_of_the_script(scripts):
    scripts.write("script.py", "import sys\nprint(input(), sys.argv[1:])\nsys.exit(3)")
    assert scripts.python("script.py", "a", "b", stdin="hello\n")[:2] == (
        3,
        "hello ['a', 'b']\n",
    )


@pytest.mark.parametrize("bare", [True, False])
def test_a_program_of_one_argument_finds_gradviz_imported_or_not(bare, tmp_path):
    program = "import os, sys; print(sys.argv, 'gradviz' in sys.modules, os.environ['A']); exit(4)"
    done = warm.completed([sys.executable, "-c", program, "a"], tmp_path, bare=bare, A="b")
    assert (done.returncode, done.stdout, done.stderr) == (4, f"['-c', 'a'] {not bare} b\n", "")


def test_what_a_program_makes_the_collector_sees_until_it_freezes_it(tmp_path):
    program = """if True:
        import gc, torch
        layer = torch.nn.Linear(1, 1)
        def seen():
            return any(thing is layer for thing in gc.get_objects()), bool(gc.get_freeze_count())
        first = seen()
        gc.freeze()
        second = seen()
        gc.unfreeze()
        print(first, second, seen())
    """
    done = warm.completed([sys.executable, "-c", program], tmp_path)
    assert done.stdout == "(True, False) (False, True) (True, False)\n", done.stderr
