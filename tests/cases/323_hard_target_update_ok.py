"""DQN whose target is synchronised with load_state_dict before the loss: the frozen target holds a copy of the online weights.
Source: common DQN tutorial idiom"""
import torch
from torch import nn
import torch.nn.functional as F


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = nn.Linear(4, 3)
        self.target = nn.Linear(4, 3).requires_grad_(False)

    def sync(self):
        self.target.load_state_dict(self.online.state_dict())


def step():
    torch.manual_seed(0)
    model = Agent()
    model.sync()
    s, s2, a = torch.randn(6, 4), torch.randn(6, 4), torch.randint(0, 3, (6, 1))
    y = 0.5 + 0.9 * model.target(s2).amax(1, keepdim=True)
    return F.smooth_l1_loss(model.online(s).gather(1, a), y), model


EXPECT = {"online.weight": "reached", "online.bias": "reached", "target.weight": "frozen", "target.bias": "frozen"}
CUTS = [("copy_under_no_grad", "self.target.load_state_dict(self.online.state_dict())")]
ALT = {CUTS[0][1]: ["model.sync()"]}
ALT_KINDS = {CUTS[0][1]: ["detach", "data", "no_grad", "deepcopy"]}
PARTIAL = ["online.weight", "online.bias"]
BUG = False
