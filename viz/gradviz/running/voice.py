"""What gradviz says while somebody's script runs."""

import sys
from collections.abc import Callable
from typing import TextIO


def warn(error: BaseException, voice: Callable[[str], None] | None = None) -> None:
    """Say once that gradviz failed and that training goes on."""
    text = str(error).splitlines()[0] if str(error) else ""
    (voice or say)(f"gradviz: stopped watching, and the script runs on undisturbed ({type(error).__name__}: {text})\n")


def say(text: str, stream: TextIO | None = None) -> None:
    """Write to a stream, or else to the standard error that the process began with."""
    stream = stream or sys.__stderr__
    if stream is not None and not stream.closed:
        bars = getattr(getattr(sys.modules.get("tqdm"), "tqdm", None), "_instances", ())
        stream.write(f"\n{text}" if text and len(bars) else text)  # a progress bar leaves its line unfinished
        stream.flush()
