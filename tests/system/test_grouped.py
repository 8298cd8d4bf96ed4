from gradviz.system.grouped import grouped, shared_start


def test_the_items_of_a_key_come_together_and_keys_and_items_keep_their_order():
    groups = grouped([("b", 1), ("a", 2), ("b", 0)])
    assert list(groups.items()) == [("b", [1, 0]), ("a", [2])]
    assert grouped([]) == {}


def test_what_paths_begin_with_ends_where_they_part_or_the_shortest_ends():
    assert shared_start([["net", "a", "x"], ["net", "b", "x"]]) == ["net"]
    assert shared_start([["net"], ["net", "b"]]) == ["net"]
    assert shared_start([["net", "b"]]) == ["net", "b"]
    assert shared_start([["a"], ["b"]]) == shared_start([]) == []
