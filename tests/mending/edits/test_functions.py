"""A function that goes to numbers and comes back is done in torch as a whole."""

import textwrap

from edited import edited

from gradviz.mending.edits.functions import in_torch


def made(body, line=3):
    head = "import torch\ndef score(p, q):\n"
    return [
        text.removeprefix(head)
        for text in edited(in_torch, head + textwrap.indent(body, "    "), line, "detach")
    ]


def test_every_line_of_it_is_changed_and_what_says_nothing_any_more_goes():
    assert made(
        "p = p.detach().cpu().numpy()\n"
        "q, r = q.numpy(), 2\n"
        "s = np.max(p * q, axis=-1).astype(np.float32)\n"
        "return torch.tensor(1 - np.std(s))\n"
    ) == [
        "    q, r = q, 2\n"
        "    s = torch.amax(p * q, dim=-1).float()\n"
        "    return (1 - torch.std(s, correction=0))\n"
    ]


def test_what_stands_inside_what_is_dropped_is_changed_too():
    assert made("h = p * 2\nreturn torch.from_numpy(np.exp(h.detach().numpy()))\n", 4) == []
    assert made("p = p.data\nreturn torch.tensor([float(np.exp(v)) for v in p])\n") == [
        "    return torch.stack([torch.exp(v) for v in p])\n"
    ]


def test_what_is_done_in_one_line_is_left_to_the_edits_of_lines():
    assert made("return torch.tensor(p.tolist())\n") == []


def test_what_stands_in_no_function_is_left_alone():
    assert edited(in_torch, "import torch\nx = x.numpy()\ny = torch.tensor(x)\n", 2, "numpy") == []


def test_a_value_that_another_line_takes_out_and_leaves_a_tensor_stays_taken_out():
    assert made("p = p.detach().numpy()\nq = q.detach()\nreturn torch.tensor(p) * q\n") == [
        "    q = q.detach()\n    return p * q\n"
    ]
