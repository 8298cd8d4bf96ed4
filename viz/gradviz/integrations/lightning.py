"""A Lightning callback.

``Trainer(callbacks=[GradientReport()])``, or ``GRADVIZ=1 python train.py`` without a change to the
code.

It sees every backward call that torch sees: those of automatic optimisation, of
``self.manual_backward(loss)``, and in manual optimisation a plain ``loss.backward()`` too, which
``on_before_backward`` is not called for.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradviz.integrations.session import Reporting

if TYPE_CHECKING:
    from lightning.pytorch import Callback
else:
    # Lightning comes under two names, each with classes of its own: the one that the script uses.
    package = (
        "pytorch_lightning"
        if "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules
        else "lightning.pytorch"
    )
    try:
        Callback = import_module(package).Callback
    except ModuleNotFoundError as error:
        if error.name not in ("lightning", "lightning.pytorch"):
            raise
        raise ImportError(
            "gradviz.integrations.lightning needs Lightning: pip install 'torch-gradviz[lightning]'"
        ) from None


class GradientReport(Reporting, Callback):
    """Says on standard error what the backward calls of ``trainer.fit`` reach, and raises an alarm
    for what is stepped without gradient.

    Parameters are named as the LightningModule names them. Of several ranks the first speaks, and
    says at the end what each saw. Under ``gradviz run`` it does nothing, for that says the same.

    The arguments are those of :class:`~gradviz.integrations.session.Reporting`.
    """

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin to watch: the optimizers are there, and in this process."""
        self._session.begin(
            pl_module,
            lambda: trainer.optimizers,
            when=lambda: f"epoch {trainer.current_epoch}, batch {trainer.fit_loop.batch_idx}",
        )

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Watch no longer."""
        self._session.end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Watch no longer; what was seen has been told."""
        self._session.end()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Watch no longer, however it ended."""
        self._session.end()
