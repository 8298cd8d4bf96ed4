"""The plain data of a report, as it is seen at a prompt."""

from gradviz.graph import Parameter, Parameters, Verdict


def parameters(count: int, *, partial: bool = False) -> Parameters:
    return Parameters(
        tuple(
            Parameter(
                name=f"w{number}",
                names=(f"w{number}",),
                shape=(2, 3),
                verdict=Verdict.REACHED,
                partial=partial,
            )
            for number in range(count)
        )
    )


def test_the_parameters_at_a_prompt_are_ten_lines_at_most() -> None:
    lines = repr(parameters(500)).splitlines()
    assert len(lines) == 10
    assert lines[0] == "500 parameters:"
    assert lines[1] == "  'w0': reached (2, 3)"
    assert lines[-1] == "  and 492 more"


def test_few_parameters_are_all_shown_with_what_is_partial() -> None:
    assert repr(parameters(1, partial=True)) == "1 parameter:\n  'w0': reached, partial (2, 3)"
