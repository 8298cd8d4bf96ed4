# models: student
import torch
from torch import nn

torch.manual_seed(0)
student = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
kept = {name: value.clone() for name, value in student.state_dict().items()}
optimizer = torch.optim.Adam(student.parameters(), lr=1e-2)
for _ in range(5):
    optimizer.zero_grad()
    loss = student(torch.randn(8, 4)).square().mean()
    loss.backward()
    optimizer.step()
    student.load_state_dict(kept)
    print(loss.item())
