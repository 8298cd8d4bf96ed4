"""A deep graph that Python has looked at is freed in a loop."""

import inspect

import pytest

from gradviz.recording.deep import Trampoline, wants_trampoline


@pytest.mark.parametrize("step", [1, 2, 3, 64, 100, 128])
def test_one_node_in_about_128_has_one_however_the_numbers_go_on(step):
    chosen = [wants_trampoline(number) for number in range(0, 30_000 * step, step)]
    assert 150 < sum(chosen) < 330
    gap = longest = 0
    for wanted in chosen:
        gap = 0 if wanted else gap + 1
        longest = max(longest, gap)
    assert longest < 4000


def test_what_is_held_is_let_go_of_as_the_trampoline_goes():
    class Held:
        gone = 0

        def __del__(self):
            Held.gone += 1

    trampoline = Trampoline(Held())
    assert Held.gone == 0
    del trampoline
    assert Held.gone == 1


def test_what_goes_while_others_go_goes_in_the_loop_of_the_first_and_in_no_deeper_call():
    depths = []

    class Held:
        def __init__(self, inner):
            self.inner = inner

        def __del__(self):
            depths.append(len(inspect.stack(0)))

    chain = None
    for _ in range(5):
        chain = Trampoline(Held(chain))
    del chain
    assert len(depths) == 5
    assert len({*depths}) == 1
