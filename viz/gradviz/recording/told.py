"""Which of the values that may be behind a number it is, told by the number itself."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from gradviz.recording.arguments import as_array
from gradviz.recording.recorder import Recorder


def only_told(recorder: Recorder, behind: tuple[int, ...], items: Sequence[Any]) -> tuple[int, ...]:
    """Return of the values behind some numbers those that they are.

    Where every number that goes in is one that left, to the last digit, nothing was added to it:
    what else the source would put behind it was reset, dropped or overwritten in between. That it
    had no part at all is not said.
    """
    values, calls = recorder.escapes.values, recorder.tape.calls
    made_elsewhere = [item for item in items if isinstance(item, Tensor) and item.requires_grad]
    open_ = [item for item in items if not any(item is other for other in made_elsewhere)]
    plain = [as_array(item) if isinstance(item, Tensor) else item for item in open_]
    sources = [values.all_of(item) for item in plain]
    if not sources or not all(sources):
        return behind
    those = {serial for serials in sources for serial in serials}
    left: dict[int, None] = {}
    for number in behind:
        several = calls[number].inputs if calls[number].name == "python" else ()
        singles = [source for source, _ in several] or [number]
        kept = [
            source for source in singles if source in those or not values.is_known_again(source)
        ]
        left.update(dict.fromkeys((number,) if len(kept) == len(singles) else kept))
    if tuple(left) != behind:
        recorder.tape.came_in()
    return tuple(left)
