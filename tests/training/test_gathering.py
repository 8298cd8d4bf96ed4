"""A backward call as it was seen, by the names that its parameters have now."""

from gradviz.graph import Parameter, Verdict
from gradviz.training.gathering import Seen


def test_a_parameter_that_has_another_name_now_is_told_by_that_and_one_that_is_gone_is_left_out():
    seen = Seen(
        parameters={
            name: Parameter(name=name, verdict=Verdict.REACHED) for name in ("a", "b", "gone")
        },
        last_layer=frozenset(("a",)),
    )
    again = seen.renamed({1: "a", 2: "b", 3: "gone"}, {1: "net.a", 2: "b"})
    assert [*again.parameters] == ["net.a", "b"]
    assert [parameter.name for parameter in again.parameters.values()] == ["net.a", "b"]
    assert [*seen.parameters] == ["a", "b", "gone"]
