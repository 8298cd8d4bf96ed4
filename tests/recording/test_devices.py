"""What is so on an accelerator alone; tests/test_gpu.py runs it on a GPU."""

import torch

from gradviz.recording.devices import is_capturing


def test_nothing_is_captured_where_no_gpu_is_in_use():
    assert torch.cuda.is_initialized() or not is_capturing()
