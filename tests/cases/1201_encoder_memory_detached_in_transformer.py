"""The encoder's memory is made a leaf before the decoder reads it: the encoder layer never trains, the embedding they share does through the decoder.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(9, 8)
        self.enc = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.dec = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, batch_first=True)

    def forward(self, s, t):
        memory = self.enc(self.emb(s))
        memory = memory.clone().detach().requires_grad_(True)
        mask = nn.Transformer.generate_square_subsequent_mask(t.size(1))
        return self.dec(self.emb(t), memory, tgt_mask=mask) @ self.emb.weight.T


def step():
    torch.manual_seed(0)
    model = Net()
    s, t = torch.randint(0, 9, (2, 4)), torch.randint(0, 9, (2, 3))
    return F.cross_entropy(model(s, t).flatten(0, 1), t.flatten()), model


EXPECT = {'emb.weight': 'reached', 'enc.self_attn.in_proj_weight': 'cut', 'enc.self_attn.in_proj_bias': 'cut', 'enc.self_attn.out_proj.weight': 'cut', 'enc.self_attn.out_proj.bias': 'cut', 'enc.linear1.weight': 'cut', 'enc.linear1.bias': 'cut', 'enc.linear2.weight': 'cut', 'enc.linear2.bias': 'cut', 'enc.norm1.weight': 'cut', 'enc.norm1.bias': 'cut', 'enc.norm2.weight': 'cut', 'enc.norm2.bias': 'cut', 'dec.self_attn.in_proj_weight': 'reached', 'dec.self_attn.in_proj_bias': 'reached', 'dec.self_attn.out_proj.weight': 'reached', 'dec.self_attn.out_proj.bias': 'reached', 'dec.multihead_attn.in_proj_weight': 'reached', 'dec.multihead_attn.in_proj_bias': 'reached', 'dec.multihead_attn.out_proj.weight': 'reached', 'dec.multihead_attn.out_proj.bias': 'reached', 'dec.linear1.weight': 'reached', 'dec.linear1.bias': 'reached', 'dec.linear2.weight': 'reached', 'dec.linear2.bias': 'reached', 'dec.norm1.weight': 'reached', 'dec.norm1.bias': 'reached', 'dec.norm2.weight': 'reached', 'dec.norm2.bias': 'reached', 'dec.norm3.weight': 'reached', 'dec.norm3.bias': 'reached'}
CUTS = [('detach', 'memory = memory.clone().detach().requires_grad_(True)')]
PARTIAL = ['emb.weight']
