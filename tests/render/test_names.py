import pytest

from gradviz.graph import Parameter
from gradviz.render.names import abbreviated, fold_names


def folded(meant, others=()):
    among = {name: Parameter(name=name, numel=10) for name in (*meant, *others)}
    return [str(group) for group in fold_names(meant, among)]


def test_a_module_stands_for_its_parameters_where_all_of_them_are_meant():
    assert folded(["a.weight", "a.bias", "b.weight"], others=["b.bias"]) == [
        "a.* (2 tensors, 20 values)",
        "b.weight (10 values)",
    ]


def test_the_outermost_module_stands_for_all_that_is_in_it():
    assert folded(["net.a.weight", "net.a.bias", "net.b.weight"], others=["head"]) == [
        "net.* (3 tensors, 30 values)"
    ]


def test_what_models_are_attributes_of_does_not_stand_for_them():
    among = {
        name: Parameter(name=name, numel=10) for name in ("agent.actor.a.w", "agent.actor.b.w")
    }
    assert [str(group) for group in fold_names(among, among, ["agent.actor"])] == [
        "agent.actor.* (2 tensors, 20 values)"
    ]


def test_one_parameter_left_out_opens_its_module_and_no_other():
    assert folded(["net.a.w", "net.b.w", "net.b.v"], others=["net.a.v"]) == [
        "net.a.w (10 values)",
        "net.b.* (2 tensors, 20 values)",
    ]


def test_numbered_siblings_are_joined_in_runs():
    blocks = [f"layers.{i}.{p}" for i in (0, 1, 2, 3, 7) for p in "wv"]
    assert folded(blocks, others=["layers.4.w", "layers.5.w"]) == [
        "layers.0..3,7.* (10 tensors, 100 values)"
    ]


def test_many_runs_are_told_by_the_first_and_the_last():
    even = [f"layers.{i}.w" for i in range(0, 100, 2)]
    odd = [f"layers.{i}.w" for i in range(1, 100, 2)]
    assert folded(even, others=odd) == ["layers.0,2,4,6,...,98.w (50 tensors, 500 values)"]


def test_siblings_are_joined_at_every_depth():
    experts = [f"layers.{i}.experts.{j}.w" for i in range(4) for j in range(8)]
    others = [f"layers.{i}.experts.{j}.v" for i in range(4) for j in range(8)]
    assert folded(experts, others) == ["layers.0..3.experts.0..7.w (32 tensors, 320 values)"]


def test_what_stands_in_plain_lists_is_joined_too():
    layers = [f"net.layers[{i}].{p}" for i in range(3) for p in "wv"]
    among = {
        name: Parameter(name=name, numel=10)
        for name in (*layers, "net.heads['a.b'].w", "net.heads['a.c'].w")
    }
    roots = [*(f"net.layers[{i}]" for i in range(3)), "net.heads['a.b']", "net.heads['a.c']"]
    assert [str(group) for group in fold_names(among, among, roots)] == [
        "net.layers[0..2].* (6 tensors, 60 values)",
        "net.heads['a.b'].w (10 values)",
        "net.heads['a.c'].w (10 values)",
    ]


@pytest.mark.parametrize("name", ["a..b", "a.[0].w", "[0].w", "a[0][1].w", "a[", ".", "x]y.[.z"])
def test_a_name_of_any_kind_is_told_as_it_is(name):
    assert folded([name]) == [f"{name} (10 values)"]


def test_a_name_that_the_model_does_not_have_is_still_told():
    assert [str(group) for group in fold_names(["ghost"], {})] == ["ghost (0 values)"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0 k"),
        (9960, "10 k"),
        (85_054_464, "85 M"),
        (999_999, "1.0 M"),
        (405e9, "405 B"),
        (7e15, "7000 T"),
    ],
)
def test_large_numbers_are_said_shortly(number, words):
    assert abbreviated(number) == words
