"""An array is made over shared memory and filled with live values, and the memory is read again."""
import torch
from torch import nn
import torch.nn.functional as F
import numpy as np
from multiprocessing import shared_memory


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor([0.3731, 0.8123, -0.4417]))
        self.b = nn.Linear(3, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    a = torch.tanh(model.a)
    shm = shared_memory.SharedMemory(create=True, size=12)
    np.ndarray((3,), np.float32, shm.buf)[:] = a.detach().numpy()
    k = torch.from_numpy(np.ndarray((3,), np.float32, shm.buf).copy())
    shm.close(); shm.unlink()
    loss = F.mse_loss(model.b(x) * k, torch.zeros(4, 3))
    return loss, model


EXPECT = {"a": "cut", "b.weight": "reached", "b.bias": "reached"}
CUTS = [('item', 'np.ndarray((3,), np.float32, shm.buf)[:] = a.detach().numpy()')]
ALT = {'np.ndarray((3,), np.float32, shm.buf)[:] = a.detach().numpy()': ['k = torch.from_numpy(np.ndarray((3,), np.float32, shm.buf).copy())', 'shm.close(); shm.unlink()']}
ALT_KINDS = {line: ["item", "numpy", "detach", "new_tensor", "data", "no_grad", "non_differentiable", "custom_function"] for _, line in CUTS}
BUG = True
