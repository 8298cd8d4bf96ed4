"""The models that the benchmarks measure: transformers configurations with random weights."""

import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

try:
    import transformers
except ImportError:
    print("not measured: needs transformers (pip install 'torch-gradviz[test]')")
    raise SystemExit(0) from None

warnings.simplefilter("ignore")
transformers.logging.set_verbosity_error()
Forward = Callable[[], Tensor]


def language_model(
    model: nn.Module, vocabulary: int, length: int = 64
) -> tuple[Forward, nn.Module]:
    """Return the model and what computes its loss on one sequence of ``length`` tokens."""
    ids = torch.randint(0, vocabulary, (1, length))
    return lambda: model(input_ids=ids, labels=ids).loss, model


def gpt2() -> tuple[Forward, nn.Module]:
    """GPT-2 small, 64 tokens, batch 1."""
    torch.manual_seed(0)
    return language_model(transformers.GPT2LMHeadModel(transformers.GPT2Config()).train(), 50257)


def bert() -> tuple[Forward, nn.Module]:
    """BERT base, masked language modelling, 64 tokens."""
    torch.manual_seed(0)
    return language_model(transformers.BertForMaskedLM(transformers.BertConfig()).train(), 30522)


def resnet50() -> tuple[Forward, nn.Module]:
    """ResNet-50, one image of 64 x 64."""
    torch.manual_seed(0)
    model = transformers.ResNetForImageClassification(
        transformers.ResNetConfig(num_labels=10)
    ).train()
    images, labels = torch.randn(2, 3, 64, 64), torch.tensor([1, 7])
    return lambda: F.cross_entropy(model(pixel_values=images).logits, labels), model


def llama32() -> tuple[Forward, nn.Module]:
    """Llama with 32 layers and a hidden size of 256: almost all of a step is overhead."""
    return _llama32(256, 688, heads=8, shared=4, vocabulary=1000)


def smollm() -> tuple[Forward, nn.Module]:
    """Llama with 32 layers of the sizes of SmolLM2-360M, in less of a vocabulary."""
    return _llama32(960, 2560, heads=15, shared=5, vocabulary=1000)


def _llama32(
    hidden: int, inner: int, *, heads: int, shared: int, vocabulary: int
) -> tuple[Forward, nn.Module]:
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=32,
        num_attention_heads=heads,
        num_key_value_heads=shared,
    )
    return language_model(transformers.LlamaForCausalLM(config).train(), vocabulary)
