"""Training steps of real architectures, small and with random weights, for the tests and
benchmarks.

Each entry of :data:`STEPS` is a function that returns ``(loss, model)``. The models are in training
mode, dropout is active. Those that need an extra package are skipped where it is not installed.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Step = Callable[[], tuple[Tensor, nn.Module]]
STEPS: dict[str, Step] = {}


def real_model(function: Step) -> Step:
    STEPS[function.__name__] = function
    return function


def transformers() -> Any:
    return pytest.importorskip(
        "transformers", reason="needs transformers: pip install 'torch-gradviz[test]'"
    )


def tokens(vocabulary: int, batch: int = 2, length: int = 9) -> Tensor:
    return torch.randint(0, vocabulary, (batch, length))


@real_model
def gpt2() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    model = t.GPT2LMHeadModel(
        t.GPT2Config(vocab_size=61, n_positions=32, n_embd=16, n_layer=2, n_head=2)
    ).train()
    ids = tokens(61)
    return model(input_ids=ids, labels=ids).loss, model


@real_model
def bert() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    config = t.BertConfig(
        vocab_size=61,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    model = t.BertForMaskedLM(config).train()
    ids = tokens(61)
    return model(input_ids=ids, labels=ids).loss, model


@real_model
def llama() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    model = t.LlamaForCausalLM(small_llama(t)).train()
    ids = tokens(61)
    return model(input_ids=ids, labels=ids).loss, model


def small_llama(t: Any) -> Any:
    return t.LlamaConfig(
        vocab_size=61,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        attention_dropout=0.1,
    )


@real_model
def vit() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    config = t.ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=16,
        patch_size=8,
        hidden_dropout_prob=0.1,
        num_labels=3,
    )
    model = t.ViTForImageClassification(config).train()
    return (
        F.cross_entropy(model(pixel_values=torch.randn(2, 3, 16, 16)).logits, torch.tensor([0, 2])),
        model,
    )


@real_model
def resnet() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    config = t.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], layer_type="bottleneck", num_labels=3
    )
    model = t.ResNetForImageClassification(config).train()
    return (
        F.cross_entropy(model(pixel_values=torch.randn(2, 3, 32, 32)).logits, torch.tensor([0, 2])),
        model,
    )


@real_model
def whisper() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    config = t.WhisperConfig(
        vocab_size=61,
        num_mel_bins=8,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_source_positions=10,
        max_target_positions=16,
        dropout=0.1,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        begin_suppress_tokens=None,
        suppress_tokens=None,
    )
    model = t.WhisperForConditionalGeneration(config).train()
    return model(input_features=torch.randn(2, 8, 20), labels=tokens(61)).loss, model


@real_model
def t5() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    config = t.T5Config(
        vocab_size=61,
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=0,
    )
    model = t.T5ForConditionalGeneration(config).train()
    return model(input_ids=tokens(61), labels=tokens(61)).loss, model


@real_model
def mamba() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    model = t.MambaForCausalLM(
        t.MambaConfig(
            vocab_size=61, hidden_size=16, state_size=4, num_hidden_layers=2, conv_kernel=2
        )
    ).train()
    ids = tokens(61)
    return model(input_ids=ids, labels=ids).loss, model


@real_model
def mixtral() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    config = t.MixtralConfig(
        vocab_size=61,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        num_local_experts=4,
        output_router_logits=True,
    )
    model = t.MixtralForCausalLM(config).train()
    ids = tokens(61)
    return model(input_ids=ids, labels=ids).loss, model


@real_model
def peft_lora() -> tuple[Tensor, nn.Module]:
    t = transformers()
    peft = pytest.importorskip("peft", reason="needs peft: pip install 'torch-gradviz[test]'")
    torch.manual_seed(0)
    base = t.LlamaForCausalLM(small_llama(t))
    adapter = peft.LoraConfig(
        r=2,
        lora_alpha=4,
        lora_dropout=0.1,
        target_modules=["q_proj", "v_proj"],
        task_type="CAUSAL_LM",
    )
    model = peft.get_peft_model(base, adapter).train()
    ids = tokens(61)
    return model(input_ids=ids, labels=ids).loss, model


@real_model
def llama_with_checkpoints() -> tuple[Tensor, nn.Module]:
    t = transformers()
    torch.manual_seed(0)
    model = t.LlamaForCausalLM(small_llama(t)).train()
    model.gradient_checkpointing_enable({"use_reentrant": False})
    ids = tokens(61)
    return model(input_ids=ids, labels=ids, use_cache=False).loss, model


class Tagger(nn.Module):
    """Embedding, two LSTM layers with dropout, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(31, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 12, num_layers=2, dropout=0.3, bidirectional=True, batch_first=True)
        self.head = nn.Linear(24, 5)

    def forward(self, ids: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embed(ids), torch.tensor([7, 4, 2]), batch_first=True
        )
        out, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        tags: Tensor = self.head(out)
        return tags


@real_model
def lstm() -> tuple[Tensor, nn.Module]:
    torch.manual_seed(0)
    model = Tagger().train()
    return F.cross_entropy(model(tokens(31, 3, 7)).flatten(0, 1), torch.randint(0, 5, (21,))), model


@real_model
def transformer_encoder() -> tuple[Tensor, nn.Module]:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.2, batch_first=True)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).train()
    return model(torch.randn(3, 5, 16)).pow(2).mean(), model


@real_model
def u_net() -> tuple[Tensor, nn.Module]:
    torch.manual_seed(0)

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Sequential(
                nn.Conv2d(2, 6, 3, padding=1),
                nn.GroupNorm(2, 6),
                nn.SiLU(inplace=True),
                nn.Dropout2d(0.2),
            )
            self.middle = nn.Sequential(
                nn.Conv2d(6, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True)
            )
            self.up = nn.ConvTranspose2d(6, 6, 2, stride=2)
            self.head = nn.Conv2d(12, 1, 1)

        def forward(self, x: Tensor) -> Tensor:
            skip = self.down(x)
            out: Tensor = self.head(torch.cat([self.up(self.middle(skip)), skip], 1))
            return out

    model = UNet().train()
    return (
        F.binary_cross_entropy_with_logits(
            model(torch.randn(2, 2, 8, 8)), torch.rand(2, 1, 8, 8).round()
        ),
        model,
    )
