"""What was written into the memory of tensors, as a tape has it, and who reads it there.

A reader is told of the writes that its own history does not have.
"""

import weakref
from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from gradviz.recording.calls.ancestry import has_behind
from gradviz.recording.entries.places import Places, places_of
from gradviz.recording.entries.records import Write
from gradviz.recording.entries.writes import Writes, places_of_write
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import address, base_of, history, is_recorded, region


def written(
    tape: Tape,
    tensor: Tensor,
    serial: int,
    family: Tensor | None,
    *,
    over: bool,
    places: Places | None = None,
) -> None:
    """Take note of a write into a tensor's memory.

    Args:
        tape: What has been seen.
        tensor: That was written into.
        serial: Number of the call that wrote.
        family: The tensor whose own history has the write; None where nobody's has.
        over: Nothing of what was there before is left.
        places: The bytes that were written, where they are not all that the tensor shows.
    """
    writes = tape.memory.get(pin(tape, tensor))
    if writes is None:
        return
    places = places or places_of(tensor)
    if over:
        writes.drop(places)
    facts = None if family is None else tape.tensors.know(family)
    apart = None if places.is_whole else places
    writes.append(Write(places.low, places.high, serial, facts, apart))


def pin(tape: Tape, tensor: Tensor) -> int:
    """Return the address of a tensor's memory, whose writes are kept as long as it lives.

    0 where it has none of its own.
    """
    place = address(tensor)
    if place and place not in tape.memory:
        tape.memory[place] = Writes()
        # A dict's method takes the memory out as it goes, for an interrupt in Python would be
        # lost there.
        tape.pins[place] = weakref.ref(tensor.untyped_storage(), partial(tape.memory.pop, place))
    return place


def write_at(tape: Tape, pinned: int, low: int, high: int, serial: int) -> None:
    """Take note of a write into pinned memory, by bytes."""
    if pinned in tape.memory:
        tape.memory[pinned].append(Write(low, high, serial, None))


def overwritten(tape: Tape, tensor: Tensor, places: Places | None = None) -> None:
    """Take note that a tensor's memory, or some bytes of it, hold nothing of interest any more."""
    writes = tape.memory.get(address(tensor))
    if writes:
        writes.drop(places or places_of(tensor))


def replaced(tape: Tape, tensor: Tensor) -> None:
    """Take note that nothing is left of the value that a tensor had.

    A leaf that requires grad keeps it where that was used.
    """
    if tensor.requires_grad:
        facts = tape.tensors.find(tensor)
        leaf = None if facts is None else tape.leaves.get(facts.leaf)
        used = leaf is not None and leaf.requires_grad
        if used or type(tensor) is not nn.Parameter or tape.lines.read_at(tensor) is not None:
            return
        if leaf is not None:
            leaf.sources = ()
    tape.drop_origin(tensor)


def writes(tape: Tape, tensor: Tensor) -> Iterator[int]:
    """Yield the numbers of the writes that a reader of a tensor gets and that are not in the
    tensor's own history.
    """
    writes = tape.memory.get(address(tensor))
    if not writes:
        return
    for write in _met(writes.over(*region(tensor)), tensor):
        if not _is_in_history(tape, write, tensor):
            yield write.serial


def read_here(tape: Tape, tensor: Tensor) -> dict[int, Places]:
    """Return where in its memory a reader of a tensor gets each of the writes that ``writes``
    gives; nothing where one of them is in two pieces.
    """
    across = tape.memory.get(address(tensor))
    met = _met(across.over(*region(tensor)), tensor) if across else ()
    places = {
        write.serial: places_of_write(write)
        for write in met
        if not _is_in_history(tape, write, tensor)
    }
    return places if len(places) == len(met) else {}


def is_written(tape: Tape, tensor: Tensor, number: int) -> bool:
    """Say whether ``writes`` of a tensor gives a number."""
    writes = tape.memory.get(address(tensor))
    same = () if writes is None else writes.by_serial.get(number, ())
    if not same:
        return False
    low, high = region(tensor)
    across = [write for write in same if write.low < high and low < write.high]
    return any(not _is_in_history(tape, write, tensor) for write in _met(across, tensor))


def _met(across: Sequence[Write], tensor: Tensor) -> Sequence[Write]:
    """Return those of some writes that a tensor shows a byte of."""
    places = places_of(tensor) if across else None
    if places is None or (places.is_whole and all(write.places is None for write in across)):
        return across
    return [write for write in across if places_of_write(write).overlaps(places)]


def _is_in_history(tape: Tape, write: Write, tensor: Tensor) -> bool:
    if _is_handed_on(tape, tensor, write.serial):
        return True
    if write.family is None:
        return False
    origin = tape.origin(tensor) or 0
    if write.serial < origin and has_behind(tape, origin, tape.calls[write.serial].inputs[0][0]):
        return True  # it was in the history of what this tensor was taken out of
    return is_recorded(tensor) and write.family is tape.tensors.find(base_of(tensor))


def _is_handed_on(tape: Tape, tensor: Tensor, serial: int) -> bool:
    """Say whether a custom Function wrote this and hands the memory on.

    What it passes gradient to is up to the Function.
    """
    call = tape.calls[serial]
    if call.inside is None or not is_recorded(tensor):
        return False
    node = history(tensor)
    if isinstance(node, torch.autograd.function.BackwardCFunction) and serial not in tape.handed_on:
        # A later Function may write into the same memory and hand it on in turn
        tape.handed_on.add(serial)
        tape.stamp(node, call.spot, (serial,))
    return True
