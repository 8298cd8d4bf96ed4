from gradviz.system.grouped import grouped


def test_the_items_of_a_key_come_together_and_keys_and_items_keep_their_order():
    groups = grouped([("b", 1), ("a", 2), ("b", 0)])
    assert list(groups.items()) == [("b", [1, 0]), ("a", [2])]
    assert grouped([]) == {}
