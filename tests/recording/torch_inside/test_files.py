"""The files of torch by which a frame is recognised are there."""

import os

import pytest
import torch

from gradviz.recording.torch_inside import files


@pytest.mark.parametrize(
    "name",
    [
        "FOLDER",
        "OPTIMIZERS",
        "FLAT_PARAMETERS",
        "AVERAGES",
        "GRAD_MODE",
        "CONTEXTLIB",
        "FOLDED",
        "OPERATORS",
        "INTERPRETER",
    ],
)
def test_a_file_or_folder_is_where_it_is_looked_for(name):
    path = getattr(files, name)
    assert os.path.exists(path)
    assert path.startswith(files.FOLDER)


def test_what_switches_grad_mode_stands_in_these_files():
    assert torch.no_grad.__init__.__code__.co_filename == files.GRAD_MODE
    assert torch.no_grad()(lambda: None).__code__.co_filename == files.CONTEXTLIB
    assert torch.distributions.Normal.sample.__name__ == files.SAMPLE


def test_derivatives_are_functions_of_torch():
    assert all(hasattr(torch.autograd.functional, name) for name in files.DERIVATIVES)
