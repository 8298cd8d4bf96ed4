from gradviz.facts.training import Fate, Training
from gradviz.graph import Place
from gradviz.training.unregistered import Unregistered, with_unregistered

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
