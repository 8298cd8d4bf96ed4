"""What holds of the watched calls together."""

from gradviz.facts.evidence import ConstantTerm
from gradviz.graph import Leaf, NotFinite, Place
from gradviz.training.calls import Calls
from gradviz.training.seen import Seen

TERM, OTHER = ConstantTerm(("w",), Place("a.py", 3)), ConstantTerm(("w",), Place("a.py", 4))


def seen(**fields):
    return Seen(parameters={}, **fields)


def test_a_term_that_every_call_has_stands_once_in_the_order_met():
    calls = Calls([seen(terms=(TERM,)), seen(terms=(TERM, OTHER)), seen(underivable=(OTHER,))])
    assert calls.terms == (TERM, OTHER)
    assert calls.underivable == (OTHER,)


def test_one_call_that_inspects_is_enough():
    assert Calls([seen(), seen(inspects=True)]).inspects
    assert not Calls([seen(), seen()]).inspects


def test_a_call_keeps_its_number_and_its_births_when_others_are_left_out():
    birth = NotFinite(operation="log", why="")
    calls = Calls([seen(), seen(births=(birth,)), seen()])
    del calls[1]
    assert [call.number for call in calls] == [1, 3]
    assert (calls.made, calls.births) == (3, [(2, birth)])


def test_remarks_are_of_leaves_and_of_losses_where_that_is_wanted():
    leaf = Leaf(name="leaf (3,)", shape=(3,), place=Place("a.py", 1), is_parameter=True)
    calls = Calls([seen(leaves=(leaf,), is_finite=False)] * 2)
    (of_leaf,) = calls.remarks(of_losses=False)
    assert "nn.Parameter at a.py:1" in of_leaf
    assert calls.remarks(of_losses=True)[1].startswith("the loss is NaN or infinite")
