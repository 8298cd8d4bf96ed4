"""The few calls that make tensors out of tensors unseen by a torch function mode, watched while a
trace runs and put back after.

``nn.Parameter(t)`` and ``Variable(t)`` share t's memory without its history, ``torch.from_numpy``
brings an array back, collectives write into plain tensors, and nothing is called where
``torch.inference_mode`` begins. Each seam calls the original first and changes nothing about its
result; it does so for every thread, and takes note only for the one that is traced. Seams are put
in when the first trace begins and taken out when the last one ends.
"""

import threading
from collections.abc import Iterable
from functools import partial
from itertools import chain

from gradviz.recording.seams import (
    anomaly,
    backward,
    blocks_and_hooks,
    collectives,
    compiled,
    processes,
    script_copies,
    scripts,
    swapped,
    tensors,
    threads,
)
from gradviz.recording.seams.seam import Seam
from gradviz.recording.seams.watcher import Watcher, of_thread, users
from gradviz.recording.torch_inside import something_is_compiled
from gradviz.system.undo import Action, as_one, when_empty

# Each yields the seams over what is there now, which somebody else may have replaced
_FAMILIES = (
    tensors,
    backward,
    swapped,
    scripts,
    script_copies,
    blocks_and_hooks,
    compiled,
    threads,
    processes,
    collectives,
    anomaly,
)
_lock = threading.Lock()
_installed: list[Seam] = []
_out: list[Action] = []  # what takes them out


def begin(watcher: Watcher) -> None:
    """Watch the seams for one mode, in this thread, and note the optimizers built.

    Where this raises, ``ending`` tells what to undo.
    """
    users.add(id(watcher))  # from here on nobody else takes the seams out
    with _lock:
        if not _installed:
            seams = [seam for family in _FAMILIES for seam in family.seams()]
            out = [*(seam.take_out for seam in seams), _installed.clear, _out.clear]
            as_one(
                [
                    partial(_installed.extend, seams),
                    partial(_out.extend, out),
                    *(seam.put_in for seam in seams),
                ]
            )()
    of_thread.watcher = watcher
    if something_is_compiled():
        watcher.run_eagerly()


def ending(watcher: Watcher) -> Iterable[Action]:
    """Return the steps after which everything is as it was before ``begin``."""
    return chain(
        [partial(setattr, of_thread, "watcher", None)],
        watcher.eagerly,
        [partial(users.discard, id(watcher)), when_empty(users, _out)],
    )
