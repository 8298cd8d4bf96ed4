"""The callback for Lightning, in real Trainers."""

import importlib
import sys

import pytest
import torch
from torch import nn

from gradviz.recording import seams
from gradviz.running import backwards, reading
from gradviz.tracing import trace

lightning = pytest.importorskip("lightning", reason="needs torch-gradviz[lightning]")

from gradviz.integrations.lightning import GradientReport  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
BACKWARD = torch.autograd.backward, torch.autograd.grad, torch.Tensor.backward


class Automatic(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.encoder, self.head, self.spare = nn.Linear(4, 4), nn.Linear(4, 1), nn.Linear(4, 1)

    def training_step(self, batch, index):
        return self.head(self.encoder(batch).detach()).pow(2).mean()

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())


class Manual(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.critic = nn.Linear(4, 4), nn.Linear(4, 1)

    def training_step(self, batch, index):
        of_critic, of_generator = self.optimizers()
        critic_loss = self.critic(self.generator(batch).detach()).mean()
        of_critic.zero_grad()
        self.manual_backward(critic_loss)
        of_critic.step()
        generator_loss = -self.critic(self.generator(batch)).mean()
        of_generator.zero_grad()
        generator_loss.backward()
        of_generator.step()

    def configure_optimizers(self):
        return torch.optim.Adam(self.critic.parameters()), torch.optim.SGD(
            self.generator.parameters(), lr=0.1
        )


def fit(model, *callbacks, **options):
    """Train for four batches, and return what the parameters are then."""
    lightning.seed_everything(0)
    model = model()
    quiet = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", devices=1, callbacks=list(callbacks), **quiet, **options
    )
    trainer.fit(model, torch.utils.data.DataLoader(torch.randn(8, 4), batch_size=2))
    return [parameter.tolist() for parameter in model.parameters()]


def is_untouched():
    as_before = (torch.autograd.backward, torch.autograd.grad, torch.Tensor.backward) == BACKWARD
    return (
        as_before
        and not backwards.is_watched()
        and not seams._installed
        and getattr(trace._watching, "trace", None) is None
    )


def said(capsys):
    """What gradviz said, without what Lightning says and without the line in Lightning that calls
    backward.
    """
    text = capsys.readouterr().err
    lines = text[text.index("gradviz:") :].splitlines()
    return [
        line.partition(" at lightning/")[0]
        for line in lines
        if not line.startswith("`Trainer.fit` stopped")
    ]


def test_automatic_optimisation_is_told_call_by_call(capsys, tmp_path):
    fit(Automatic, GradientReport(backward=(1, 2), output=tmp_path / "report.html"))
    lines = said(capsys)
    assert lines[0] == "gradviz: backward 1 in epoch 0, batch 0, loss"
    assert lines[1:5] == [
        "  reached   head.* (2 tensors, 5 values)",
        "  cut       encoder.* (2 tensors, 20 values)",
        (
            "            by detach() at tests/integrations/test_lightning.py:28: return"
            " self.head(self.encoder(batch).detach()).pow(2).mean()"
        ),
        "  unused    spare.* (2 tensors, 5 values): no call of its module was seen",
    ]
    assert (
        lines[5]
        == "gradviz: ALARM: optimizer (Adam) steps 4 parameters that no gradient reached, after"
        " backward 1"
    )
    assert lines[12:-1] == [
        "gradviz: backward 2 in epoch 0, batch 1, loss",
        (
            "gradviz: ALARM: optimizer (Adam) steps 4 parameters that no gradient reached, after"
            " backward 2, as after backward 1"
        ),
        f"gradviz: wrote {tmp_path / 'report.html'}",
    ]
    assert lines[-1].startswith(
        "gradviz: 2 of 6 parameters train; encoder.* (2) do not: cut off from the loss"
    )
    assert (tmp_path / "report.html").stat().st_size
    assert is_untouched()


def test_batches_of_one_step_are_judged_together(capsys):
    fit(Automatic, GradientReport(until_stable=True), accumulate_grad_batches=2)
    assert [line for line in said(capsys) if "ALARM" in line] == [
        "gradviz: ALARM: optimizer (Adam) steps 4 parameters that no gradient reached, after"
        f" backward {numbers}"
        for numbers in ("1 and 2", "3 and 4, as after backward 1 and 2")
    ]


def test_manual_optimisation_is_told_with_each_loss_and_optimizer_by_its_name(capsys):
    fit(Manual, GradientReport(backward=(1, 2)))
    assert [line for line in said(capsys) if "test_lightning" not in line] == [
        "gradviz: backward 1 in epoch 0, batch 0, critic_loss",
        "  reached   critic.* (2 tensors, 5 values)",
        "  cut       generator.* (2 tensors, 20 values)",
        "gradviz: optimizers[0] (Adam) steps after backward 1, which reached all its parameters",
        "  reached   generator.* (2 tensors, 20 values), critic.* (2 tensors, 5 values)",
        "gradviz: optimizers[1] (SGD) steps after backward 2, which reached all its parameters",
        "  also gets gradient: critic.* (2 tensors, 5 values): optimizers[0] holds them",
        "gradviz: All 4 parameters train.",
    ]


@pytest.mark.parametrize("model", [Automatic, Manual])
def test_training_computes_the_same_numbers(model):
    assert fit(model, GradientReport()) == fit(model)
    assert is_untouched()


def test_an_exception_goes_through_and_nothing_stays_watched(capsys):
    class Raises(Automatic):
        def training_step(self, batch, index):
            if index:
                raise RuntimeError("in the second batch")
            return super().training_step(batch, index)

    with pytest.raises(RuntimeError, match="in the second batch"):
        fit(Raises, GradientReport())
    assert is_untouched()
    assert "ALARM" in capsys.readouterr().err


def test_a_failure_of_gradviz_is_one_warning_and_training_goes_on(capsys, monkeypatch):
    plain = fit(Automatic)
    monkeypatch.setattr(reading, "relevant", None)
    assert fit(Automatic, GradientReport()) == plain
    assert said(capsys) == [
        "gradviz: stopped watching, and the script runs on undisturbed (TypeError: 'NoneType'"
        " object is not callable)"
    ]
    assert is_untouched()


@pytest.mark.parametrize(
    ("asked", "callbacks"), [(None, 0), ("0", 0), ("1", 1), ("report.json", 1), ("report.doc", 0)]
)
def test_every_trainer_has_one_where_the_environment_asks_for_it(
    asked, callbacks, monkeypatch, recwarn
):
    if asked is not None:
        monkeypatch.setenv("GRADVIZ", asked)
    trainer = lightning.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    assert sum(isinstance(one, GradientReport) for one in trainer.callbacks) == callbacks
    warned = [str(one.message) for one in recwarn if "GRADVIZ" in str(one.message)]
    assert len(warned) == (asked == "report.doc")


def test_without_lightning_the_extra_to_install_is_named(monkeypatch):
    for name in ("lightning", "lightning.pytorch"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "gradviz.integrations.lightning")
    with pytest.raises(ImportError, match=r"pip install 'torch-gradviz\[lightning\]'"):
        importlib.import_module("gradviz.integrations.lightning")
