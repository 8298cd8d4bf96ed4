"""Small training scripts of the shapes that real ones have."""

GAN = """
import torch
from torch import nn
torch.manual_seed(0)
class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    def forward(self, z):
        return self.main(z)
netG, netD = Generator(), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
optimizerD, optimizerG = torch.optim.Adam(netD.parameters()), torch.optim.Adam(netG.parameters())
criterion = nn.BCEWithLogitsLoss()
for step in range(2):
    netD.zero_grad()
    errD_real = criterion(netD(torch.randn(5, 2)), torch.ones(5, 1))
    errD_real.backward()
    fake = netG(torch.randn(5, 4))
    errD_fake = criterion(netD(fake.detach()), torch.zeros(5, 1))
    errD_fake.backward()
    optimizerD.step()
    netG.zero_grad()
    errG = criterion(netD(fake), torch.ones(5, 1))
    errG.backward()
    optimizerG.step()
    print(errD_real.item(), errD_fake.item(), errG.item())
"""

WGAN_GP = """
import torch
from torch import nn
torch.manual_seed(0)
generator, discriminator = nn.Linear(4, 2), nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
optimizer_G, optimizer_D = torch.optim.Adam(generator.parameters()), torch.optim.Adam(discriminator.parameters())
def penalty(real, fake):
    alpha = torch.rand(5, 1)
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    gradients = torch.autograd.grad(discriminator(mixed).sum(), mixed, create_graph=True)[0]
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()
for step in range(2):
    optimizer_D.zero_grad()
    real, fake = torch.randn(5, 2), generator(torch.randn(5, 4))
    d_loss = discriminator(fake).mean() - discriminator(real).mean() + 10 * penalty(real.data, fake.data)
    d_loss.backward()
    optimizer_D.step()
    optimizer_G.zero_grad()
    g_loss = -discriminator(generator(torch.randn(5, 4))).mean()
    g_loss.backward()
    optimizer_G.step()
"""

SAC = """
import copy
import torch
from torch import nn
torch.manual_seed(0)
class Agent:
    def __init__(self):
        self.actor = nn.Linear(3, 2)
        self.qf1, self.qf2 = nn.Linear(4, 1), nn.Linear(4, 1)
        self.qf1_target, self.qf2_target = copy.deepcopy(self.qf1), copy.deepcopy(self.qf2)
        self.q_optimizer = torch.optim.Adam([*self.qf1.parameters(), *self.qf2.parameters()])
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters())
        self.log_alpha = torch.zeros(1, requires_grad=True)
        self.a_optimizer = torch.optim.Adam([self.log_alpha])
    def act(self, x):
        mean, log_std = self.actor(x).chunk(2, 1)
        normal = torch.distributions.Normal(mean, log_std.exp())
        action = normal.rsample()
        return action, normal.log_prob(action)
    def train(self):
        alpha = self.log_alpha.exp().item()
        x, nx = torch.randn(6, 3), torch.randn(6, 3)
        with torch.no_grad():
            na, nlog = self.act(nx)
            nq = torch.cat([nx, na], 1)
            target = torch.min(self.qf1_target(nq), self.qf2_target(nq)) - alpha * nlog
        q = torch.cat([x, torch.randn(6, 1)], 1)
        qf_loss = (self.qf1(q) - target).pow(2).mean() + (self.qf2(q) - target).pow(2).mean()
        self.q_optimizer.zero_grad()
        qf_loss.backward()
        self.q_optimizer.step()
        a, log = self.act(x)
        qa = torch.cat([x, a], 1)
        actor_loss = (alpha * log - torch.min(self.qf1(qa), self.qf2(qa))).mean()
        self.actor_optimizer.zero_grad()
        actor_loss.backward()
        self.actor_optimizer.step()
        with torch.no_grad():
            _, log = self.act(x)
        alpha_loss = (-self.log_alpha.exp() * (log + 1)).mean()
        self.a_optimizer.zero_grad()
        alpha_loss.backward()
        self.a_optimizer.step()
agent = Agent()
for _ in range(2):
    agent.train()
"""

SIMSIAM = """
import torch
from torch import nn
torch.manual_seed(0)
resnet = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 10))
class SimSiam(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.prediction_head = nn.Linear(6, 6)
    def forward(self, x):
        z = self.backbone(x)
        p = self.prediction_head(z)
        z = z.detach()
        return z, p
model = SimSiam(nn.Sequential(*list(resnet.children())[:-1]))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    x = torch.randn(4, 6)
    (z0, p0), (z1, p1) = model(x), model(x + 0.1)
    loss = -0.5 * (nn.functional.cosine_similarity(z0, p1).mean() + nn.functional.cosine_similarity(z1, p0).mean())
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
"""

DPO = """
import copy
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
class Trainer:
    def __init__(self, model):
        self.model, self.ref_model = model, copy.deepcopy(model)
        self.optimizer = torch.optim.AdamW(self.model.parameters())
    def logps(self, model, ids):
        return model(ids).log_softmax(-1).gather(-1, ids[..., None]).sum((1, 2))
    def train(self):
        chosen, rejected = torch.randint(0, 9, (3, 5)), torch.randint(0, 9, (3, 5))
        with torch.no_grad():
            reference = self.logps(self.ref_model, chosen) - self.logps(self.ref_model, rejected)
        loss = -F.logsigmoid(self.logps(self.model, chosen) - self.logps(self.model, rejected) - reference).mean()
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
def main():
    trainer = Trainer(nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9)))
    for _ in range(3):
        trainer.train()
main()
"""

LORA = """
import torch
from torch import nn
torch.manual_seed(0)
class Lora(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base = base
        self.lora_A = nn.Linear(base.in_features, 2, bias=False)
        self.lora_B = nn.Linear(2, base.out_features, bias=False)
        nn.init.zeros_(self.lora_B.weight)
    def forward(self, x):
        return self.base(x) + self.lora_B(self.lora_A(x))
model = nn.Sequential(*(nn.Linear(6, 6) for _ in range(12)))
model.requires_grad_(False)
for index in (3, 7):
    model[index] = Lora(model[index])
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
for _ in range(3):
    loss = model(torch.randn(4, 6)).pow(2).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
"""

LBFGS = """
import torch
from torch import nn
torch.manual_seed(0)
seq = nn.LSTMCell(1, 4).double()
x = torch.randn(8, 1, dtype=torch.double)
optimizer = torch.optim.LBFGS(seq.parameters(), lr=0.8, max_iter=6)
def closure():
    optimizer.zero_grad()
    h, c = seq(x)
    loss = (h.sum(1) - x[:, 0]).pow(2).mean()
    print("loss:", loss.item())
    loss.backward()
    return loss
optimizer.step(closure)
"""

CHECKPOINTED = """
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
torch.manual_seed(0)
embedding, block, head = nn.Embedding(9, 4), nn.Linear(4, 4), nn.Linear(4, 9)
optimizer = torch.optim.SGD([*embedding.parameters(), *block.parameters(), *head.parameters()], lr=0.1)
for reentrant in (True, False, True):
    ids = torch.randint(0, 9, (3, 5))
    loss = head(checkpoint(block, embedding(ids), use_reentrant=reentrant)).log_softmax(-1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
"""

ACCUMULATING = """
import torch
from torch import nn
torch.manual_seed(0)
encoder, left, right = nn.Linear(3, 3), nn.Linear(3, 1), nn.Linear(3, 1)
optimizer = torch.optim.SGD([*encoder.parameters(), *left.parameters(), *right.parameters()], lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    h = encoder(torch.randn(4, 3))
    first = left(h).pow(2).mean()
    first.backward(retain_graph=True)
    second = right(h).pow(2).mean()
    second.backward()
    optimizer.step()
"""

CUT = """
import torch
from torch import nn
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head, self.spare = nn.Linear(3, 3), nn.Linear(3, 1), nn.Linear(3, 1)
    def forward(self, x):
        h = self.encoder(x).detach()
        return self.head(h)
net = Net()
optimizer = torch.optim.Adam(net.parameters())
for _ in range(4):
    optimizer.zero_grad()
    loss = net(torch.randn(4, 3)).pow(2).mean()
    loss.backward()
    optimizer.step()
"""
