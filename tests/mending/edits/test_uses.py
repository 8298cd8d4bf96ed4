"""What is detached once for several uses is detached at those that are to stay apart."""

from edited import edited

from gradviz.mending.edits.uses import detach_behind_block, detach_elsewhere

JUDGED_AND_TRAINED = "judge = d(fake).mean()\njudge.backward()\nloss = -d(fake).mean()\n"


def test_each_use_is_left_attached_alone_the_last_first():
    judged = JUDGED_AND_TRAINED.replace("judge = d(fake)", "judge = d(fake.detach())")
    trained = JUDGED_AND_TRAINED.replace("loss = -d(fake)", "loss = -d(fake.detach())")
    assert edited(detach_elsewhere, "fake = g(z).detach()\n" + JUDGED_AND_TRAINED) == [
        "fake = g(z)\n" + judged,
        "fake = g(z)\n" + trained,
    ]


def test_a_block_without_gradient_that_makes_one_value_goes():
    made = "with torch.no_grad():\n    fake = g(z)\n"
    judged = JUDGED_AND_TRAINED.replace("judge = d(fake)", "judge = d(fake.detach())")
    changed = edited(detach_behind_block, made + JUDGED_AND_TRAINED, 2, "no_grad")
    assert changed[0] == "fake = g(z)\n" + judged


def test_a_value_of_one_use_and_what_has_no_name_stay():
    assert edited(detach_elsewhere, "fake = g(z).detach()\nloss = d(fake).mean()\n") == []
    assert edited(detach_elsewhere, "self.fake = g(z).detach()\n" + JUDGED_AND_TRAINED) == []
    assert edited(detach_elsewhere, "fake = g(z.detach())\n" + JUDGED_AND_TRAINED) == []
    two = "with torch.no_grad():\n    a = g(z)\n    b = g(y)\n" + JUDGED_AND_TRAINED
    assert edited(detach_behind_block, two, 2, "no_grad") == []


def test_a_name_that_stands_for_something_else_later_stays():
    made = "fake = g(z).detach()\n"
    for again in (
        "fake = g(y)\nextra = d(fake)\n",
        "fake = fake.tolist()\nprint(fake)\n",
        "print([fake for fake in 'abc'])\n",
        "f = lambda fake: fake\n",
    ):
        assert edited(detach_elsewhere, made + JUDGED_AND_TRAINED + again) == []
