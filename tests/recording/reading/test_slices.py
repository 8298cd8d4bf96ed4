"""Numbers are followed through Python code that keeps no trace of them."""

import array
import csv
import io
import math
import struct
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import gradviz


def judged(step):
    """Return what is cut, and the lines that sever, of a step over one parameter ``a`` whose number
    comes back and ``b`` that is live.
    """
    model = nn.ParameterDict({"a": torch.tensor(2.0), "b": torch.tensor(3.0)})
    with gradviz.trace() as trace:
        loss = step(model["a"] * 1.0, model["b"])
    report = trace.report(loss, model)
    return str(report.parameters["a"].verdict), [cut.code for cut in report.cuts]


def through_float(a, b):
    weight = float(a)
    return b * (0.5 * weight)


def through_math(a, b):
    return b / math.sqrt(a)


def through_numpy(a, b):
    scale = np.mean([a.item(), 1.0])
    return b * float(scale)


def through_a_part_of_a_number(a, b):
    angle = complex(round(a.item(), 2), 1.0) ** 2
    return b * angle.real


def through_a_list(a, b):
    kept = []
    for _ in range(2):
        kept.append(float(a))  # noqa: PERF401  this is what is tested
    return b * (sum(kept) / len(kept))


def number_of(value):
    return 2 * float(value)


def through_a_function(a, b):
    return b * number_of(a)


def scaled(value, factor):
    return value * factor


def through_an_argument(a, b):
    size = float(a)
    return scaled(b, size + 1)


def through_a_new_tensor(a, b):
    return b * torch.tensor([math.exp(float(a))])


@pytest.mark.parametrize(
    "step",
    [
        through_float,
        through_math,
        through_numpy,
        through_a_part_of_a_number,
        through_a_list,
        through_a_function,
        through_an_argument,
        through_a_new_tensor,
    ],
)
def test_a_number_that_comes_back_severs(step):
    verdict, lines = judged(step)
    assert verdict == "cut"
    assert len(lines) == 1
    assert any(word in lines[0] for word in ("float(", "complex(", "sqrt(", "item()"))


def only_printed(a, b):
    print(f"{float(a):.1f}")
    return b * 2.0


def only_compared(a, b):
    return b * 2.0 if float(a) > 0 else b * 3.0


def only_kept(a, b, kept):
    kept.append(float(a))
    size = 2.0
    return b * size


def only_its_size(a, b):
    return b * float(np.zeros_like(a.detach().numpy()) + 1.5)


@pytest.mark.parametrize(
    "step",
    [only_printed, only_compared, partial(only_kept, kept=[]), only_its_size],
    ids=["printed", "compared", "kept", "size"],
)
def test_a_number_that_does_not_come_back_severs_nothing(step):
    assert judged(step) == ("unused", [])


def test_what_python_chose_by_an_index_is_cut_where_the_element_is_computed_with():
    model = nn.ModuleDict(
        {"router": nn.Linear(2, 2), "experts": nn.ModuleList(nn.Linear(2, 2) for _ in range(2))}
    )
    x = torch.ones(1, 2)
    with gradviz.trace() as trace:
        chosen = model["router"](x).argmax(1).tolist()[0]
        loss = model["experts"][chosen](x).sum()
    report = trace.report(loss, model)
    assert report.parameters["router.weight"].verdict == "cut"
    assert not report.parameters["router.weight"].uncertain


def test_what_python_may_have_chosen_by_a_condition_is_said_not_guessed():
    model = nn.ModuleDict(
        {"router": nn.Linear(2, 2), "experts": nn.ModuleList(nn.Linear(2, 2) for _ in range(2))}
    )
    x = torch.ones(1, 2)
    with gradviz.trace() as trace:
        chosen = model["router"](x).argmax(1).tolist()[0]
        expert = model["experts"][1] if chosen else model["experts"][0]
        loss = expert(x).sum()
    report = trace.report(loss, model)
    assert report.parameters["router.weight"].verdict == "unused"
    assert report.parameters["router.weight"].uncertain
    assert not report.parameters["experts.0.weight"].uncertain
    assert any(
        "router.weight" in note and "whether they came back cannot be seen" in note
        for note in report.notes
    )


def test_what_a_loop_does_in_its_body_is_no_part_of_its_next_item():
    model = nn.Linear(2, 1)
    data = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.ones(4, 2)), batch_size=2
    )
    with gradviz.trace() as trace:
        for (batch,) in data:
            loss = model(batch).mean()
            said = "%f" % loss.item()  # noqa: UP031
    report = trace.report(loss, model)
    assert said
    assert report.cuts == ()


STATE = {}


def keep(name, number):
    STATE[name] = number


def held_by_a_function(a, b):
    keep.last = 3 * float(a)
    return b * keep.last


def through_a_container_of_the_file(a, b):
    STATE["a"] = float(a) * 1.5
    return b * latest()


def latest():
    return STATE["a"]


def first_of(value):
    while isinstance(value, list | tuple):
        value = value[0]
    return value


def through_the_first_of_lists(a, b):
    return b * first_of([[[a.item() * 2]], [3.0]])


def beside_the_first_of_lists(a, b):
    number_of(a)
    return b * first_of([[[2.0]], [3.0]])


def test_elements_within_elements_come_to_an_end():
    assert judged(through_the_first_of_lists)[0] == "cut"
    assert judged(beside_the_first_of_lists)[0] == "unused"


@pytest.mark.parametrize("step", [held_by_a_function, through_a_container_of_the_file])
def test_a_number_that_functions_of_the_file_hand_on_severs(step):
    verdict, lines = judged(step)
    assert verdict == "cut"
    assert len(lines) == 1
    assert "float(a)" in lines[0]


def list_written_anew(a, b):
    rows = [float(a), 1.0]
    mean = sum(rows) / 2
    rows[:] = [0.25, 0.75]
    return b * torch.tensor(rows).sum() + 0 * len(str(mean))


def list_cleared(a, b):
    rows = []
    rows.append(float(a))
    rows.clear()
    rows.append(0.5)
    return b * sum(rows)


def array_filled(a, b):
    held = np.zeros(3)
    held[:2] = float(a)
    held.fill(0.5)
    return b * float(held.sum())


def array_copied_over(a, b):
    held = np.full(3, float(a))
    np.copyto(held, np.ones(3) / 4)
    return b * float(held.sum())


def another_key(a, b):
    keep("a", float(a) * 1.5)
    keep("b", 0.5)
    return b * STATE["b"]


@pytest.mark.parametrize(
    "step", [list_written_anew, list_cleared, array_filled, array_copied_over, another_key]
)
def test_what_was_written_over_or_stands_at_another_key_severs_nothing(step):
    verdict, lines = judged(step)
    assert verdict == "unused"
    assert lines == []


def array_filled_in_part(a, b):
    held = np.zeros(3)
    held[:2] = float(a)
    np.copyto(held, np.ones(3) / 4, where=np.array([True, False, False]))
    return b * float(held.sum())


def list_extended(a, b):
    rows = [float(a)]
    rows[1:] = [0.5, 0.25]
    return b * sum(rows)


@pytest.mark.parametrize("step", [array_filled_in_part, list_extended])
def test_what_was_written_over_in_part_severs_still(step):
    assert judged(step)[0] == "cut"


def verdict_and_doubt(step):
    """Return the verdict of ``a`` in a step as above, and whether it is uncertain."""
    model = nn.ParameterDict({"a": torch.tensor(0.6123), "b": torch.tensor(3.0)})
    with gradviz.trace() as trace:
        loss = step(model["a"], model["b"])
    parameter = trace.report(loss, model).parameters["a"]
    return str(parameter.verdict), parameter.uncertain


def chosen_by_a_tensor(a, b):
    return b * 2.0 if a > 0.5 else b * 3.0


def chosen_by_a_name(a, b):
    limit = a.item()
    if limit > 0.5:
        return b * 2.0
    return b


def repeated_while(a, b):
    turns = 0
    while (a * turns).sum() < 1:
        turns += 1
    return b * 2.0


@pytest.mark.parametrize("step", [chosen_by_a_tensor, chosen_by_a_name, repeated_while])
def test_of_a_value_that_decides_what_runs_nothing_is_asserted(step):
    assert verdict_and_doubt(step) == ("unused", True)


def checked_by_torch(a, b):
    torch.distributions.Normal(a, 1.0)
    return b * 2.0


def counted_only(a, b):
    count = float(a) * 2
    print(end=str(count)[:0])
    return b * 2.0


@pytest.mark.parametrize("step", [checked_by_torch, counted_only])
def test_of_a_value_that_decides_nothing_unused_is_asserted(step):
    assert verdict_and_doubt(step) == ("unused", False)


def written_into_a_text(a, b):
    held = io.StringIO()
    held.write(f"{a.item():.2f}")
    return b * float(held.getvalue())


def told_to_a_function_of_the_file(a, b):
    remember(f"{(a * 1).detach().item():.3f}")
    return b * float(NOTES.pop())


NOTES = []


def remember(text):
    NOTES.append(text)


def printed_to_a_file(a, b):
    held = io.StringIO()
    print(f"{float(a):.4f}", file=held)
    return b * float(held.getvalue())


def written_as_a_row_of_whole_numbers(a, b):
    held = io.StringIO()
    csv.writer(held).writerow(torch.stack([a, 3 * a]).round().tolist())
    return b * torch.tensor([float(cell) for cell in held.getvalue().split(",")]).sum()


@pytest.mark.parametrize(
    "step",
    [
        written_into_a_text,
        told_to_a_function_of_the_file,
        printed_to_a_file,
        written_as_a_row_of_whole_numbers,
    ],
)
def test_a_text_that_is_kept_may_be_read_again(step):
    verdict, uncertain = verdict_and_doubt(step)
    assert verdict == "cut" or uncertain


def shown_to_people(a, b):
    print(f"{a.item():.4f}", end="\r")
    return b * 0.6123


def test_a_text_that_is_shown_is_not_read_again():
    assert verdict_and_doubt(shown_to_people) == ("unused", False)


def events(a):
    for number, value in enumerate([a, a * 2]):
        yield value.item(), number + 1


def rows(a):
    return [(number, value.item(), value) for number, value in enumerate([a, a * 2])]


def pair(a):
    return a.item(), 2.0


def of_a_pool(a):
    with ThreadPoolExecutor(1) as pool:
        results = list(pool.map(lambda factor: (a * factor).item(), [1, 2]))
    return results[0] + results[1] * 1.7


def of_the_rest(first, *rest, **named):
    return first * named["z"]


def turns_logged(a, log):
    total = 0.0
    for turn, value in enumerate([a, a * 2]):
        log["last"] = value.item()
        total += turn
    return total


@pytest.mark.parametrize(
    "number",
    [
        lambda a: sum(turn for _, turn in events(a)),
        lambda a: sum(turn * 2 for turn, _, _ in rows(a)),
        lambda a: pair(a)[1] * 2,
        lambda a: max(pair(a)[1] * 2, 1.0),
        lambda a: len([a.item(), 2.0]) * 0.5,
        lambda a: sum(turn for _, turn in [(a.item(), 1), (a.item(), 2)]),
        lambda a: array.array("d", [a.item(), 2.0])[1] + 1,
        lambda a: struct.unpack("<di", struct.pack("<di", a.item(), 3))[1] * 1.5,
        lambda a: of_the_rest(1.5, a.item(), z=2.0),
        lambda a: turns_logged(a, {}) + 1,
    ],
)
def test_a_part_of_what_a_function_gives_is_not_what_left_beside_it(number):
    verdict, lines = judged(lambda a, b: b * number(a))
    assert (verdict, lines) == ("unused", [])


@pytest.mark.parametrize(
    "number",
    [
        lambda a: sum(value for value, _ in events(a)),
        lambda a: sum(value * 2 for _, value, _ in rows(a)),
        lambda a: pair(a)[0] * 2,
        lambda a: max(pair(a)[0] * 2, 0.1),
        lambda a: sum([a.item(), 2.0]) * 0.5,
    ],
)
def test_the_part_that_left_is(number):
    assert judged(lambda a, b: b * number(a))[0] == "cut"


def test_what_left_in_a_thread_that_a_function_starts_is_in_what_the_function_gives():
    verdict, lines = judged(lambda a, b: b * of_a_pool(a))
    assert verdict == "cut"
    assert ["(a * factor).item()" in line for line in lines] == [True]


class Total:
    def __init__(self):
        self.sum, self.count = 0.0, 0

    def update(self, value):
        self.sum += value
        self.count += 1


class Count:
    def __init__(self):
        self.sum, self.count = 0.0, 0

    def update(self, value):
        self.sum += value
        self.count += 1


def logged(a):
    meter = Count()
    meter.update(a.item())
    return meter.count * 0.5


def of_a_total(b):
    meter = Total()
    meter.update(b.item() * 1.7)
    return meter.sum / meter.count


def test_an_object_of_another_class_by_the_same_name_is_another_object():
    def step(a, b):
        return b * logged(a) * of_a_total(b.sum())

    assert judged(step)[0] == "unused"


def test_what_a_conditional_expression_tests_is_not_its_value():
    verdict, lines = judged(lambda a, b: b * (2.0 if a.item() > -9 else 3.0))
    assert (verdict, lines) == ("unused", [])


class Kept:
    def __init__(self, loss, weight):
        self.loss, self.weight = loss, weight


def weight_of_each(a, b):
    rows = [Kept(value.item(), 0.37 * place) for place, value in enumerate(a.expand(3))]
    return b * sum(row.weight for row in rows)


def loss_of_each(a, b):
    rows = [Kept(value.item(), 0.37 * place) for place, value in enumerate(a.expand(3))]
    return b * sum(row.loss for row in rows)


def size_beside_a_number(a, b):
    pair = (lambda value: (value.item(), value.numel() + 1))(a)
    return b * (pair[1] * 0.37)


def number_beside_a_size(a, b):
    pair = (lambda value: (value.item(), value.numel() + 1))(a)
    return b * (pair[0] * 0.37)


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        (weight_of_each, "unused"),
        (loss_of_each, "cut"),
        (size_beside_a_number, "unused"),
        (number_beside_a_size, "cut"),
    ],
)
def test_of_an_object_or_a_lambda_s_tuple_only_the_part_that_is_used_tells(step, verdict):
    assert judged(step)[0] == verdict
