"""Frameworks that start processes of their own.

Lightning's relaunch and ``accelerate launch``, followed for real.
"""

from importlib.util import find_spec

import pytest

ACCELERATED = """
import torch
from torch import nn
from accelerate import Accelerator
accelerator = Accelerator(cpu=True)
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = nn.Linear(4, 4), nn.Linear(4, 1)
    def forward(self, x):
        return self.head(self.encoder(x).detach())
net = Net()
optimizer = torch.optim.Adam(net.parameters())
net, optimizer = accelerator.prepare(net, optimizer)
loss = net(torch.randn(2, 4)).pow(2).mean()
accelerator.backward(loss)
optimizer.step()
accelerator.end_training()
"""


def test_accelerate_launch_is_followed_to_its_ranks(rank_scripts):
    rank_scripts.write("train.py", ACCELERATED)
    plain = (
        "--num_machines",
        "1",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
        "--main_process_port",
        "0",  # one that is free
    )
    ran = rank_scripts.run(
        "--children",
        "accelerate",
        "launch",
        "--multi_gpu",
        "--num_processes",
        "2",
        *plain,
        "train.py",
    )
    assert ran.code == 0, ran.err
    assert ran.err.endswith(
        "gradviz: backward 1 at train.py:17: every rank saw the same\n            rank 0   rank 1\n"
        "  same      cut      cut      net.module.encoder.* (2 tensors, 20 values)\n  same     "
        " reached  reached  net.module.head.* (2 tensors, 5 values)\n  means    "
        " DistributedDataParallel waits on every rank for a gradient of every parameter. It is for\n"
        "            these 2 that it says 'Expected to have finished reduction';"
        " find_unused_parameters=True\n            waits for no unused one.\n"
    )
    alarm = ": ALARM: optimizer (Adam) steps 2 parameters that no gradient reached"
    assert f"gradviz [rank0]{alarm}" in ran.err
    assert "\ngradviz: rank1 says the same as rank0.\n" in ran.err


RELAUNCHED = """
import lightning, torch
from torch import nn
from gradviz.integrations.lightning import GradientReport
class Net(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.trunk, self.left, self.right = nn.Linear(4, 4), nn.Linear(4, 1), nn.Linear(4, 1)
    def training_step(self, batch, index):
        return (self.right if self.global_rank else self.left)(self.trunk(batch)).pow(2).mean()
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())
if __name__ == "__main__":
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", devices=2, strategy="ddp_find_unused_parameters_true", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[GradientReport(backward=(1,), output="report.json")],
    )
    trainer.fit(Net(), torch.utils.data.DataLoader(torch.randn(8, 4), batch_size=2))
"""


def table(prefix):
    return (
        "gradviz: backward 1 at train.py:18: 4 of 6 parameters differ between ranks\n"
        "            rank 0   rank 1\n"
        f"  differ    reached  unused   {prefix}left.* (2 tensors, 5 values)\n"
        f"  differ    unused   reached  {prefix}right.* (2 tensors, 5 values)\n"
        f"  same      reached  reached  {prefix}trunk.* (2 tensors, 20 values)\n"
    )


needs_lightning = pytest.mark.skipif(
    not find_spec("lightning"), reason="needs torch-gradviz[lightning]"
)


@needs_lightning
def test_of_the_ranks_that_lightning_starts_the_first_speaks_for_all(rank_scripts):
    rank_scripts.write("train.py", RELAUNCHED)
    ran = rank_scripts.python("train.py")
    assert ran.code == 0
    assert table("") in ran.err
    assert ran.err.count("gradviz: backward 1 in epoch 0, batch 0, loss") == 1
    assert [path.name for path in rank_scripts.folder.glob("report*")] == ["report.json"]


@needs_lightning
def test_under_gradviz_run_the_callback_is_silent_and_the_ranks_are_followed(rank_scripts):
    rank_scripts.write("train.py", RELAUNCHED)
    ran = rank_scripts.run("--children", "--backward", "1", "train.py")
    assert ran.code == 0
    assert "gradviz [rank0]: backward 1, loss" in ran.err
    assert "gradviz [rank1]: backward 1, loss" in ran.err
    assert table("model.") in ran.err
    assert not list(rank_scripts.folder.glob("report*"))


TRL = """
import torch
from datasets import Dataset
from peft import LoraConfig
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer
words = Tokenizer(models.WordLevel({"<pad>": 0, "<eos>": 1, "<unk>": 2, "a": 3, "b": 4}, unk_token="<unk>"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")
config = LlamaConfig(vocab_size=8, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2)
options = SFTConfig("out", max_steps=2, report_to=[], save_strategy="no", use_cpu=True, bf16=False, logging_strategy="no")
lora = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
data = Dataset.from_list([{"text": "a b a b"}] * 8)
SFTTrainer(LlamaForCausalLM(config), options, train_dataset=data, processing_class=tokenizer, peft_config=lora).train()
"""


@pytest.mark.skipif(
    not find_spec("trl"),
    reason="needs trl, which is not installed for the tests: it brings pandas and pyarrow",
)
def test_a_run_of_trl_is_told_in_pefts_words(scripts):
    scripts.write("train.py", TRL)
    ran = scripts.run("--backward", "1,2", "train.py")
    assert ran.code == 0, ran.err
    assert "ALARM" not in ran.err
    assert (
        "lora_A.default in q_proj (2 tensors, 64 values): zero at backward 1, reached now"
        in ran.err
    )
    assert "(AdamW) steps after backward 2, which reached all its parameters" in ran.err
