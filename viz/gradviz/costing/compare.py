"""From functions of the user's to what they cost.

Several that run a step, or one whose layer is frozen in several ways.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.costing.freezing import ways
from gradviz.costing.measure import Cost, Variant, measure
from gradviz.errors import GradvizError
from gradviz.running.steps import find_function


def compare(
    functions: Sequence[str],
    layer: str | None = None,
    runs: int = 20,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Cost]:
    """Measure functions against each other, or the ways to freeze one layer of what a function
    runs. Return what each costs, by its name.

    Args:
        functions: ``package.module:function`` or ``file.py:function``. Each returns ``(loss,
            model)`` or a loss; or, so that building the model is not timed, ``(forward, model)``,
            where ``forward()`` returns the loss.
        layer: Path of a module: the ways to freeze it are measured. The one function then returns
            ``(forward, model)``, or ``(loss, model)`` with the same model each time.
        runs: How often each way is timed.
        progress: Is called with how many of the runs are over, each time it is one more.

    Raises:
        GradvizError: There is no such function or layer, or it returns something else.
    """
    torch.set_num_threads(1)
    if layer is None:
        return measure({name: _way(name) for name in functions}, runs, progress)
    if len(functions) > 1:
        raise GradvizError(
            "with --at one function is measured: its layer is frozen in several ways"
        )
    forward, model = _forward_and_model(functions[0])
    return measure(ways(model, layer, forward), runs, progress)


def _forward_and_model(name: str) -> tuple[Callable[[], Tensor], nn.Module]:
    function = find_function(name)
    made: Any = function()
    if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[1], nn.Module)):
        raise GradvizError(
            f"with --at {name} has to return (loss, model) or (forward, model), where forward()"
            " returns the loss"
        )
    first, model = made
    if not isinstance(first, Tensor):
        return first, model
    if function()[1] is not model:
        raise GradvizError(
            f"{name} builds its model anew in each call, so that --at cannot freeze a layer of it:"
            " build it outside of the function, or return (forward, model), where forward() runs it"
            " and returns the loss"
        )
    return (lambda: function()[0]), model


def _way(name: str) -> Variant:
    function = find_function(name)
    made = function()
    if (
        isinstance(made, tuple)
        and len(made) == 2
        and callable(made[0])
        and not isinstance(made[0], Tensor)
    ):
        forward, model = made
        return Variant(lambda: (forward(), model))

    def step() -> tuple[Tensor, nn.Module | None]:
        result: Any = function()
        loss, model = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
        if not isinstance(loss, Tensor):
            raise GradvizError(
                f"{name} returned no loss: a function returns (loss, model), a loss, or (forward,"
                " model)"
            )
        return loss, model

    return Variant(step)
