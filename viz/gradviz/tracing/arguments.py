"""Models and optimizers that are given beside a loss, refused where they are none."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from gradviz.errors import GradvizError, ModelError
from gradviz.recording.seams.watcher import held_by


def check_model(model: Any) -> None:
    """See that ``model`` is a module, a mapping of modules and tensors by name, or None.

    Raises:
        ModelError: It is not.
    """
    if model is None or isinstance(model, nn.Module):
        return
    if not isinstance(model, Mapping):
        raise ModelError(
            f"the model is a {type(model).__name__}, not a torch.nn.Module: give the module whose"
            " parameters should train"
        )
    for name, item in model.items():
        if not isinstance(item, (Tensor, nn.Module)):
            raise ModelError(
                f"what stands under {name!r} in place of a model is a {type(item).__name__}, not a"
                " torch.nn.Module"
            )


def held(optimizer: Any) -> set[int]:
    """Return what one or several optimizers hold, by identity.

    Raises:
        GradvizError: There is something among them that is no optimizer.
    """
    some = [*optimizer] if isinstance(optimizer, Iterable) else [optimizer]
    for item in some:
        if not hasattr(item, "param_groups"):
            raise GradvizError(
                f"the optimizer is a {type(item).__name__}: give a torch.optim.Optimizer, or a list"
                " of them"
            )
    return held_by(some)
