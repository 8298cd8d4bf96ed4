"""Modules and parameters are kept where parameters() finds them."""

from edited import edited

from gradviz.mending.edits.registered import module_list, parameters, perhaps_modules


def test_modules_in_a_plain_list_or_dict_are_kept_where_parameters_finds_them():
    text = "import torch\nself.parts = [Linear(2, 2) for _ in range(3)]\n"
    assert edited(module_list, text, 2, "unregistered") == [
        "import torch\nself.parts = torch.nn.ModuleList([Linear(2, 2) for _ in range(3)])\n"
    ]
    text = "from torch import nn\nself.heads = {'a': nn.Linear(2, 2)}\n"
    assert edited(module_list, text, 2, "unregistered") == [
        "from torch import nn\nself.heads = nn.ModuleDict({'a': nn.Linear(2, 2)})\n"
    ]


def test_a_list_of_plain_values_stays():
    assert edited(module_list, "self.sizes = [2, f(3)]\n", 1, "unregistered") == []


def test_parameters_in_a_dict_and_a_tensor_that_requires_grad_become_parameters_of_the_model():
    text = "from torch import nn\nself.a = {'k': nn.Parameter(t)}\nself.b = torch.ones(2, requires_grad=True)\n"
    kept, made = edited(parameters, text, 2, "unregistered")
    assert "self.a = nn.ParameterDict({'k': nn.Parameter(t)})" in kept
    assert "self.b = nn.Parameter(torch.ones(2, requires_grad=True))" in made


def test_a_tensor_that_an_optimizer_is_given_is_meant_to_be_none():
    text = "self.z = torch.ones(2, requires_grad=True)\nopt = Adam([self.z], lr=0.1)\n"
    assert edited(parameters, text, 1, "unregistered") == []


def test_what_a_function_returns_may_be_modules():
    text = "from torch import nn\nself.blocks = make_blocks(2)\nself.pair = Linear(), Linear()\n"
    assert edited(perhaps_modules, text, 2, "unregistered") == [
        text.replace("make_blocks(2)", "nn.ModuleList(make_blocks(2))"),
        text.replace("Linear(), Linear()", "nn.ModuleList((Linear(), Linear()))"),
    ]
