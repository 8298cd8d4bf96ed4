"""What a step costs, held against what can be counted by hand."""

import contextlib

import pytest
import torch
from torch import nn

from gradviz.article import STRATEGIES, Net
from gradviz.costing.compare import compare
from gradviz.costing.freezing import WAYS, parameters_before, ways
from gradviz.costing.measure import Times, Way, count_nodes, measure
from gradviz.costing.saved import SavedBytes
from gradviz.costing.table import lined_up, size
from gradviz.errors import GradvizError

FLOAT = 4


@pytest.fixture(scope="module")
def article():
    net, x = Net(STRATEGIES["none"], "f2"), torch.tensor([[1.0]])
    return measure(ways(net, "f2", lambda: net(x).sum()), runs=3)


def test_autograd_saves_the_input_of_each_linear_layer_whose_weight_trains(article):
    x, h1, h2 = 1, 2, 3
    assert article["none"].saved == (x + h1 + h2) * FLOAT
    assert article["one layer"].saved == (x + h2) * FLOAT
    for way in ("all before", "detach_()", "no_grad"):
        assert article[way].saved == h2 * FLOAT


def test_backward_runs_through_the_sum_and_for_each_layer_through_what_trains_or_passes(article):
    # Addmm, the transpose of the weight, and one node that writes the gradient for each of weight
    # and bias
    layer = 4
    assert article["none"].nodes == 1 + 3 * layer
    # Of the frozen one the product is left, which passes gradient on
    assert article["one layer"].nodes == 1 + 2 * layer + 1
    for way in ("all before", "detach_()", "no_grad"):
        assert article[way].nodes == 1 + layer


def test_gradients_and_the_state_of_adam_are_those_of_what_trains(article):
    f1, f2, f3 = 4, 9, 8
    for way, numbers in zip(WAYS, (f1 + f2 + f3, f1 + f3, f3, f3, f3), strict=True):
        assert article[way].gradients == numbers * FLOAT
        assert article[way].state == 2 * numbers * FLOAT


def test_memory_that_several_nodes_save_is_counted_once():
    x = torch.ones(5, requires_grad=True)
    with SavedBytes() as saving:
        y = x * 2  # a product with a number saves nothing
        z = y * y + y.exp() + y[1:].sum() * y.view(5)[0]
    # The result of exp, the sum; y is saved by the square and, as a view, by the last product
    exp, total, element = 5, 1, 0
    assert saving.held == (5 + exp + total + element) * FLOAT
    assert saving.leave_out([y]) == (exp + total) * FLOAT
    del z
    assert saving.held == 0
    assert saving.peak == (5 + exp + total) * FLOAT


def test_what_is_there_without_a_graph_is_not_counted():
    weight, x = nn.Parameter(torch.ones(3)), torch.ones(3, requires_grad=True)
    with SavedBytes([weight]) as saving:
        y = (x * weight).sum()
    assert saving.held == 3 * FLOAT
    assert y.requires_grad


def test_counting_leaves_gradients_as_they_are():
    x = torch.rand(4, requires_grad=True)
    plain = torch.autograd.grad(x.tanh().exp().prod(), x)[0]
    with SavedBytes():
        y = x.tanh().exp().prod()
    assert torch.equal(torch.autograd.grad(y, x)[0], plain)


def test_a_detached_part_was_kept_until_it_was_detached():
    x = torch.ones(8, requires_grad=True)
    with SavedBytes() as saving:
        h = x.exp()
        h.detach_()
    assert (saving.held, saving.peak) == (0, 8 * FLOAT)


def test_everything_before_a_layer_is_what_began_to_run_before_it_ended_less_what_is_used_again():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first, self.middle = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
            self.tied = nn.Linear(2, 2)
            self.out = nn.Linear(2, 2)
            self.out.weight = self.tied.weight

        def forward(self, x):
            return self.last(self.out(self.middle(self.first(self.tied(x)))))

    net = Tied()
    before = parameters_before(net, net.middle, lambda: net(torch.ones(1, 2)))
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    assert {names[id(one)] for one in before} == {
        "first.weight",
        "first.bias",
        "middle.weight",
        "middle.bias",
        "tied.bias",
    }


def test_a_model_is_left_as_it_was():
    net, x = Net(STRATEGIES["none"], "f2"), torch.tensor([[1.0]])
    for way in ways(net, "f2", lambda: net(x).sum()).values():
        with contextlib.suppress(ZeroDivisionError), way.context():
            way.forward()
            raise ZeroDivisionError
    assert all(one.requires_grad and one.grad is None for one in net.parameters())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in net.modules())
    assert torch.is_grad_enabled()


def test_ways_take_turns_and_the_median_is_told_with_the_middle_half():
    calls = []

    def way(name):
        def forward():
            calls.append(name)
            return torch.ones(1, requires_grad=True).sum(), None

        return Way(forward)

    found = measure({"a": way("a"), "b": way("b")}, runs=3)
    assert calls[4:] == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert found["a"].nodes == 1 + 1
    assert Times.of([5.0, 1.0, 2.0, 4.0, 3.0]) == Times(3.0, 2.0, 4.0)


def test_a_loss_without_a_graph_has_no_nodes():
    assert count_nodes(torch.ones(())) == 0


def test_functions_are_compared_as_the_user_names_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "steps.py").write_text(
        "import torch\nfrom torch import nn\nmodel = nn.Linear(3, 2)\n"
        "def small(): return model(torch.ones(1, 3)).sum(), model\n"
        "def large(): return (lambda: model(torch.ones(9, 3)).sum()), model\n"
        "def wrong(): return 1.0\n"
    )
    found = compare(["steps.py:small", "steps.py:large"], runs=2)
    assert [cost.saved for cost in found.values()] == [3 * FLOAT, 27 * FLOAT]
    assert list(compare(["steps.py:large"], "", runs=2)) == list(WAYS)
    for functions, layer, said in (
        (["steps.py:wrong"], None, "returned no loss"),
        (["steps.py:large"], "body", "no layer 'body'"),
        (["steps.py:small"], "", "has to return \\(forward, model\\)"),
        (["steps.py:small", "steps.py:large"], "", "one function"),
    ):
        with pytest.raises(GradvizError, match=said):
            compare(functions, layer, runs=2)


def test_sizes_and_columns_are_for_people():
    assert [size(12), size(1536), size(3 * 1024**3)] == ["12 B", "1.5 KiB", "3 GiB"]
    assert lined_up([("way", "n"), ("a", "100")]) == "way    n\na    100\n"
