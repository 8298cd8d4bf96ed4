"""A look-up at a rounded place passes gradient as its table rises there."""

import torch
from edited import edited

from gradviz.mending.edits.indices import slope

TEXT = "index = torch.round(where).long()\ny = table[index]\n"


def test_the_rows_stay_and_gradient_is_the_slope_of_the_table():
    after = edited(slope, TEXT, 1, "integer_cast")[0]
    where = torch.tensor([0.2, 1.9], requires_grad=True)
    table = torch.tensor([[1.0, 2.0], [4.0, 2.0], [5.0, 9.0]])
    names = {"torch": torch, "where": where, "table": table}
    exec(after, names)
    assert torch.equal(names["y"], table[[0, 2]])
    names["y"].sum().backward()
    assert where.grad.tolist() == [3.0, 0.0]


def test_an_embedding_is_a_table_and_a_place_that_was_not_rounded_is_left_alone():
    text = "index = p.clamp(0, 7).long()\nh = self.rows(index)\n"
    assert "self.rows.weight[(index + 1).clamp(" in edited(slope, text, 1, "integer_cast")[0]
    assert edited(slope, "index = ids\nh = table[index]\n", 1, "integer_cast") == []
