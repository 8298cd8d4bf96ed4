from gradviz.facts.training import Fate, Training
from gradviz.graph import Leaf, Place
from gradviz.training.unregistered import Unregistered, with_made_anew, with_unregistered

TRAINS = Training(steps=3, parameters=(Fate(name="net.weight", trains=True),), remarks=("first",))
AT = Place("net.py", 8, "self.scale = torch.ones(3, requires_grad=True)")


def test_attributes_of_modules_are_an_alarm_for_each_line_and_one_clause():
    other = Unregistered(name="net.shift", in_module=True)
    training = with_unregistered(
        TRAINS, [Unregistered(name="net.scale", in_module=True, place=AT), other]
    )
    assert [(alarm.parameters, alarm.line) for alarm in training.alarms] == [
        (("net.scale",), 8),
        (("net.shift",), None),
    ]
    assert training.remarks == (
        "first",
        "net.scale and net.shift are no nn.Parameters, so no optimizer holds them: gradient"
        " arrives, and they stay as they are",
    )


def test_a_variable_is_a_clause_alone():
    training = with_unregistered(TRAINS, [Unregistered(name="temperature")])
    assert training.alarms == ()
    assert training.remarks[1:] == (
        "gradient arrives at temperature too, which no optimizer holds, and it stays as it is",
    )


def test_nothing_is_said_where_nothing_steps():
    still = Training(parameters=(Fate(name="net.weight", trains=False),))
    assert with_unregistered(still, [Unregistered(name="w")]) is still


def test_what_every_forward_makes_anew_is_an_alarm_at_the_line_that_makes_it():
    place = Place("net.py", 9, "proj = nn.Linear(8, 8)")
    new = Leaf(name="leaf (8)", shape=(8,), is_parameter=True, made=place)
    training = with_made_anew(TRAINS, [[new], [new]])
    assert [(own.why, own.parameters, own.line) for own in training.alarms] == [
        ("not_held", ("a tensor of 8 values",), 9)
    ]
    assert training.remarks[1:] == (
        "every forward makes a tensor of 8 values anew at net.py:9, so that no optimizer holds what"
        " is there now",
    )


def test_what_one_forward_alone_has_made_is_none():
    new = Leaf(name="leaf (8)", shape=(8,), is_parameter=True, made=AT)
    kept = Leaf(name="leaf (8)", shape=(8,), is_parameter=True)
    for calls in ([[new], [kept]], [[new]]):
        assert with_made_anew(TRAINS, calls) is TRAINS
