"""What a run was asked for, and which backward calls that means."""

import pytest

from gradviz.errors import GradvizError
from gradviz.facts.training import Thresholds
from gradviz.running.settings import MOST_AWAITED, Plan, Settings, numbers


def test_settings_travel_as_text_and_arrive_as_they_were():
    settings = Settings(
        backward=(1, 4),
        every=2,
        children=True,
        outputs=("/tmp/ü.html", "/tmp/ü.json"),
        path=None,
        thresholds=Thresholds(exploding=7.0),
    )
    assert Settings.from_text(settings.to_text()) == settings


@pytest.mark.parametrize(
    ("text", "calls"),
    [("1", (1,)), ("3,1", (1, 3)), ("1,5-7", (1, 5, 6, 7)), (" 2 , 2-3", (2, 3)), ("4-4", (4,))],
)
def test_numbers_are_read_in_order_and_once(text, calls):
    assert numbers(text) == calls


@pytest.mark.parametrize("text", ["", "0", "x", "1-", "-2", "3-2", "1,,2", "1.5"])
def test_what_is_no_list_of_numbers_is_refused(text):
    with pytest.raises(GradvizError, match="not numbers of backward calls"):
        numbers(text)


def wanted(plan, most=12):
    return [number for number in range(1, most + 1) if plan.wants(number)]


def test_calls_that_were_asked_for_by_number_are_wanted():
    plan = Plan(Settings(backward=(2, 5)))
    assert wanted(plan) == [2, 5]
    assert [plan.is_over(number) for number in (4, 5, 6)] == [False, True, True]


def test_of_a_run_to_its_end_every_so_many_are_wanted_and_it_is_never_over():
    plan = Plan(Settings(every=5))
    assert wanted(plan) == [5, 10]
    assert not plan.is_over(10_000)


def test_until_verdicts_are_stable_all_are_wanted_but_three_without_news():
    plan = Plan(Settings(until_stable=True))
    for new in (True, False, False, True, False, False):
        plan.reported(new=new)
        assert plan.wants(9)
        assert not plan.is_over(9)
    plan.reported(new=False)
    assert not plan.wants(9)
    assert plan.is_over(9)


def test_of_losses_that_take_turns_every_so_many_calls_all_are_wanted_once():
    plan = Plan(Settings(every=10))
    wanted = []
    for number in range(1, 41):  # 3 calls for one optimizer, then 1 for another
        if plan.wants(number):
            wanted.append((number, plan.takes(number)))
        plan.steps(2 if number % 4 == 0 else 1)
    # 10 and 11 step the first, 12 the second
    assert wanted == [
        (10, True), (11, False), (12, False), (20, True), (21, False),
        (30, True), (31, False), (32, False), (40, True),
    ]  # fmt: skip


def test_of_calls_that_share_a_step_those_up_to_the_step_are_wanted_and_no_more_than_a_few():
    plan = Plan(Settings(every=10))
    plan.steps(1)
    wanted = []
    for number in range(2, 31):
        if plan.wants(number):
            wanted.append(number)
            plan.takes(number)
        if number == 12:
            plan.steps(1)
    assert wanted == [10, 11, 12, *range(20, 28), 30]


def test_calls_before_the_first_step_of_all_are_one_round():
    plan = Plan(Settings(every=1))
    begins = []
    for number in range(1, 9):
        begins.append(plan.takes(number))
        if number % 4 == 0:
            plan.steps(1)
    assert begins == [True, False, False, False] * 2


def test_of_the_calls_of_a_closure_no_more_are_wanted_than_asked_for():
    plan = Plan(Settings(every=5))
    wanted = []
    for number in range(1, 41):  # 20 calls inside each step
        if plan.wants(number):
            wanted.append(number)
            plan.takes(number, [1])
        if number % 20 == 0:
            plan.steps(1)
    assert wanted == [5, 10, 15, 20, 25, 30, 35, 40]


def test_until_every_optimizer_has_stepped_all_are_wanted_up_to_a_limit():
    plan = Plan(Settings(until_stepped=True))
    assert plan.wants(MOST_AWAITED)
    assert not plan.wants(MOST_AWAITED + 1)
    assert [plan.is_over(MOST_AWAITED + extra) for extra in (-1, 0)] == [False, True]
    plan.stepped = True
    assert not plan.wants(1)
    assert plan.is_over(1)


@pytest.mark.parametrize(("calls", "last"), [(1, 13), (2, 14), (3, 13), (5, 15), (8, 18)])
def test_of_a_later_phase_whole_rounds_of_its_optimizer_are_wanted(calls, last):
    plan = Plan(Settings())
    plan.begin_phase(10)
    plan.ends_round(10 + calls)
    plan.ends_round(10 + 2 * calls)  # the first one has told
    assert [plan.wants(number) for number in (11, last, last + 1)] == [True, True, False]
    assert [plan.is_over(number) for number in (last - 1, last)] == [False, True]


def test_a_phase_whose_optimizer_has_not_stepped_is_over_after_eight_calls():
    plan = Plan(Settings())
    plan.begin_phase(10)
    assert [plan.is_over(number) for number in (17, 18)] == [False, True]
