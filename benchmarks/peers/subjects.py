"""The models that every tool is shown: each is called with one tensor and returns its loss."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Subject = tuple[nn.Module, Tensor]


class Article(nn.Module):
    """Three layers; the second is frozen, or the value after it detached, or neither."""

    def __init__(self, mode: str = "none") -> None:
        super().__init__()
        self.f1, self.f2, self.f3 = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 1)
        self.mode = mode
        self.f2.requires_grad_(mode != "frozen")

    def forward(self, x: Tensor) -> Tensor:
        """Return the loss."""
        h = self.f2(self.f1(x))
        if self.mode == "detach":
            h = h.detach()
        return self.f3(h).sum()


class Recurrent(nn.Module):
    """A cell of an RNN, as many times as its input is long."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.RNNCell(4, 8), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the loss."""
        h = torch.zeros(1, 8)
        for value in x:
            h = self.cell(value[None], h)
        return self.head(h).sum()


class Pictures(nn.Module):
    """ResNet-50 with its loss."""

    def __init__(self) -> None:
        super().__init__()
        import transformers

        config = transformers.ResNetConfig(num_labels=10)
        self.net = transformers.ResNetForImageClassification(config)

    def forward(self, x: Tensor) -> Tensor:
        """Return the loss on two images."""
        return F.cross_entropy(self.net(pixel_values=x).logits, torch.tensor([1, 7]))


class Language(nn.Module):
    """A language model of transformers with its loss."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Return the loss on one sequence."""
        return self.net(input_ids=x, labels=x).loss


def _ids(most: int) -> Tensor:
    return torch.randint(0, most, (1, 64))


def bert() -> Subject:
    """BERT base, 64 tokens."""
    import transformers

    return Language(transformers.BertForMaskedLM(transformers.BertConfig())), _ids(30_000)


def gpt2() -> Subject:
    """GPT-2 small, 64 tokens."""
    import transformers

    return Language(transformers.GPT2LMHeadModel(transformers.GPT2Config())), _ids(50_000)


def llama() -> Subject:
    """Llama with 32 layers, narrow, 64 tokens."""
    import transformers

    config = transformers.LlamaConfig(
        vocab_size=1000,
        hidden_size=256,
        intermediate_size=688,
        num_hidden_layers=32,
        num_attention_heads=8,
        num_key_value_heads=4,
    )
    return Language(transformers.LlamaForCausalLM(config)), _ids(1000)


def lora() -> Subject:
    """GPT-2 of four blocks with LoRA adapters."""
    import peft
    import transformers

    base = transformers.GPT2LMHeadModel(transformers.GPT2Config(n_layer=4))
    config = peft.LoraConfig(target_modules=["c_attn"], fan_in_fan_out=True)
    return Language(peft.get_peft_model(base, config)), _ids(50_000)


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "the article's net": lambda: (Article(), torch.ones(2, 3)),
    "the same, f2 frozen": lambda: (Article("frozen"), torch.ones(2, 3)),
    "the same, detached": lambda: (Article("detach"), torch.ones(2, 3)),
    "ResNet-50": lambda: (Pictures(), torch.randn(2, 3, 64, 64)),
    "BERT": bert,
    "GPT-2 small": gpt2,
    "Llama, 32 layers": llama,
    "RNN, 2,000 steps": lambda: (Recurrent(), torch.randn(2000, 4)),
    "LoRA on GPT-2": lora,
}


def subject(name: str) -> Subject:
    """Return a model in training mode and its input, the same every time."""
    torch.manual_seed(0)
    model, x = SUBJECTS[name]()
    return model.train(), x
