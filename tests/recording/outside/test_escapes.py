"""What leaves torch is what torch gives, and is known again when it comes back."""

import ctypes
import io
import json
import marshal
import math
import pickle

import numpy as np
import pytest
import torch
from torch import nn

import gradviz


def traced(step):
    """Return the verdict of ``a``, the lines that sever, and what the step made, of a step over
    ``a`` and a live ``b``.
    """
    model = nn.ParameterDict(
        {"a": torch.tensor([0.7234567, -1.3456789]), "b": torch.tensor([0.3, 0.9])}
    )
    made = {}
    with gradviz.trace() as trace:
        loss = step(model["a"] * 1.7, model["b"], made)
    report = trace.report(loss.sum(), model)
    return str(report.parameters["a"].verdict), [cut.code for cut in report.cuts], made


VALUES = {
    "item": (lambda t: t[0].item(), float),
    "float": (lambda t: float(t[0].detach()), float),
    "int": (lambda t: int(t[0].detach()), int),
    "an index": (lambda t: t.argmax().item(), int),
    "complex": (lambda t: complex(t[0].detach()), complex),
    "tolist": (lambda t: t.tolist()[0], float),
    "numpy": (lambda t: t.detach().numpy(), np.ndarray),
    "an array": (lambda t: np.asarray(t.detach()), np.ndarray),
    "a number of numpy": (lambda t: t.detach().numpy()[0], np.float32),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_leaves_torch_has_exactly_the_type_that_torch_gives(name):
    take, expected = VALUES[name]
    with gradviz.trace():
        value = take(nn.Parameter(torch.tensor([0.7, 0.2])) * 2)
    assert type(value) is expected
    assert not vars(value) if hasattr(value, "__dict__") else True


def test_what_is_saved_in_a_trace_can_be_loaded():
    model = nn.Linear(2, 1)
    with gradviz.trace():
        best = model(torch.ones(1, 2)).pow(2).mean().item()
    checkpoint = io.BytesIO()
    torch.save({"best": best}, checkpoint)
    checkpoint.seek(0)
    assert torch.load(checkpoint) == {"best": best}
    assert marshal.loads(marshal.dumps(best)) == best
    assert pickle.loads(pickle.dumps(best)) == json.loads(json.dumps(best)) == best


def test_numpy_does_with_an_array_what_it_does_without():
    with gradviz.trace():
        array = (nn.Parameter(torch.tensor([0.7, -0.2])) * 2).detach().numpy()
        out = np.add(array, 1, where=array > 0, out=np.zeros_like(array))
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            ratio = nn.Parameter(torch.ones(()) * 3).item() / np.float64(0)
        own = array.copy()
        own.resize(3)
    assert out.tolist() == [np.float32(2.4), 0.0]
    assert type(ratio) is np.float64
    assert own.shape == (3,)


def in_a_buffer(a, b, made):
    made["buffer"] = [a[0].item(), a[1].item()]
    return replayed(b, made)


def replayed(b, made):
    return b * torch.tensor(made["buffer"])


def in_a_view_of_an_array(a, b, made):
    made["array"] = a.detach().numpy()[::-1]
    return from_elsewhere(b, made)


def from_elsewhere(b, made):
    return b * torch.from_numpy(made["array"].copy())


def into_a_buffer_of_numpy(a, b, made):
    made["array"] = np.zeros(2, np.float32)
    made["array"][:] = a.detach().numpy()
    return from_elsewhere(b, made)


def through_a_file(a, b, made):
    made["file"] = io.BytesIO()
    torch.save(a.detach(), made["file"])
    return b * loaded(made["file"])


def loaded(file):
    file.seek(0)
    return torch.load(file)


def by_a_pickle(a, b, made):
    made["bytes"] = pickle.dumps(a.detach())
    return b * unpickled(made)


def unpickled(made):
    return pickle.loads(made["bytes"])


def by_dlpack(a, b, made):
    made["array"] = np.from_dlpack(a.detach())
    return from_elsewhere(b, made)


def by_its_address(a, b, made):
    out = torch.zeros(2)
    kernel(a.data_ptr(), out.data_ptr(), 8)
    return b * out


def kernel(source, target, size):
    ctypes.memmove(target, source, size)


def by_its_memory(a, b, made):
    other = torch.empty(0).set_(a.detach().untyped_storage(), 0, (2,))
    return b * other


def by_a_memoryview(a, b, made):
    made["view"] = memoryview(a.detach().numpy())
    return b * torch.frombuffer(made["view"], dtype=torch.float32)


def through_json(a, b, made):
    made["text"] = json.dumps(a.tolist())
    return b * torch.tensor(json.loads(made["text"]))


class Tracker:
    def __init__(self):
        self.mean = 0.0

    def update(self, value):
        self.mean = 0.9 * self.mean + 0.1 * value


def in_an_attribute(a, b, made):
    tracker = Tracker()
    tracker.update(a[0].item())
    return b / tracker.mean


def in_a_list_given_to_a_function(a, b, made):
    kept = []
    gather(kept, a)
    return b * (kept[0] + 1)


def gather(kept, values):
    kept.append(values[0].item())


def in_a_dictionary(a, b, made):
    sizes = {"first": 2.0}
    sizes["first"] = a[0].item() * 2
    return b * sizes["first"]


def by_a_closure(a, b, made):
    size = a[0].item()

    def scale(value):
        return value * (size + 1)

    return scale(b)


def through_memory_that_torch_shares(a, b, made):
    buffer = torch.zeros(2)
    view = buffer.numpy()
    view[:] = 2 * a.detach().numpy()
    return b * buffer


def by_a_comprehension(a, b, made):
    return b * torch.tensor([round(value.item(), 3) for value in a])


def by_a_generator(a, b, made):
    return b * torch.tensor(list(numbers(a)))


def numbers(values):
    for value in values:
        yield 2 * value.item()


def by_a_sum_of_each(a, b, made):
    return b + 0.1 * sum(abs(value) for value in a.tolist())


def by_a_sum_over_rows(a, b, made):
    rows = a.outer(a).tolist()
    return b + 0.1 * max(sum(value * value for value in row) for row in rows)


def by_the_values_of_a_dictionary(a, b, made):
    terms = {"fit": b.square().sum(), "spread": -np.log(np.abs(a.detach().numpy()).sum())}
    return b + sum(terms.values())


def by_the_values_of_a_comprehension(a, b, made):
    squares = {place: value * value for place, value in enumerate(a.tolist())}
    return b + 0.1 * sum(squares.values())


COMES_BACK = [
    through_a_file,
    by_a_pickle,
    by_dlpack,
    by_its_address,
    by_its_memory,
    by_a_memoryview,
    in_a_buffer,
    in_a_view_of_an_array,
    into_a_buffer_of_numpy,
    through_json,
    in_an_attribute,
    in_a_list_given_to_a_function,
    in_a_dictionary,
    by_a_closure,
    through_memory_that_torch_shares,
    by_a_comprehension,
    by_a_generator,
    by_a_sum_of_each,
    by_a_sum_over_rows,
    by_the_values_of_a_dictionary,
    by_the_values_of_a_comprehension,
]


@pytest.mark.parametrize("step", COMES_BACK)
def test_a_value_that_comes_back_by_a_detour_severs_where_it_left(step):
    verdict, lines, _ = traced(step)
    assert verdict == "cut"
    assert lines
    assert all(
        any(word in line for word in (".item()", ".detach()", ".tolist()", ".data_ptr()"))
        for line in lines
    )


def a_name_used_again(a, b, made):
    size = a[0].item()
    made["shown"] = torch.ones(2) * size
    size = 2.0
    return b * size


def another_tracker(a, b, made):
    used, logged = Tracker(), Tracker()
    used.update(0.5)
    logged.update(a[0].item())
    return b / used.mean


def another_key(a, b, made):
    sizes = {}
    sizes["shown"] = a[0].item()
    sizes["used"] = 2.0
    return b * sizes["used"]


def another_element(a, b, made):
    result, shown = both(a, b)
    made["shown"] = shown
    return result * 2.0


def both(a, b):
    shown = a[0].item()
    return b * 3.0, shown


def a_helper_for_both(a, b, made):
    made["shown"] = halved(a)
    return b * halved(torch.tensor([0.3141, 0.5]))


def halved(values):
    return 0.5 * values[0].item()


def a_helper_that_goes_through_each(a, b, made):
    made["shown"] = each(a)
    return b * torch.tensor(each(b + 1))


def each(values):
    return [value.item() for value in values]


def values_beside_a_log_of_each(a, b, made):
    made["shown"] = [round(value, 3) for value in a.tolist()]
    norms = {"a": a.norm().item()}
    losses = {"first": b.square().sum(), "second": b.sum()}
    made["norms"] = norms
    return sum(losses.values())


def a_shape(a, b, made):
    kept = a.detach().numpy()
    return b * (kept.shape[0] + 1.0) * len(kept)


def a_log(a, b, made):
    made["log"] = []
    for _ in range(3):
        made["log"].append(f"{a[0].item():.3f}")
        print(a.tolist(), a.mean().item())
    return b * torch.tensor([0.25, 0.75])


GOES_NOWHERE = [
    a_name_used_again,
    another_tracker,
    another_key,
    another_element,
    a_helper_for_both,
    values_beside_a_log_of_each,
    a_shape,
    a_log,
]


@pytest.mark.parametrize("step", GOES_NOWHERE)
def test_a_value_that_goes_nowhere_blames_no_line(step):
    assert traced(step)[:2] == ("unused", [])


def test_a_step_that_is_repeated_keeps_nothing_of_arrays_that_are_gone():
    layer = nn.Linear(8, 8)
    with gradviz.trace() as trace:
        for _ in range(20):
            array = layer(torch.ones(1, 8)).detach().numpy()
            assert array.sum() != 0
    escapes = trace._mode.escapes
    assert len(escapes.arrays._arrays) <= 2
    assert len(trace._mode.exposed.windows) <= 2


def test_a_loss_that_is_a_plain_number_is_followed_to_where_it_left():
    model = nn.Linear(2, 1)
    with gradviz.trace() as trace:
        total = 0.0
        for _ in range(2):
            total += model(torch.randn(3, 2)).pow(2).mean().item()
        average = total / 2
    report = trace.report(average, model)
    assert report.parameters["weight"].verdict == "cut"
    assert [cut.code for cut in report.cuts] == [
        "total += model(torch.randn(3, 2)).pow(2).mean().item()"
    ]


def test_what_may_have_come_back_unseen_is_said_to_be_unknown(tmp_path):
    model = nn.ParameterDict({"a": torch.tensor(0.7234567), "b": torch.tensor(0.3)})
    with gradviz.trace() as trace:
        logged = []
        logged.append((model["a"] * 1.7).item())
        (tmp_path / "scale").write_text(f"{sum(logged):.4f}")
        loss = model["b"] * scale_in(tmp_path)
    report = trace.report(loss, model)
    assert report.parameters["a"].verdict == "unused"
    assert report.parameters["a"].uncertain
    assert not report.parameters["b"].uncertain
    (note,) = (note for note in report.notes if "came back" in note)
    assert note.startswith("a: its value left torch at ")
    assert note.endswith("; whether it came back cannot be seen.")


def scale_in(folder):
    return math.sqrt(float((folder / "scale").read_text()))


def test_what_was_only_shown_is_not_unknown():
    model = nn.ParameterDict({"a": torch.tensor(0.7234567), "b": torch.tensor([0.3, 0.4])})
    with gradviz.trace() as trace:
        print(f"{model['a'].item():.3f}", model["a"])
        loss = (model["b"] * torch.Tensor([0.12345678, 0.7654321])).sum()
    report = trace.report(loss, model)
    assert not report.parameters["a"].uncertain
    assert not any("came back" in note for note in report.notes)


def test_a_healthy_run_that_logs_has_nothing_unknown():
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    history = []
    with gradviz.trace() as trace:
        for _ in range(3):
            loss = (
                model(
                    torch.from_numpy(
                        np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
                    )
                )
                .pow(2)
                .mean()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
    report = trace.report(loss, model)
    assert [str(one.verdict) for one in report.parameters.values()] == ["reached", "reached"]
    assert not any(one.partial or one.uncertain for one in report.parameters.values())
    assert report.notes == ()
