import torch
from torch import nn
torch.manual_seed(0)
class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(10, 6)
        self.rnn = nn.GRU(6, 6, batch_first=True)
        self.head = nn.Linear(6, 10, bias=False)
    def forward(self, ids):
        return self.head(self.rnn(self.emb(ids))[0])
model = LM()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
model.head.weight = model.emb.weight
ids = torch.randint(10, (4, 7))
for step in range(5):
    optimizer.zero_grad()
    logits = model(ids)[:, :-1]
    loss = nn.functional.cross_entropy(logits.reshape(-1, 10), ids[:, 1:].reshape(-1))
    loss.backward()
    optimizer.step()
    print(step, loss.item())
