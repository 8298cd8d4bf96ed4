"""A callback for the Trainer of transformers, and for those of trl built on it.

``Trainer(..., callbacks=[GradientReportCallback()])``.
"""

import os
from types import FrameType
from typing import Any

try:
    from transformers import TrainerCallback
except ModuleNotFoundError as error:
    if error.name != "transformers":
        raise
    raise ImportError(
        "gradviz.integrations.huggingface needs transformers: pip install"
        " 'torch-gradviz[transformers]'"
    ) from None

from gradviz.integrations.session import Reporting

_TRAINER = os.path.join("transformers", "trainer.py")


class GradientReportCallback(Reporting, TrainerCallback):
    """Says on standard error what the backward calls of ``trainer.train()`` reach, and raises an
    alarm for steps without gradient.

    Parameters are named as the model names them, and the adapters of PEFT are a row each. Of
    several ranks the first speaks, and says at the end what each saw. Under ``gradviz run`` it does
    nothing, for that says the same.

    A Trainer tells its callbacks nothing of an exception. What is watched then is let go of at the
    next backward call, whoever makes it.

    The arguments are those of :class:`~gradviz.integrations.session.Reporting`.
    """

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin to watch: the model is wrapped and the optimizer is there."""
        optimizer = kwargs.get("optimizer")
        self._session.begin(
            kwargs["model"],
            lambda: () if optimizer is None else (optimizer,),
            when=lambda: f"step {state.global_step + 1}",
            lasts=_is_training,
        )

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Watch no longer."""
        self._session.end()


def _is_training(frame: FrameType | None) -> bool:
    """Say whether a frame was called by a Trainer."""
    while frame is not None:
        if frame.f_code.co_filename.endswith(_TRAINER):
            return True
        frame = frame.f_back
    return False
