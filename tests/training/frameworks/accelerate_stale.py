import torch
from accelerate import Accelerator
from torch import nn

accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
net[2] = nn.Linear(8, 1)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, step / 2))
data = torch.utils.data.DataLoader(torch.randn(32, 4), batch_size=4)
net, optimizer, data, schedule = accelerator.prepare(net, optimizer, data, schedule)
for batch in data:
    with accelerator.accumulate(net):
        loss = net(batch).pow(2).mean()
        accelerator.backward(loss)
        if accelerator.sync_gradients:
            accelerator.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
print(f"{sum(p.double().sum().item() for p in net.parameters()):.12f}")
