"""The callback for the Trainer of transformers, in real Trainers, and what is said of PEFT's
adapters.
"""

import contextlib
import importlib
import io
import sys

import pytest
import torch

from gradviz.recording import seams, torch_hooks
from gradviz.running import backwards
from gradviz.tracing import trace

pytestmark = pytest.mark.filterwarnings("ignore")
BACKWARD = torch.autograd.backward, torch.autograd.grad, torch.Tensor.backward


def is_untouched():
    as_before = (torch.autograd.backward, torch.autograd.grad, torch.Tensor.backward) == BACKWARD
    return (
        as_before
        and not backwards.is_watched()
        and not seams._installed
        and not any(shared.watchers for shared in torch_hooks._shared.values())
        and getattr(trace._watching, "trace", None) is None
    )


def reporting(**options):
    from gradviz.integrations.huggingface import GradientReportCallback  # takes seconds

    return GradientReportCallback(**options)


def trainer(folder, *callbacks):
    """A Trainer of a small Llama with LoRA."""
    import peft
    import transformers

    torch.manual_seed(0)
    sizes = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    }
    llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=64, **sizes))
    model = peft.get_peft_model(
        llama, peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    )
    data = [
        {"input_ids": torch.randint(0, 64, (8,)), "labels": torch.randint(0, 64, (8,))}
        for _ in range(8)
    ]
    quiet = {"report_to": [], "save_strategy": "no", "logging_strategy": "no", "disable_tqdm": True}
    options = transformers.TrainingArguments(
        str(folder), per_device_train_batch_size=2, max_steps=4, use_cpu=True, **quiet
    )
    return transformers.Trainer(model, options, train_dataset=data, callbacks=list(callbacks))


def test_a_lora_run_is_told_in_pefts_words_with_a_row_for_each_adapter_tensor(capsys, tmp_path):
    training = trainer(tmp_path, reporting(backward=(1, 2), output=tmp_path / "report.json"))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        training.model.print_trainable_parameters()
    training.train()
    lines = [
        line.partition(" at accelerate/")[0].partition(" at peft/")[0]
        for line in capsys.readouterr().err.splitlines()
    ]
    frozen = (
        "  frozen    base_model: 30 of 42 parameters (9.8 k of 10 k values);"
        f" {printed.getvalue().strip()}"
    )
    assert lines[-1] == "gradviz: 12 of 42 parameters train; 30 are frozen."
    assert lines[
        next(place for place, line in enumerate(lines) if line.startswith("gradviz")) : -1
    ] == [
        "gradviz: backward 1 in step 1, loss",
        "  reached   lora_B.default in q_proj and v_proj (6 tensors, 192 values)",
        (
            "  zero      lora_A.default in q_proj and v_proj (6 tensors, 192 values): gradient"
            " arrives, and all of it is zero"
        ),
        "            from a factor of zero",
        "  why       the other factor is still zero, but it gets gradient itself",
        frozen,
        ("gradviz: optimizer (AdamW) steps after backward 1, which reached 6 of its 12 parameters"),
        (
            "  zero      lora_A.default in q_proj and v_proj (6 tensors, 192 values): what arrived"
            " is all zero"
        ),
        "gradviz: backward 2 in step 2, loss",
        (
            "  reached   lora_A.default in q_proj and v_proj (6 tensors, 192 values), "
            "lora_B.default in q_proj and v_proj (6 tensors, 192 values)"
        ),
        frozen,
        (
            "  no longer zero: lora_A.default in q_proj and v_proj (6 tensors, 192 values), reached"
            " now; zero at backward 1"
        ),
        "gradviz: optimizer (AdamW) steps after backward 2, which reached all its parameters",
        f"gradviz: wrote {tmp_path / 'report.json'}",
    ]
    assert (tmp_path / "report.json").stat().st_size
    assert is_untouched()


def test_training_computes_the_same_numbers(tmp_path):
    def train(*callbacks):
        training = trainer(tmp_path, *callbacks)
        return training.train().training_loss, [one.tolist() for one in training.model.parameters()]

    assert train(reporting()) == train()
    assert is_untouched()


def test_what_an_exception_leaves_watched_is_let_go_of_at_the_next_backward(capsys, tmp_path):
    from transformers import TrainerCallback

    class Raises(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            raise RuntimeError("after the first step")

    with pytest.raises(RuntimeError, match="after the first step"):
        trainer(tmp_path, reporting(), Raises()).train()
    capsys.readouterr()
    torch.nn.Linear(2, 1)(torch.ones(1, 2)).sum().backward()
    assert is_untouched()
    assert capsys.readouterr().err == ""


def test_without_transformers_the_extra_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.delitem(sys.modules, "gradviz.integrations.huggingface", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'torch-gradviz\[transformers\]'"):
        importlib.import_module("gradviz.integrations.huggingface")


@pytest.mark.parametrize("numbers", [(), (0, 1)])
def test_numbers_that_count_no_call_are_refused(numbers):
    with pytest.raises(ValueError, match=r"they count from 1 on"):
        reporting(backward=numbers)
