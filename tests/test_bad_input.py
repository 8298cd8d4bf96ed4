"""What people hand over by mistake.

Each is answered rightly, or by an error that names what was given and the way out.
"""

import threading
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import gradviz
from gradviz import GradvizError, Verdict


def traced(step):
    with gradviz.trace() as trace:
        given = step()
    return trace, given


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def verdicts(report):
    return {str(parameter.verdict) for parameter in report.parameters.values()}


@dataclass
class Output:
    loss: torch.Tensor
    logits: torch.Tensor


@dataclass
class Nothing:
    logits: torch.Tensor


# What is no loss: an error

NO_LOSS = {
    "None": (lambda model, x: None, r"None.*return"),
    "an integer": (lambda model, x: 3, r"3.*tensor"),
    "a float of one's own": (lambda model, x: 0.25, r"0\.25.*tensor"),
    "text": (lambda model, x: "0.25", r"str.*tensor"),
    "an empty dict": (lambda model, x: {}, r"(?i)loss"),
    "a dict of something else": (
        lambda model, x: {"loss": model(x).sum(), "step": "three"},
        r"step.*str",
    ),
    "a dict with None": (lambda model, x: {"a": model(x).sum(), "b": None}, r"b\b.*None"),
    "a list": (lambda model, x: [model(x).sum()], r"list.*tensor"),
    "a tuple of loss and output": (lambda model, x: (model(x).sum(), x), r"tuple.*tensor"),
    "the model": (lambda model, x: model, r"Sequential.*tensor"),
    "a dataclass without a loss": (lambda model, x: Nothing(model(x)), r"Nothing.*tensor"),
    "an object whose loss is None": (lambda model, x: SimpleNamespace(loss=None), r"loss"),
    "a function": (lambda model, x: lambda: model(x).sum(), r"function.*tensor"),
    "a numpy array": (lambda model, x: np.zeros(3), r"ndarray.*tensor"),
}


@pytest.mark.parametrize("name", NO_LOSS)
def test_what_is_no_loss_is_named_with_the_way_out(name):
    make, message = NO_LOSS[name]
    model = net()
    trace, loss = traced(lambda: make(model, torch.ones(2, 3)))
    with pytest.raises(GradvizError, match=message) as caught:
        trace.report(loss, model)
    assert "\n" not in str(caught.value).strip()


NO_MODEL = {
    "a string": "net",
    "a list of parameters": [nn.Parameter(torch.ones(1))],
    "a generator of parameters": nn.Linear(1, 1).parameters(),
    "an optimizer": torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1),
    "the class of a model": nn.Linear,
    "a function": lambda x: x,
}


@pytest.mark.parametrize("name", NO_MODEL)
def test_what_is_no_model_is_named_with_the_way_out(name):
    model = net()
    trace, loss = traced(lambda: model(torch.ones(2, 3)).sum())
    with pytest.raises(
        GradvizError, match=type(NO_MODEL[name]).__name__ + r".*(?s:.)(module|Module|parameters)"
    ):
        trace.report(loss, NO_MODEL[name])


# What is a loss in wrapping: a right answer


def test_of_an_output_with_a_loss_the_loss_is_taken_and_that_is_said():
    model = net()

    def step():
        logits = model(torch.ones(2, 3))
        return Output(logits.sum(), logits)

    trace, output = traced(step)
    report = trace.report(output, model)
    assert verdicts(report) == {"reached"}
    assert any("Output" in note and "loss" in note for note in report.notes)


def test_of_a_transformers_output_the_loss_is_taken_and_that_is_said():
    transformers = pytest.importorskip(
        "transformers", reason="needs transformers: pip install 'torch-gradviz[test]'"
    )
    config = transformers.GPT2Config(
        vocab_size=31, n_positions=16, n_embd=8, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0
    )
    model = transformers.GPT2LMHeadModel(config)
    ids = torch.randint(0, 31, (1, 5))
    trace, output = traced(lambda: model(input_ids=ids, labels=ids))
    report = trace.report(output, model)
    assert verdicts(report) == {"reached"}
    assert any("CausalLMOutput" in note and "loss" in note for note in report.notes)


def test_of_a_dict_of_losses_each_has_its_own_reach():
    model = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.Linear(2, 1)})
    x = torch.ones(1, 2)
    trace, losses = traced(lambda: {"adv": model["a"](x).sum(), "rec": model["b"](x).sum()})
    report = trace.report(losses, model)
    assert verdicts(report) == {"reached"}
    assert report.losses["adv"].parameters["b.weight"].verdict == "unused"
    assert report.losses["rec"].parameters["a.weight"].verdict == "unused"


def test_of_a_dict_with_one_loss_that_one_is_judged():
    model = net()
    trace, losses = traced(lambda: {"total": model(torch.ones(2, 3)).sum()})
    assert verdicts(trace.report(losses, model)) == {"reached"}


def test_a_loss_that_is_no_scalar_is_judged_and_that_is_said():
    model = net()
    trace, loss = traced(lambda: model(torch.ones(5, 3)))
    report = trace.report(loss, model)
    assert verdicts(report) == {"reached"}
    assert any("scalar" in note for note in report.notes)


def test_a_loss_that_left_torch_as_a_number_is_judged_and_its_cut_named():
    model = net()
    trace, loss = traced(lambda: model(torch.ones(2, 3)).sum().item())
    report = trace.report(loss, model)
    assert verdicts(report) == {"cut"}
    assert [str(cut.kind) for cut in report.cuts] == ["item"]


def test_a_loss_that_left_torch_as_an_array_is_judged_and_its_cut_named():
    model = net()
    trace, loss = traced(lambda: model(torch.ones(2, 3)).sum().detach().numpy())
    report = trace.report(loss, model)
    assert verdicts(report) == {"cut"}
    assert {str(cut.kind) for cut in report.cuts} <= {"numpy", "detach"}


def test_of_a_loss_without_grad_the_cut_that_did_it_is_named():
    model = net()
    trace, loss = traced(lambda: F.mse_loss(model(torch.ones(2, 3)).detach(), torch.zeros(2, 1)))
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad"):
        loss.backward()
    report = trace.report(loss, model)
    assert verdicts(report) == {"cut"}
    (cut,) = report.cuts
    assert (cut.kind, cut.parameters) == ("detach", tuple(report.parameters))
    assert (
        cut.code == "trace, loss = traced(lambda: F.mse_loss(model(torch.ones(2, 3)).detach(),"
        " torch.zeros(2, 1)))"
    )
    assert any("element 0 of tensors" in note or "backward()" in note for note in report.notes)


def test_a_loss_after_backward_is_judged_or_what_is_not_known_is_said():
    model = net()
    trace, loss = traced(lambda: model(torch.ones(2, 3)).pow(2).sum())
    loss.backward()
    before = {name: p.grad.clone() for name, p in model.named_parameters()}
    report = trace.report(loss, model)
    assert verdicts(report) == {"reached"}
    assert any("backward" in note or "measured" in note for note in report.notes)
    assert all(torch.equal(p.grad, before[name]) for name, p in model.named_parameters())


def test_backward_inside_the_trace_is_judged_too():
    model = net()

    def step():
        loss = model(torch.ones(2, 3)).pow(2).sum()
        loss.backward()
        return loss

    trace, loss = traced(step)
    assert verdicts(trace.report(loss, model)) == {"reached"}


def test_a_model_that_has_nothing_to_do_with_the_loss_is_unused_and_that_is_said():
    model, other = net(), nn.Linear(7, 7)
    trace, loss = traced(lambda: model(torch.ones(2, 3)).sum())
    report = trace.report(loss, other)
    assert verdicts(report) == {"unused"}
    assert report.cuts == ()
    assert report.notes


def test_a_model_without_parameters_is_answered_with_a_note():
    model = net()
    trace, loss = traced(lambda: model(torch.ones(2, 3)).sum())
    report = trace.report(loss, nn.ReLU())
    assert len(report.parameters) == 0
    assert report.notes


def test_without_a_model_there_is_a_graph():
    model = net()
    trace, loss = traced(lambda: model(torch.ones(2, 3)).sum())
    assert trace.report(loss).graph.nodes


def test_a_loss_that_is_a_parameter_itself_reaches_it():
    model = nn.ParameterList([nn.Parameter(torch.tensor(2.0))])
    trace, loss = traced(lambda: model[0])
    assert trace.report(loss, model).parameters["0"].verdict is Verdict.REACHED


def test_a_constant_that_was_set_to_require_grad_has_no_parameter_behind_it_and_that_is_said():
    model = net()

    def step():
        model(torch.ones(2, 3))
        return torch.tensor(0.5, requires_grad=True)

    trace, loss = traced(step)
    report = trace.report(loss, model)
    assert verdicts(report) == {"unused"}
    assert any("requires_grad" in note for note in report.notes)


# Tensors of every kind


def meta():
    with torch.device("meta"):
        model = net_of(torch.float32)
    return model, lambda: model(torch.ones(2, 3, device="meta")).sum()


def net_of(dtype):
    return nn.Sequential(nn.Linear(3, 4, dtype=dtype), nn.Tanh(), nn.Linear(4, 1, dtype=dtype))


def half(dtype):
    model = net_of(dtype)
    return model, lambda: model(torch.ones(2, 3, dtype=dtype)).sum()


def complex_numbers():
    model = net_of(torch.complex64)
    return model, lambda: model(torch.ones(2, 3, dtype=torch.complex64)).abs().sum()


def sparse_gradients():
    model = nn.Sequential(nn.Embedding(7, 3, sparse=True), nn.Linear(3, 1))
    return model, lambda: model(torch.tensor([1, 2])).sum()


def sparse_input():
    model = nn.ParameterDict({"w": nn.Parameter(torch.randn(3, 2))})
    return model, lambda: torch.sparse.mm(torch.eye(3).to_sparse(), model["w"]).sum()


def sparse_parameter():
    model = nn.ParameterDict({"w": nn.Parameter(torch.eye(3).to_sparse())})
    return model, lambda: torch.sparse.mm(model["w"], torch.ones(3, 2)).sum()


def without_elements():
    model = nn.Linear(3, 2)
    model.register_parameter("empty", nn.Parameter(torch.zeros(0, 3)))
    return model, lambda: model(torch.ones(2, 3)).sum() + 0.5


def vmapped():
    model = nn.Linear(3, 1)
    return model, lambda: torch.vmap(model)(torch.ones(4, 3)).sum()


def functional():
    model = nn.Linear(3, 1)
    return (
        model,
        lambda: torch.func.functional_call(
            model, dict(model.named_parameters()), torch.ones(4, 3)
        ).sum(),
    )


def anomaly():
    model = net()

    def step():
        with torch.autograd.detect_anomaly(check_nan=False):
            return model(torch.ones(2, 3)).sum()

    return model, step


TENSORS = {
    "meta": meta,
    "half": lambda: half(torch.float16),
    "bfloat16": lambda: half(torch.bfloat16),
    "complex": complex_numbers,
    "sparse gradients": sparse_gradients,
    "sparse input": sparse_input,
    "sparse parameter": sparse_parameter,
    "no elements": without_elements,
    "vmap": vmapped,
    "functional_call": functional,
    "anomaly detection": anomaly,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TENSORS)
def test_tensors_of_every_kind_are_judged(name):
    model, step = TENSORS[name]()
    trace, loss = traced(step)
    report = trace.report(loss, model)
    assert {
        n: str(p.verdict) for n, p in report.parameters.items() if n != "empty"
    } == dict.fromkeys((n for n, _ in model.named_parameters() if n != "empty"), "reached")


def test_on_the_meta_device_it_is_said_that_zero_is_not_told_from_reached():
    model, step = meta()
    trace, loss = traced(step)
    assert any("meta" in note for note in trace.report(loss, model).notes)


def test_uninitialized_parameters_are_answered():
    model = nn.Sequential(nn.Linear(3, 4), nn.LazyLinear(1))
    trace, loss = traced(lambda: model[0](torch.ones(2, 3)).sum())
    report = trace.report(loss, model)
    assert {name: str(p.verdict) for name, p in report.parameters.items()}["1.weight"] == "unused"


def test_a_compiled_model_is_traced_eagerly_and_that_is_said():
    model = torch.compile(net(), backend="eager")
    trace, loss = traced(lambda: model(torch.ones(2, 3)).sum())
    report = trace.report(loss, model)
    assert verdicts(report) == {"reached"}
    assert any("compile" in note for note in report.notes)


def test_a_compiled_model_names_the_line_that_cuts():
    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 1)

        def forward(self, x):
            return self.b(self.a(x).detach())

    model = torch.compile(Cut(), backend="eager")
    trace, loss = traced(lambda: model(torch.ones(2, 3)).sum())
    (cut,) = trace.report(loss, model).cuts
    assert cut.code == "return self.b(self.a(x).detach())"


# Traces used in other ways


def test_a_trace_inside_a_trace_is_refused_and_the_outer_one_goes_on():
    model = net()
    with gradviz.trace() as trace:
        hidden = model[0](torch.ones(2, 3))
        with pytest.raises(GradvizError, match="nested"), gradviz.trace():
            pass
        loss = model[2](model[1](hidden).detach()).sum()
    report = trace.report(loss, model)
    assert str(report.parameters["0.weight"].verdict) == "cut"
    assert str(report.parameters["2.weight"].verdict) == "reached"


def test_a_trace_that_is_used_twice_is_refused():
    trace, _ = traced(lambda: None)
    with pytest.raises(GradvizError, match="before"), trace:
        pass
    with gradviz.trace():  # and that leaves the thread free for the next one
        pass


def test_a_report_before_the_step_is_refused():
    with pytest.raises(GradvizError, match="seen nothing"):
        gradviz.trace().report(torch.ones((), requires_grad=True))


def test_a_report_while_the_trace_runs_is_answered_or_refused_clearly():
    model = net()
    with gradviz.trace() as trace:
        loss = model(torch.ones(2, 3)).sum()
        try:
            report = trace.report(loss, model)
        except GradvizError as error:
            assert "end" in str(error)  # noqa: PT017 - either is right
        else:
            assert verdicts(report) == {"reached"}


def test_what_happens_after_the_trace_is_not_in_the_report_and_does_not_mislead():
    model = net()
    trace, hidden = traced(lambda: model[0](torch.ones(2, 3)))
    loss = model[2](model[1](hidden)).sum()
    assert verdicts(trace.report(loss, model)) == {"reached"}


def test_a_report_from_another_thread_is_refused_or_right():
    model = net()
    trace, loss = traced(lambda: model(torch.ones(2, 3)).sum())
    found = []

    def ask():
        try:
            found.append(verdicts(trace.report(loss, model)))
        except GradvizError as error:
            found.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [{"reached"}] or "thread" in found[0]


def test_a_trace_ended_in_another_thread_is_refused_and_can_still_be_ended_in_its_own():
    trace = gradviz.trace()
    trace.__enter__()
    found = []

    def end():
        try:
            trace.__exit__(None, None, None)
        except GradvizError as error:
            found.append(str(error))

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    trace.__exit__(None, None, None)
    assert "thread" in found[0]
    assert torch.overrides._get_current_function_mode_stack() == []


def test_traces_in_two_threads_do_not_mix():
    gate = threading.Barrier(2)
    reports = {}

    def work(name, cut):
        model = net()
        with gradviz.trace() as trace:
            gate.wait()
            hidden = model[0](torch.ones(2, 3))
            gate.wait()
            loss = model[2](hidden.detach() if cut else hidden).sum()
            gate.wait()
        reports[name] = trace.report(loss, model)

    threads = [
        threading.Thread(target=work, args=("cut", True)),
        threading.Thread(target=work, args=("whole", False)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reports["cut"].parameters["0.weight"].verdict is Verdict.CUT
    assert reports["whole"].parameters["0.weight"].verdict is Verdict.REACHED
    assert reports["whole"].cuts == ()


def test_several_reports_of_one_trace_agree():
    model = net()
    trace, loss = traced(lambda: model[2](model[0](torch.ones(2, 3)).detach()).sum())
    assert trace.report(loss, model) == trace.report(loss, model)


def test_the_loss_can_be_reported_on_without_a_trace_and_it_is_said_what_a_trace_would_add():
    model = net()
    report = gradviz.report(model(torch.ones(2, 3)).sum(), model)
    assert verdicts(report) == {"reached"}
    assert any("trace" in note for note in report.notes)


# Names of every kind

NAMES = [
    'quo"te',
    "apo'strophe",
    "new\nline",
    "<b>bold</b>",
    "&amp;",
    "back\\slash",
    "{brace}|pipe",
    "Größe",
    "层",
    "🙂",
    "\u202eright to left",
    "[/red]",
    "</script>",
    " ",
    "\x1b[31m",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_of_every_kind_are_kept_and_can_be_shown(name):
    model = nn.Module()
    model.add_module(name, nn.Linear(2, 2))
    model.register_parameter("plain " + name, nn.Parameter(torch.ones(2)))
    model.add_module("head", nn.Linear(2, 1))
    parts = dict(model.named_children())
    trace, loss = traced(
        lambda: parts["head"](
            parts[name](torch.ones(1, 2)).detach() * model._parameters["plain " + name]
        ).sum()
    )
    report = trace.report(loss, model)
    assert report.parameters[name + ".weight"].verdict is Verdict.CUT
    assert report.parameters["plain " + name].verdict is Verdict.REACHED
    assert "\x1b[31m" not in str(report)
    assert report.to_json()
    assert report.to_dot()


@pytest.mark.parametrize("name", ["new\nline", "<b>bold</b>", "层", "</script>"], ids=ascii)
def test_names_of_losses_of_every_kind_are_kept(name):
    model = net()
    trace, loss = traced(
        lambda: {name: model(torch.ones(2, 3)).sum(), "other": model(torch.ones(2, 3)).mean()}
    )
    report = trace.report(loss, model)
    assert list(report.losses) == [name, "other"]
    assert str(report)
