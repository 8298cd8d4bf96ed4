"""What is so on an accelerator alone."""

import torch


def is_capturing() -> bool:
    """Say whether what runs now is recorded into a CUDA graph, in which nothing may be read."""
    return (
        torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        and torch.cuda.is_current_stream_capturing()
    )
