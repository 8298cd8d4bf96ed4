import os
import tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import torch
from torch import nn
from transformers import PrinterCallback, Trainer, TrainingArguments


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x, labels=None):
        out = self.head(torch.relu(self.encoder(x)).detach())
        return {"loss": (out - labels).pow(2).mean(), "logits": out}


torch.manual_seed(0)
net = Net()
data = [{"x": torch.randn(4), "labels": torch.randn(1)} for _ in range(16)]
options = TrainingArguments(
    tempfile.mkdtemp(),
    max_steps=4,
    warmup_steps=2,
    per_device_train_batch_size=4,
    use_cpu=True,
    report_to=[],
    save_strategy="no",
    logging_strategy="no",
    disable_tqdm=True,
)
trainer = Trainer(net, options, train_dataset=data)
trainer.remove_callback(PrinterCallback)
trainer.train()
print(f"{sum(p.double().sum().item() for p in net.parameters()):.12f}")
