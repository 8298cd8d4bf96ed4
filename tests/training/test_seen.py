"""A backward call as it was seen, by the names that its parameters have now."""

from gradviz.graph import Parameter, Verdict
from gradviz.training.seen import Seen


def test_a_parameter_that_has_another_name_now_is_told_by_that_and_one_that_is_gone_by_its_own():
    seen = Seen(
        parameters={
            name: Parameter(name=name, verdict=Verdict.REACHED) for name in ("a", "b", "gone")
        },
        last_layer=frozenset(("a",)),
    )
    again = seen.renamed({1: "a", 2: "b", 3: "gone"}, {1: "net.a", 2: "b"})
    assert [*again.parameters] == ["net.a", "b", "gone"]
    assert [parameter.name for parameter in again.parameters.values()] == ["net.a", "b", "gone"]
    assert [*seen.parameters] == ["a", "b", "gone"]


def test_two_models_that_take_turns_under_one_name_do_not_share_what_calls_say():
    reached, cut = Parameter(name="model.w", verdict=Verdict.REACHED), Parameter(name="other.w")
    seen = Seen(parameters={"model.w": reached, "other.w": cut})
    now = seen.renamed({1: "model.w", 2: "other.w"}, {1: "other.w", 2: "model.w"})
    assert now.parameters["other.w"].verdict is Verdict.REACHED
    assert now.parameters["model.w"].verdict is Verdict.UNUSED


def test_a_call_that_names_its_inputs_or_returns_gradient_leaves_none_in_another_parameter():
    assert Seen(parameters={}).asks_for(1)
    assert Seen(parameters={}, asked=frozenset((1,))).asks_for(1)
    assert not Seen(parameters={}, asked=frozenset((2,))).asks_for(1)
    assert not Seen(parameters={}, returns=True).asks_for(1)
