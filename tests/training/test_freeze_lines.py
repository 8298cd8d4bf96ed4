"""The only line that may freeze is named, and of several none."""

import pytest
import torch

from gradviz.graph import Place
from gradviz.training.freeze_lines import files_of_user, freezing_line, lines_that_freeze


def numbers(tmp_path, text):
    file = tmp_path / "own.py"
    file.write_text(text)
    return [place.line for place in lines_that_freeze(str(file))]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("net.requires_grad_(False)\n", [1]),
        ("for p in net.parameters():\n    p.requires_grad = False\n", [2]),
        ("p.requires_grad = flag\nnet.requires_grad_(requires_grad=flag)\n", [1, 2]),
        ("setattr(p, 'requires_grad', False)\n", [1]),
        ("net.requires_grad_()\nnet.requires_grad_(True)\np.requires_grad = True\n", []),
        ("model.freeze_encoder()\nmodel.unfreeze()\n", [1]),
        ("def freeze(m):\n    m.requires_grad_(False)\nfreeze(net)\n", [2]),
        ("gc.freeze()\n", []),
        ("x = torch.ones(3, requires_grad=False)\n", []),
        ("net.requires_grad_(False\n", []),
    ],
)
def test_lines_that_may_freeze_are_found(text, lines, tmp_path):
    assert numbers(tmp_path, text) == lines


def test_one_that_froze_others_before_is_not_named(tmp_path):
    file = tmp_path / "only.py"
    file.write_text("net[0].requires_grad_(False)\n")
    place = Place(str(file), 1, "net[0].requires_grad_(False)")
    assert freezing_line([str(file)], [None]) == place
    assert freezing_line([str(file)], [place]) is None
    assert freezing_line([str(file), str(file)], []) is None


def test_files_of_packages_are_not_the_users():
    files = files_of_user(__file__, torch.__file__)
    assert __file__ in files
    assert torch.__file__ not in files
