"""An optimizer is made later, given what it lacks, and its gradients are cleared earlier."""

from edited import edited

from gradviz.mending.edits.holding import clear_before, hand_over, make_after


def test_gradients_are_cleared_before_backward():
    text = "loss = f()\nloss.backward()\nopt.zero_grad()\nopt.step()\n"
    assert edited(clear_before, text, 3, "cleared") == [
        "loss = f()\nopt.zero_grad()\nloss.backward()\nopt.step()\n"
    ]


def test_where_backward_is_called_elsewhere_they_are_cleared_after_the_step():
    text = "def update(self):\n    self.opt.zero_grad()\n    self.opt.step()\n"
    assert edited(clear_before, text, 2, kind="cleared") == [
        "def update(self):\n    self.opt.step()\n    self.opt.zero_grad()\n"
    ]


def test_where_they_are_cleared_before_it_nothing_is_moved():
    assert edited(clear_before, "opt.zero_grad()\nloss.backward()\n", 1, "cleared") == []


def test_an_optimizer_is_made_behind_the_line_that_replaces_a_parameter():
    text = "opt = SGD(net.parameters(), lr=1)\nnet.head = nn.Linear(2, 2)\n"
    assert edited(make_after, text, 2, "stale") == [
        "net.head = nn.Linear(2, 2)\nopt = SGD(net.parameters(), lr=1)\n"
    ]


def test_the_last_line_of_a_file_may_have_no_end():
    text = "opt = SGD(net.parameters(), lr=1)\nnet.head = nn.Linear(2, 2)"
    assert edited(make_after, text, 2, "stale") == [
        "net.head = nn.Linear(2, 2)\nopt = SGD(net.parameters(), lr=1)"
    ]


def test_what_it_does_not_hold_is_handed_over():
    text = "opt = torch.optim.Adam(net.body.parameters())\n"
    made = edited(hand_over, text, 1, "not_held", parameters=("net.head.weight", "net.head.bias"))
    assert (
        f'{text}opt.add_param_group({{"params": net.get_submodule("head").parameters()}})\n' in made
    )
    assert (
        f'{text}opt.add_param_group({{"params": [net.get_parameter("head.weight"),'
        f' net.get_parameter("head.bias")]}})\n' in made
    )


def test_of_a_line_that_copies_it_is_the_optimizer_of_the_file_that_is_handed_it():
    text = "opt = SGD(net.parameters())\nfast = copy.deepcopy(net)\n"
    made = edited(hand_over, text, 2, "not_held", parameters=("fast.weight",))
    line = 'opt.add_param_group({"params": [fast.get_parameter("weight")]})\n'
    assert text.replace("fast =", line + "fast =") in made
    assert edited(hand_over, "fast = f(net)\n", 1, "not_held", parameters=("fast.w",)) == []


def test_a_call_that_makes_no_optimizer_is_left_alone():
    assert edited(hand_over, "x = f(net)\n", 1, "not_held", parameters=("w",)) == []
