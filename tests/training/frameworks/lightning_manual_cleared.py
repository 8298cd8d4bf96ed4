import lightning
import torch
from torch import nn


class Net(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.encoder, self.head = nn.Linear(4, 8), nn.Linear(8, 1)

    def training_step(self, batch, index):
        first, second = self.optimizers()
        loss = self.head(torch.relu(self.encoder(batch[0]))).pow(2).mean()
        first.zero_grad()
        second.zero_grad()
        self.manual_backward(loss)
        first.step()
        self.zero_grad()
        second.step()

    def configure_optimizers(self):
        return torch.optim.SGD(self.encoder.parameters(), lr=0.1), torch.optim.Adam(
            self.head.parameters(), lr=0.01
        )


torch.manual_seed(0)
net = Net()
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(16, 4)), batch_size=4)
lightning.Trainer(
    max_epochs=1,
    accelerator="cpu",
    devices=1,
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
).fit(net, data)
print(f"{sum(p.double().sum().item() for p in net.parameters()):.12f}")
