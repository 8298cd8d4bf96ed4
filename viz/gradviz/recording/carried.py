"""Parameters that a trace has met and that were carried to other memory since it ended.

``model.half()``, ``model.cpu()`` and ``model.share_memory()`` do that: each parameter is the object
that it was, and none of its memory is.
"""

from torch import nn

from gradviz.recording.model_names import Names
from gradviz.recording.tape import Tape


def know_again(tape: Tape, names: Names) -> None:
    """Take note of where the parameters of a model lie now.

    Another object may come to stand where a parameter stood that is gone. So one is known again
    only inside a module that ran in the trace: these are known by weak references.
    """
    ran = {
        names.modules[id(module)]
        for module in (reference() for reference in tape.modules)
        if module is not None and id(module) in names.modules
    }
    carried = [
        (tensor, facts)
        for name, tensor in names.tensors.items()
        if isinstance(tensor, nn.Parameter)
        and tape.leaf_number(tensor) is None
        and (facts := tape.tensors.of_object(tensor)) is not None
        and facts.leaf
        and tape.leaves[facts.leaf].is_parameter
        and _is_inside(name, ran)
    ]
    for tensor, facts in carried:
        tape.moved(tensor, facts)


def _is_inside(name: str, paths: set[str]) -> bool:
    steps = name.split(".")
    return any(".".join(steps[:length]) in paths for length in range(len(steps)))
