"""A script is frozen, or saved and loaded again: what comes of it has the values of its parameters
as numbers of its own, which are not told from others.
"""

from collections.abc import Iterator

import torch

from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.seams.seam import Called, Seam, about, seam
from gradviz.recording.unseen import scripted


def _frozen(name: str, call: Called) -> None:
    script = call.argument(0, "mod")
    others = call.argument(1, "preserved_attrs" if name == "freeze" else "other_methods")
    _copied(name, call, set(map(call.mode.tape.leaf, scripted.folded_of(script, bool(others)))))


def _saved(call: Called) -> None:
    tape = call.mode.tape
    tape.opaque.saved |= set(map(tape.leaf, tensors_in(list(call.args[0].parameters()))))


def _loaded(call: Called) -> None:
    _copied("load", call, set(call.mode.tape.opaque.saved))


def _copied(name: str, call: Called, leaves: set[int]) -> None:
    if leaves:
        spot = call.mode.stacks.look_around(call.frame).spot
        copies = call.mode.tape.opaque.copies
        before = copies.get(spot, ("", set()))[1]
        copies[spot] = f"torch.jit.{name}()", before | leaves


def seams() -> Iterator[Seam]:
    """Yield the seams over what freezes, saves and loads scripts."""
    for name in ("freeze", "optimize_for_inference"):
        yield seam(torch.jit, name, about(_frozen, name))
    yield seam(torch.jit, "load", _loaded)
    for kind in (torch.jit.ScriptModule, getattr(torch.jit, "RecursiveScriptModule", object)):
        for name in ("save", "save_to_buffer"):
            if name in vars(kind):
                yield seam(kind, name, _saved)
