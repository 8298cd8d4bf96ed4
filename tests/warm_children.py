"""The Python processes that a warm fork starts: forks as well, of one that has imported torch.

Ranks and workers import torch each, which takes most of the time of a short script. A process that
is to start some keeps a ``Nursery``: a fork of itself as it was before it began. Whatever Python it
then starts is a small process that hands its command, its environment and its open files to the
nursery, waits, and ends as the fork did there.
"""

import _posixsubprocess
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

MOST_FILES = 64
CLIENT = Path(__file__).with_name("warm_client.py")
# They never import torch
HELPERS = "resource_tracker", "semaphore_tracker"


class Started(NamedTuple):
    """What a process is to run: Python's command, where, and its environment."""

    command: list[str]
    folder: str
    environment: dict[str, str]


def open_nursery() -> Started | None:
    """Have the Python processes that this one starts be forks. Return in each what it is to run.

    Returns None in this process itself.
    """
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"\0warm-{os.getpid()}")
    listening.listen(MOST_FILES)
    parent = os.pidfd_open(os.getpid())
    if os.fork() == 0:
        return _wait(listening, parent)
    os.close(parent)
    name = listening.getsockname()[1:].decode()
    listening.close()
    _start_clients(name)
    return None


def _start_clients(name: str) -> None:
    """Put a client of the nursery in the place of each Python process that is started from now on."""
    start = _posixsubprocess.fork_exec

    def fork_exec(
        command: Sequence[bytes | str], executables: Sequence[bytes], *others: object
    ) -> int:
        whole = [os.fsdecode(part) for part in command]
        if "python" in os.path.basename(whole[0]) and not any(
            helper in part for part in whole for helper in HELPERS
        ):
            client = [sys.executable, "-S", str(CLIENT), name, *whole]
            command, executables = (
                [os.fsencode(part) for part in client],
                [os.fsencode(sys.executable)],
            )
        return start(command, executables, *others)

    _posixsubprocess.fork_exec = fork_exec
    # As if subprocess were imported later, and so took what stands there then
    subprocess._fork_exec = lambda *arguments: _posixsubprocess.fork_exec(*arguments)


def _wait(listening: socket.socket, parent: int) -> Started:
    """Fork for each client until the parent is gone. Return in the forks alone."""
    while True:
        ready, _, _ = select.select([listening, parent], [], [])
        if listening in ready:
            connection, _ = listening.accept()
            if os.fork() == 0:
                return _fork(connection, listening, parent)
            connection.close()
        else:
            os._exit(0)


def _fork(connection: socket.socket, listening: socket.socket, parent: int) -> Started:
    """Fork once more, and tell the client how that ended. Return in the fork alone."""
    head, files, _, _ = socket.recv_fds(connection, 4, MOST_FILES)
    with connection.makefile("rb") as stream:
        request = json.loads(stream.read(int.from_bytes(head, "big")))
    child = os.fork()
    if child == 0:
        os.setsid()
        connection.close()
        listening.close()
        os.close(parent)
        _take(dict(zip(request.pop("files"), files, strict=True)))
        return Started(**request)
    ended = os.pidfd_open(child)
    while ended not in (ready := select.select([connection, ended], [], [])[0]):
        signals = connection.recv(1) if connection in ready else b""
        for number in signals or [signal.SIGKILL]:
            os.kill(child, number)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(OSError):  # the client may be gone
        connection.sendall(str(status).encode())
    os._exit(0)


def _take(files: Mapping[int, int]) -> None:
    """Give the files the numbers that they have in the client."""
    above = max(*files, *files.values()) + 1
    moved = {
        number: os.dup2(file, above + place) for place, (number, file) in enumerate(files.items())
    }
    os.closerange(3, above)
    for number, file in moved.items():
        os.dup2(file, number, inheritable=True)
        os.close(file)
