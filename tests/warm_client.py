"""Stands in for a Python process that a warm fork starts: see ``warm_children``, which runs it.

It imports little, for it is started often.
"""

import json
import os
import signal
import socket
import sys


def main(name: str, command: list[str]) -> None:
    """Hand a command to the nursery of this name, pass signals on, and end as it ends there."""
    files = sorted(number for number in map(int, os.listdir("/proc/self/fd")) if _is_open(number))
    request = {
        "command": command,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "files": files,
    }
    whole = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"\0{name}")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _: connection.sendall(bytes([number])))
        socket.send_fds(connection, [len(whole).to_bytes(4, "big")], files)
        connection.sendall(whole)
        status = int(connection.recv(16))
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def _is_open(number: int) -> bool:
    """Say whether a number is that of a file that is still open: one was for the list alone."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
