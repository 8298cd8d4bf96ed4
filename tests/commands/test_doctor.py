"""``gradviz doctor`` says what is here, and notices a torch that is not as gradviz knows it."""

import re
import subprocess
import sys
from importlib.metadata import version

import torch

import warm

DOCTOR = "from gradviz.cli import main; main(['doctor'])"
UNSEEN_DETACH = """
import torch

detach = torch.Tensor.detach


def unseen(self):  # as if detach() reached no torch function mode any more
    with torch._C.DisableTorchFunction():
        return detach(self)


torch.Tensor.detach = unseen
"""


def doctor(before):
    """Run it where a torch is as the program before says."""
    return warm.completed([sys.executable, "-c", f"{before}\n{DOCTOR}"], bare=True)


def test_it_names_the_versions_and_finds_every_answer_right():
    command = [sys.executable, "-m", "gradviz", "doctor"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.search(rf"^torch +{re.escape(torch.__version__)}", ran.stdout, re.MULTILINE)
    assert re.search(rf"^Python +{re.escape(sys.version.split()[0])}$", ran.stdout, re.MULTILINE)
    assert re.search(rf"^numpy +{re.escape(version('numpy'))}$", ran.stdout, re.MULTILINE)
    right, answers = re.search(
        r"^(\d+) of (\d+) known steps are judged rightly", ran.stdout, re.MULTILINE
    ).groups()
    assert right == answers


def test_where_an_answer_is_wrong_it_says_which_and_exits_with_1():
    ran = doctor(UNSEEN_DETACH)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "\ndetach: a is cut and b is reached, said unused and reached\n" in ran.stdout


def test_what_torch_has_no_more_is_named_with_what_that_costs():
    ran = doctor("import torch; del torch._C._current_autograd_node")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (
        "has no torch._C._current_autograd_node. Backward calls that run inside another backward"
        " are reported" in ran.stdout
    )


def test_of_a_torch_that_is_newer_than_any_it_was_tried_on_it_says_so():
    ran = doctor("import torch; torch.__version__ = '2.99.0'")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.search(
        r"^torch +2\.99\.0 \(newer than 2\.\d+, the newest that gradviz was tried on\)$",
        ran.stdout,
        re.MULTILINE,
    )


def test_without_torch_it_says_so_in_one_line_and_exits_with_2():
    ran = doctor("import sys; sys.modules['torch'] = None")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("gradviz: torch cannot be imported (")
    assert ran.stderr.count("\n") == 1
