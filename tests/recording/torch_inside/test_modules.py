"""What modules hold, read from where it is kept."""

import pytest
import torch
from torch import nn

from gradviz.recording import torch_inside


def test_a_module_tells_its_own_parameters_and_children():
    model = nn.Sequential(nn.Linear(1, 1, bias=False))
    assert torch_inside.parameters_of(model) == {}
    assert list(torch_inside.parameters_of(model[0])) == ["weight", "bias"]
    assert torch_inside.parameters_of(model[0])["bias"] is None
    assert torch_inside.children_of(model) == {"0": model[0]}


def test_a_module_that_overrides_what_lists_its_parts_tells_them_all_the_same():
    class Silent(nn.Linear):
        def named_parameters(self, *args, **kwargs):
            return iter(())

        def named_modules(self, *args, **kwargs):
            return iter(())

    assert torch_inside.parameters_of(Silent(1, 1)).keys() == {"weight", "bias"}


def test_a_module_whose_init_has_not_run_holds_nothing():
    bare = nn.Linear.__new__(nn.Linear)
    assert not torch_inside.is_initialized(bare)
    assert torch_inside.parameters_of(bare) == {}
    assert torch_inside.children_of(bare) == {}
    assert torch_inside.is_initialized(nn.Linear(1, 1))


def test_all_modules_come_once_also_where_one_is_inside_itself():
    inner = nn.Linear(1, 1)
    model = nn.Sequential(inner, inner, nn.Sequential(nn.ReLU()))
    model[2].append(model)
    assert list(torch_inside.modules_of(model)) == [model, inner, model[2], model[2][0]]


def test_hooks_on_the_backward_of_a_module_are_told():
    layer = nn.Linear(1, 1)
    name = "register_full_backward_hook"
    assert torch_inside.backward_hooks_of(layer, name) == ()

    def hook(module, incoming, outgoing):
        return None

    layer.register_full_backward_hook(hook)
    assert torch_inside.backward_hooks_of(layer, name) == (hook,)


def test_a_module_that_was_compiled_is_known_before_it_runs():
    layer = nn.Linear(1, 1)
    assert not torch_inside.is_compiled(layer)
    assert not torch_inside.is_compiled(nn.Sequential(layer))
    layer._compiled_call_impl = lambda *args: None
    assert torch_inside.is_compiled(layer)


def test_the_parts_of_a_module_are_kept_under_these_names():
    model = nn.Sequential(nn.BatchNorm1d(1))
    assert vars(model).keys() >= torch_inside.PARTS
    assert isinstance(vars(model)["_parameters"], dict)
    assert torch.is_tensor(vars(model[0])["_buffers"]["running_mean"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_script_module_tells_its_parts_in_a_dict_too():
    model = nn.Sequential(nn.Linear(1, 1))
    for scripted in (torch.jit.script(model), torch.jit.trace(model, torch.ones(1, 1))):
        child = torch_inside.children_of(scripted).get("0")
        assert torch_inside.children_of(scripted).get("1") is None
        assert list(torch_inside.parameters_of(child)) == ["weight", "bias"]


def test_parameters_have_their_paths_and_each_comes_once():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2, bias=False))
    net[1].weight = net[0].weight
    net.again = net
    assert [name for name, _ in torch_inside.named_parameters_of(net)] == ["0.weight", "0.bias"]
