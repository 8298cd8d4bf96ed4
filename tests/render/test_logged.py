"""Reports as tables, and in the loggers that people use: each with the real package, offline."""

import csv
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import nn

import gradviz
from gradviz.errors import OutputError
from gradviz.render.frame import columns
from gradviz.reports import Report


@pytest.fixture(scope="module")
def report() -> Report:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    model[2].bias.requires_grad_(False)
    with gradviz.trace(values=True) as trace:
        loss = model(torch.randn(5, 3)).square().mean()
        loss.backward()
    return trace.report(loss, model)


def test_the_columns_hold_a_row_for_each_parameter(report: Report) -> None:
    found = columns(report)
    assert found["parameter"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert found["block"] == ["0", "0", "2", "2"]
    assert found["verdict"] == ["reached", "reached", "reached", "frozen"]
    norms = [report.parameters[name].gradient_norm for name in report.parameters]
    assert found["gradient_norm"] == [
        None if norm is None else pytest.approx(norm, rel=1e-5) for norm in norms
    ]
    assert found["zeros"][3] is None
    assert len({len(column) for column in found.values()}) == 1


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_is_of_the_library_that_is_there(
    report: Report, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(library)
    import gradviz.render.frame as module

    monkeypatch.setattr(module, "_LIBRARIES", (library,))
    frame = report.frame()
    assert type(frame).__module__.startswith(library)
    assert frame.shape == (4, 10)
    assert list(frame["parameter"]) == list(report.parameters)


def test_without_either_library_the_error_says_what_to_install(report: Report) -> None:
    if any(find_spec(name) is not None for name in ("pandas", "polars")):
        pytest.skip("one of them is installed")
    with pytest.raises(OutputError, match="pip install pandas"):
        report.frame()


def test_tensorboard_gets_numbers_by_block_and_the_text(report: Report, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        report.log_to(writer, 7)
    seen = EventAccumulator(str(tmp_path)).Reload()
    (event,) = seen.Scalars("gradviz/gradient_norm/0")
    norms = [report.parameters[name].gradient_norm for name in ("0.weight", "0.bias")]
    assert event.step == 7
    assert event.value == pytest.approx(torch.tensor(norms).norm().item(), rel=1e-4)
    text = seen.Tensors("gradviz/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "3 of 4 parameters get gradient." in text
    if shutil.which("dot"):
        (image,) = seen.Images("gradviz/graph")
        assert image.step == 7
        assert min(image.width, image.height) > 100


def test_a_lightning_logger_gets_them_too(report: Report, tmp_path: Path) -> None:
    pytest.importorskip("lightning")
    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(str(tmp_path), name="", version="")
    report.log_to(logger, 3)
    logger.save()
    with (tmp_path / "metrics.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row["step"] == "3"
    assert float(row["gradviz/gradient_norm/2"]) > 0


@pytest.mark.parametrize("package", ["tensorboard", "wandb"])
def test_a_lightning_logger_of_either_gets_the_picture_and_the_text(
    report: Report, tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(package)
    loggers = pytest.importorskip("lightning.pytorch.loggers")
    monkeypatch.chdir(tmp_path)
    if package == "tensorboard":
        logger = loggers.TensorBoardLogger(str(tmp_path))
        report.log_to(logger, 3)
        logger.experiment.flush()
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        seen = EventAccumulator(logger.log_dir).Reload()
        assert seen.Scalars("gradviz/gradient_norm/2")[0].step == 3
        assert "gradviz/text_summary" in seen.Tags()["tensors"]
        assert seen.Tags()["images"] == (["gradviz/graph"] if shutil.which("dot") else [])
    else:
        logger = loggers.WandbLogger(offline=True, save_dir=str(tmp_path))
        for _ in range(9):  # More often than once a step: W&B counts the calls
            logger.experiment.log({"loss": 1.0})
        report.log_to(logger, 3)
        logger.experiment.log({})
        assert {"gradviz/report", "gradviz/graph"} <= set(dict(logger.experiment.summary))
        logger.experiment.finish()
        pages = [page.read_text() for page in tmp_path.rglob("*.html")]
        assert any("<pre>3 of 4 parameters get gradient." in page for page in pages)
        assert any("<svg" in page and "2.bias" in page for page in pages)


def test_a_trainer_of_transformers_logs_them(report: Report, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(tmp_path), report_to=[], use_cpu=True, disable_tqdm=True
    )
    trainer = Trainer(model=nn.Linear(2, 1), args=arguments)
    report.log_to(trainer, 1)
    assert trainer.state.log_history[-1]["gradviz/gradient_norm/0"] > 0


def test_a_trainer_hands_the_text_and_the_picture_to_its_tensorboard(
    report: Report, tmp_path: Path
) -> None:
    for package in ("transformers", "accelerate", "tensorboard"):
        pytest.importorskip(package)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter
    from transformers import Trainer, TrainingArguments
    from transformers.integrations import TensorBoardCallback

    arguments = TrainingArguments(
        output_dir=str(tmp_path), report_to=[], use_cpu=True, disable_tqdm=True
    )
    with SummaryWriter(str(tmp_path / "log")) as writer:
        callback = TensorBoardCallback(writer)
        trainer = Trainer(model=nn.Linear(2, 1), args=arguments, callbacks=[callback])
        report.log_to(trainer, 2)
    seen = EventAccumulator(str(tmp_path / "log")).Reload()
    assert "gradviz/text_summary" in seen.Tags()["tensors"]
    assert seen.Tags()["images"] == (["gradviz/graph"] if shutil.which("dot") else [])


def test_a_trainer_hands_the_text_and_the_picture_to_its_wandb(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("transformers", "accelerate", "wandb"):
        pytest.importorskip(package)
    import wandb
    from transformers import Trainer, TrainingArguments
    from transformers.integrations import WandbCallback

    monkeypatch.chdir(tmp_path)
    arguments = TrainingArguments(
        output_dir=str(tmp_path), report_to=[], use_cpu=True, disable_tqdm=True
    )
    with wandb.init(mode="offline", dir=str(tmp_path), settings=wandb.Settings(silent=True)) as run:
        trainer = Trainer(
            model=nn.Linear(2, 1), args=arguments, callbacks=[WandbCallback()], train_dataset=[0]
        )
        for _ in range(9):
            run.log({"loss": 1.0})
        report.log_to(trainer, 2)
        run.log({})
        logged = dict(run.summary)
    assert logged["train/gradviz/gradient_norm/0"] > 0
    assert {"gradviz/report", "gradviz/graph"} <= set(logged)


def test_a_run_of_wandb_gets_numbers_and_the_picture(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    import wandb

    monkeypatch.chdir(tmp_path)
    with wandb.init(mode="offline", dir=str(tmp_path), settings=wandb.Settings(silent=True)) as run:
        report.log_to(run, 5)
        run.log({}, commit=True)
        assert dict(run.summary)["gradviz/gradient_norm/0"] > 0
    pages = {page.name.split("_")[0]: page.read_text() for page in tmp_path.rglob("*.html")}
    assert "<svg" in pages["gradient"]
    assert "2.bias" in pages["graph"]
    assert "3 of 4 parameters get gradient." in pages["report"]


def test_what_is_no_logger_is_refused_with_what_would_be_one(report: Report) -> None:
    with pytest.raises(OutputError, match="cannot log to a list: give a SummaryWriter"):
        report.log_to([], 1)
