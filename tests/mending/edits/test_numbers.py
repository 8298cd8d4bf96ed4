"""Arithmetic with plain numbers is done by torch, under torch's names."""

from edited import edited

from gradviz.mending.edits.numbers import by_torch


def made(line):
    texts = edited(by_torch, f"import torch\n{line}\n", 2, "item")
    return [text.splitlines()[1] for text in texts]


def test_a_function_of_math_becomes_torch_s_on_the_tensor_itself():
    assert made("y = math.sqrt(x.item())") == [
        "y = torch.sqrt(x.item())",
        "y = torch.sqrt(x)",
    ]


def test_numpy_s_names_and_keywords_become_torch_s():
    assert made("y = np.concatenate([a, b], axis=1)") == ["y = torch.cat([a, b], dim=1)"]
    assert made("y = np.power(x, 2)") == ["y = torch.pow(x, 2)"]


def test_what_leads_out_of_torch_is_left_out_around_each_value():
    assert "y = torch.exp(a) + torch.exp(b)" in made(
        "y = np.exp(a.detach().cpu().numpy()) + np.exp(b.numpy())"
    )


def test_a_function_that_torch_has_not_stays():
    assert made("y = math.comb(a, b)") == []


def test_a_file_that_does_not_import_torch_is_left_alone():
    assert edited(by_torch, "y = math.sqrt(x)\n", 1, "item") == []


def test_a_maximum_with_a_number_is_a_clamp():
    assert "y = torch.clamp(x, min=0.0)" in made("y = np.maximum(x, 0.0)")
    assert "y = torch.clamp(x + 1, max=3)" in made("y = np.minimum(3, x + 1)")
    assert "y = torch.maximum(x, z)" in made("y = np.maximum(x, z)")
