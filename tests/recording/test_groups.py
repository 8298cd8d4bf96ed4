"""What a group holds is read as often as needed, and a generator never."""

from torch import nn

from gradviz.recording.groups import is_read_once, parameters_in


def test_a_generator_is_left_to_the_script():
    net = nn.Linear(2, 1)
    group = {"params": (own for own in net.parameters())}
    assert is_read_once(group)
    assert list(parameters_in(group)) == []
    assert len(list(group["params"])) == 2


def test_what_can_be_read_again_is_read():
    own = list(nn.Linear(2, 1).parameters())
    for params in (own, tuple(own), nn.ParameterList(own)):
        assert not is_read_once({"params": params})
        assert [*map(id, parameters_in({"params": params}))] == [*map(id, own)]
