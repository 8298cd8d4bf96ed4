# The teacher is trained first; of the student, trained later, one half is cut off.
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
teacher = nn.Linear(5, 3)
optimizer = torch.optim.Adam(teacher.parameters(), lr=1e-2)
for _ in range(6):
    loss = F.cross_entropy(teacher(torch.randn(8, 5)), torch.arange(8) % 3)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

student = nn.ModuleDict({"body": nn.Linear(5, 4), "head": nn.Linear(4, 3)})
optimizer = torch.optim.Adam(student.parameters(), lr=1e-2)
for _ in range(6):
    x = torch.randn(8, 5)
    hidden = student["body"](x).relu().detach()
    with torch.no_grad():
        target = teacher(x).softmax(1)
    loss = F.cross_entropy(student["head"](hidden), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
