"""The few calls that make tensors out of tensors unseen by a torch function mode, watched while a trace runs and put back after.

``nn.Parameter(t)`` and ``Variable(t)`` share t's memory without its history, ``torch.from_numpy`` brings an array back, collectives
write into plain tensors, and nothing is called where ``torch.inference_mode`` begins. Each seam calls the original first and changes
nothing about its result; it does so for every thread, and takes note only for the one that is traced. Seams are put in when the first
trace begins and taken out when the last one ends.
"""

import functools
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

        _seam(torch.inference_mode, "__enter__", _inference_began),
        _seam(torch.inference_mode, "__exit__", _inference_ended),
