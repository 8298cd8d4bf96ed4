"""A draw goes by way of its parameters, where the distribution has a way."""

from edited import edited

from gradviz.mending.edits.sampled import reparametrised


def test_a_sample_is_drawn_with_its_parameters():
    text = "z = Normal(m, s).sample((3,))\n"
    assert edited(reparametrised, text, kind="no_grad") == ["z = Normal(m, s).rsample((3,))\n"]


def test_a_normal_draw_is_mean_and_deviation():
    text = "z = torch.normal(m, s + 1)\n"
    assert edited(reparametrised, text, kind="no_grad") == [
        "z = (m + (s + 1) * torch.randn_like(m + (s + 1)))\n"
    ]


def test_another_function_called_normal_is_none():
    assert edited(reparametrised, "z = np.normal(m, s)\n", kind="no_grad") == []
    assert edited(reparametrised, "z = torch.normal(m, s, generator=g)\n", kind="no_grad") == []
