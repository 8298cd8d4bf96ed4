import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

teacher = nn.Linear(4, 3).requires_grad_(False)
student = nn.Linear(4, 3)
opt = torch.optim.SGD(student.parameters(), lr=0.1)
for _ in range(4):
    x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
    logits = student(x)
    hard = F.cross_entropy(logits, y)
    soft = F.kl_div(logits.detach().log_softmax(-1), teacher(x).softmax(-1), reduction="batchmean")
    loss = hard + 0.5 * soft
    opt.zero_grad()
    loss.backward()
    opt.step()
