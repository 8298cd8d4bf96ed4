"""The order of modules that other things pass through."""

from gradviz.folding.turns import calls_of, components, side_by_side


def test_without_a_loop_each_is_a_component_with_what_it_leads_to_before_it():
    assert components({"a": ["b"], "b": ["c"], "c": []}) == [["c"], ["b"], ["a"]]


def test_what_leads_to_each_other_is_one_component():
    parts = components({"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": []})
    assert [sorted(part) for part in parts] == [["d"], ["b", "c"], ["a"]]


def test_a_long_way_is_no_recursion():
    ways = {number: [number + 1] for number in range(5000)} | {5000: []}
    assert len(components(ways)) == 5001


def calls(keys, flows):
    """Return the calls of modules that take turns; ``flows`` are the ways between numbers."""
    key_of = {number: key for key, numbers in keys.items() for number in numbers}
    every = {number: flows.get(number, []) for number in key_of}
    return calls_of(list(keys), keys, key_of, every)


def test_modules_that_take_turns_are_told_call_by_call():
    turns = calls({"cell": [0, 2], "head": [1, 3]}, {0: [1], 1: [2], 2: [3]})
    assert turns == [("cell", [0]), ("head", [1]), ("cell", [2]), ("head", [3])]


def test_what_a_call_needs_comes_with_the_call():
    turns = calls({"cell": [0, 1, 3], "head": [2]}, {0: [1], 1: [2], 2: [3]})
    assert turns == [("cell", [0, 1]), ("head", [2]), ("cell", [3])]


def test_what_takes_no_part_comes_first():
    turns = calls({"cell": [0, 2, 7], "head": [1]}, {0: [1], 1: [2]})
    assert turns[0] == ("cell", [7])
    assert turns[1:] == [("cell", [0]), ("head", [1]), ("cell", [2])]


def test_of_several_that_take_no_part_the_farthest_from_the_loss_comes_first():
    turns = calls({"cell": [0, 7, 9, 8], "head": [1]}, {0: [1], 1: [0]})
    assert turns[0] == ("cell", [9, 8, 7])


def test_where_the_graph_goes_round_every_number_is_told_once():
    turns = calls({"a": [0], "b": [1]}, {0: [1], 1: [0]})
    assert sorted(number for _, numbers in turns for number in numbers) == [0, 1]


def test_experts_that_take_the_same_value_stand_side_by_side():
    into = {
        "e2": ["x2"],
        "r": ["x1"],
        "x1": ["y"],
        "e1": ["x1"],
        "x2": ["y"],
        "e0": ["x1"],
        "y": [],
    }
    order = ["e2", "r", "e1", "e0", "x1", "x2", "y"]
    alike = {"e0": 0, "e1": 0, "e2": 0}
    assert side_by_side(order, into, alike) == ["e2", "e1", "e0", "r", "x1", "x2", "y"]


def test_blocks_keep_the_order_of_the_data_flow_and_what_stands_between_them():
    into = {"b0": ["add"], "add": ["b1"], "b1": ["b2"], "b2": ["mask"], "mask": ["b3"], "b3": []}
    alike = {"b0": 0, "b1": 0, "b2": 0, "b3": 0}
    assert side_by_side(list(into), into, alike) == list(into)
