"""What optimizers do inside a trace: each reason in a few lines, and a healthy twin beside it."""

import copy

import pytest
import torch
from torch import nn

import gradviz
from gradviz.graph import Parameter, Verdict
from gradviz.judging.model_names import names_of
from gradviz.training.seen import Seen
from gradviz.training.watch import StepWatch


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def followed(step):
    """Trace a function that trains and returns the last loss and the model.

    Return how its parameters train.
    """
    with gradviz.trace() as trace:
        loss, model = step()
    return trace.report(loss, model).training


def whys(training):
    return {one.name: one.why for one in training.parameters}


def loop(model, optimizer, *, rounds=2, between=lambda: None, before=None):
    """Train; ``between`` stands between backward and step."""
    for _ in range(rounds):
        (before or optimizer.zero_grad)()
        loss = model(torch.randn(4, 3)).square().mean()
        loss.backward()
        between()
        optimizer.step()
    return loss, model


def test_a_plain_loop_trains():
    def step():
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        return loop(model, torch.optim.Adam(model.parameters()))

    training = followed(step)
    assert all(one.trains and one.moved == one.compared == one.numel for one in training.parameters)
    assert training.steps == 2
    assert [(one.name, one.kind, one.steps, one.held) for one in training.optimizers] == [
        ("Adam", "Adam", 2, 4)
    ]
    assert not training.alarms


@pytest.mark.parametrize("to_none", [True, False])
def test_zero_grad_between_backward_and_step_clears(to_none):
    def step():
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        return loop(
            model,
            optimizer,
            between=lambda: optimizer.zero_grad(set_to_none=to_none),
            before=lambda: None,
        )

    training = followed(step)
    assert whys(training) == {"weight": "cleared", "bias": "cleared"}
    (alarm,) = training.alarms
    assert "zero_grad(set_to_none" in alarm.code


def test_a_gradient_that_is_assigned_by_hand_clears():
    def step():
        model = nn.Linear(3, 2)

        def drop():
            for parameter in model.parameters():
                parameter.grad = None  # by hand

        return loop(model, torch.optim.SGD(model.parameters(), 0.1), between=drop)

    assert {one.code for one in followed(step).parameters} == {"parameter.grad = None  # by hand"}


@pytest.mark.parametrize(
    "clip",
    [
        lambda model: nn.utils.clip_grad_norm_(model.parameters(), 0.0),
        lambda model: nn.utils.clip_grad_value_(model.parameters(), 0.0),
        lambda model: [parameter.grad.mul_(0) for parameter in model.parameters()],
    ],
)
def test_arithmetic_that_leaves_nothing_clips(clip):
    def step():
        model = nn.Linear(3, 2)
        return loop(model, torch.optim.SGD(model.parameters(), 0.1), between=lambda: clip(model))

    training = followed(step)
    assert whys(training) == {"weight": "clipped", "bias": "clipped"}
    assert training.alarms[0].line is not None


def test_clipping_that_leaves_something_is_no_matter():
    def step():
        model = nn.Linear(3, 2)
        return loop(
            model,
            torch.optim.SGD(model.parameters(), 0.1),
            between=lambda: nn.utils.clip_grad_norm_(model.parameters(), 0.1),
        )

    assert set(whys(followed(step)).values()) == {None}


@pytest.mark.parametrize("every", [2, 4, 8])
def test_gradients_may_be_accumulated(every):
    def step():
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for number in range(8):
            loss = model(torch.randn(4, 3)).square().mean() / every
            loss.backward()
            if (number + 1) % every == 0:
                optimizer.step()
                optimizer.zero_grad()
        return loss, model

    assert set(whys(followed(step)).values()) == {None}


def test_two_optimizers_that_share_a_parameter_are_both_named():
    def step():
        body, head = nn.Linear(3, 3), nn.Linear(3, 2)
        one = torch.optim.SGD([*body.parameters(), *head.parameters()], 0.1)
        other = torch.optim.Adam(head.parameters())
        loss = head(body(torch.randn(4, 3))).square().mean()
        loss.backward()
        one.step()
        one.zero_grad()
        other.step()
        return loss, nn.ModuleDict({"body": body, "head": head})

    training = followed(step)
    assert {one.name: one.optimizer for one in training.parameters} == {
        "body.weight": "SGD",
        "body.bias": "SGD",
        "head.weight": "SGD, Adam",
        "head.bias": "SGD, Adam",
    }
    assert not training.alarms


def test_lbfgs_steps_with_a_closure():
    def step():
        model = nn.Linear(3, 2)
        optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)
        x = torch.randn(4, 3)
        losses = []

        def closure():
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            losses.append(loss)
            return loss

        optimizer.step(closure)
        return losses[-1], model

    training = followed(step)
    assert set(whys(training).values()) == {None}
    assert training.steps == 1


@pytest.mark.parametrize(
    "options",
    [
        {"foreach": True},
        {"foreach": False},
        {"fused": True},
        {"capturable": True, "foreach": False},
    ],
)
def test_every_way_to_run_adam_is_seen(options):
    if "capturable" in options and not torch.cuda.is_available():
        pytest.skip("capturable wants a graphics card")

    def step():
        model = nn.Linear(3, 2)
        return loop(model, torch.optim.Adam(model.parameters(), **options))

    assert set(whys(followed(step)).values()) == {None}


def test_optimizers_may_step_while_backward_runs():
    def step():
        model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
        optimizers = {
            parameter: torch.optim.SGD([parameter], 0.1) for parameter in model.parameters()
        }

        def hook(parameter):
            optimizers[parameter].step()
            optimizers[parameter].zero_grad()

        for parameter in model.parameters():
            parameter.register_post_accumulate_grad_hook(hook)
        for _ in range(2):
            loss = model(torch.randn(4, 3)).square().mean()
            loss.backward()
        return loss, model

    training = followed(step)
    assert set(whys(training).values()) == {None}
    assert not training.alarms


def test_a_weight_in_bfloat16_does_not_hold_a_small_update():
    def step():
        model = nn.LayerNorm(3, dtype=torch.bfloat16)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
        loss = model(torch.randn(4, 3, dtype=torch.bfloat16)).pow(3).sum()
        loss.backward()
        optimizer.step()
        return loss, model

    assert whys(followed(step)) == {"weight": "too_small", "bias": None}


class Sloppy(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1, copy=False):
        super().__init__(params, {"lr": lr})
        self.copy = copy

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                target = parameter.clone() if self.copy else parameter
                target.add_(parameter.grad, alpha=-group["lr"])


@pytest.mark.parametrize(("copies", "why"), [(True, "lost"), (False, None)])
def test_an_update_that_goes_into_a_copy_is_lost(copies, why):
    def step():
        model = nn.Linear(3, 2)
        return loop(model, Sloppy(model.parameters(), copy=copies))

    assert set(whys(followed(step)).values()) == {why}


def test_a_learning_rate_of_zero_changes_nothing():
    def step():
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(
            [{"params": [model.weight]}, {"params": [model.bias], "lr": 0.0}], 0.1
        )
        return loop(model, optimizer)

    training = followed(step)
    assert whys(training) == {"weight": None, "bias": "too_small"}
    assert not training.alarms


def test_nan_is_told_of_every_parameter_that_it_spoils():
    def step():
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        loss = (model(torch.randn(4, 3)).mean() * 0).sqrt()
        loss.backward()
        optimizer.step()
        return loss, model

    training = followed(step)
    assert set(whys(training).values()) == {"not_finite"}
    assert [alarm.why for alarm in training.alarms] == ["not_finite"]


def test_few_rows_of_a_large_table_that_move_are_seen():
    def step():
        model = nn.Embedding(50_000, 4)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        loss = model(torch.tensor([7, 31_415])).sum()
        loss.backward()
        optimizer.step()
        return loss, model

    training = followed(step)
    assert whys(training) == {"weight": None}
    assert training.parameters[0].compared < 5_000


def test_a_sparse_gradient_moves_its_rows():
    def step():
        model = nn.Embedding(50_000, 4, sparse=True)
        optimizer = torch.optim.SparseAdam(model.parameters())
        loss = model(torch.tensor([7, 31_415])).sum()
        loss.backward()
        optimizer.step()
        return loss, model

    assert whys(followed(step)) == {"weight": None}


class Sharp(torch.optim.Optimizer):
    """Climbs first, and steps from there, as SAM does."""

    def __init__(self, params, inner):
        super().__init__(params, {"rho": 0.05})
        self.inner = inner

    @torch.no_grad()
    def step(self, closure):
        kept = [parameter.clone() for parameter in self.param_groups[0]["params"]]
        for parameter in self.param_groups[0]["params"]:
            parameter.add_(parameter.grad, alpha=0.05)
        with torch.enable_grad():
            closure()
        for parameter, value in zip(self.param_groups[0]["params"], kept, strict=True):
            parameter.copy_(value)
        self.inner.step()


def test_an_optimizer_that_moves_weights_twice_is_judged_over_its_whole_step():
    def step():
        model = nn.Linear(3, 2)
        optimizer = Sharp(model.parameters(), torch.optim.SGD(model.parameters(), 0.1))
        x = torch.randn(4, 3)

        def closure():
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            return loss

        loss = closure()
        optimizer.step(closure)
        return loss, model

    training = followed(step)
    assert set(whys(training).values()) == {None}
    assert not training.alarms


class Child(torch.optim.SGD):
    def step(self, closure=None):
        return super().step(closure)


def test_a_step_that_calls_the_step_of_its_parent_is_one_step():
    def step():
        model = nn.Linear(3, 2)
        return loop(model, Child(model.parameters(), 0.1), rounds=1)

    assert followed(step).steps == 1


def test_a_step_that_raises_does_not_hide_the_next():
    def step():
        model = nn.Linear(3, 2)
        optimizer = Sloppy(model.parameters())
        with pytest.raises(TypeError):
            optimizer.step()  # there is no gradient yet
        return loop(model, optimizer, rounds=1)

    assert followed(step).steps == 1


def test_nothing_stays_behind_in_torch():
    from torch.nn.modules import module
    from torch.optim import optimizer

    def state():
        return (
            len(optimizer._global_optimizer_pre_hooks),
            len(optimizer._global_optimizer_post_hooks),
            len(module._global_parameter_registration_hooks),
            len(module._global_module_registration_hooks),
            torch.optim.Optimizer.__init__,
            torch.amp.GradScaler.step,
        )

    before = state()
    followed(lambda: loop(model := nn.Linear(3, 2), torch.optim.SGD(model.parameters(), 0.1)))
    assert state() == before


def test_a_step_computes_what_it_computes_unwatched():
    def step():
        torch.manual_seed(1)
        model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 2))
        return loop(model, torch.optim.AdamW(model.parameters()), rounds=3)

    _, plain = step()
    with gradviz.trace():
        _, watched = step()
    pairs = zip(plain.parameters(), watched.parameters(), strict=True)
    assert all(
        torch.equal(one, other) and torch.equal(one.grad, other.grad) for one, other in pairs
    )


def test_a_trace_without_a_step_says_nothing_of_training():
    def step():
        model = nn.Linear(3, 2)
        return model(torch.randn(4, 3)).sum(), model

    assert followed(step) is None


def test_a_head_that_is_replaced_after_the_optimizer_was_made_is_stale():
    def step():
        model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        model[1] = nn.Linear(4, 5)  # the new head
        return loop(model, optimizer)

    training = followed(step)
    assert whys(training) == {
        "0.weight": None,
        "0.bias": None,
        "1.weight": "stale",
        "1.bias": "stale",
    }
    (alarm,) = training.alarms
    assert alarm.code == "model[1] = nn.Linear(4, 5)  # the new head"


def test_parameters_of_another_copy_are_not_held():
    def step():
        model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        return loop(copy.deepcopy(model), optimizer)

    training = followed(step)
    assert set(whys(training).values()) <= {"stale", "not_held"}
    assert training.alarms


def cleared():
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    return loop(model, optimizer, between=optimizer.zero_grad, before=lambda: None)


def sound():
    model = nn.Linear(3, 2)
    return loop(model, torch.optim.SGD(model.parameters(), 0.1))


def test_a_test_can_hold_that_a_step_trains():
    assert gradviz.assert_trains(sound).training.steps == 2
    assert gradviz.assert_gradients(sound, trains="weight").training.steps == 2


def test_a_step_that_does_not_train_fails_with_the_reason_and_the_line():
    with pytest.raises(
        gradviz.UnexpectedGradientsError,
        match=r"expected trains \(\*\), found not trained: its gradient is cleared before step\(\), at .*test_watch.py:",
    ):
        gradviz.assert_trains(cleared)


def test_what_trains_cannot_be_held_where_no_optimizer_steps():
    with pytest.raises(gradviz.GradvizError, match="no optimizer stepped while it was watched"):
        gradviz.assert_trains(lambda: (nn.Linear(3, 2)(torch.randn(4, 3)).sum(), nn.Linear(3, 2)))


def test_training_is_written_and_read_again(tmp_path):
    from gradviz.reports import read_json

    with gradviz.trace() as trace:
        loss, model = cleared()
    report = trace.report(loss, model)
    text = report.to_json()
    assert '"class": "SGD"' in text
    assert read_json(text).training == report.training


def test_losses_that_cancel_out_are_zero_and_not_cleared():
    def step():
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        model(torch.randn(4, 3)).mean().backward()
        loss = -model(torch.randn(4, 3)).mean()
        loss.backward()
        optimizer.step()
        return loss, model

    training = followed(step)
    assert whys(training) == {"weight": None, "bias": "zero"}
    assert not training.alarms


def test_losses_that_a_scaler_makes_infinite_while_it_settles_are_no_remark():
    watch, optimizer = StepWatch(), torch.optim.SGD(nn.Linear(3, 1).parameters(), 0.1)
    watch.calls.extend([Seen(parameters={}, is_finite=False)] * 2)
    record = watch.optimizers.record(optimizer)
    record.skipped = 2
    assert watch.remarks[0].startswith("the loss, scaled by GradScaler, is NaN or infinite")
    record.steps = 1
    assert watch.remarks == ()


@pytest.mark.parametrize("fused", [False, True])
def test_no_step_is_said_to_find_no_gradient_where_torch_counts_no_writes(fused):
    watch, weight = StepWatch(), nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([weight], fused=fused)
    watch.begin(lambda error: None)
    for number in range(24):
        if number == 3:
            watch.rest()
        weight.grad = torch.ones(3) if number < 3 or number % 2 else None
        optimizer.step()
    weight.grad = None
    for _ in range(24):
        optimizer.step()
    watch.end()
    assert bool(watch.stalls.stalled) is not fused


def called(failed):
    """Return a watch that was told of one backward call of a layer, and the layer."""
    watch, net = StepWatch(), nn.Linear(3, 1)
    roots, names = {"net": net}, ("net.weight", "net.bias")
    parameters = {name: Parameter(name=name, verdict=Verdict.REACHED) for name in names}
    watch.begin(failed)
    watch.called(Seen(parameters=parameters), names_of(roots), roots)
    return watch, net


def test_what_moves_beside_steps_is_seen_as_it_is_looked_at_again():
    failures = []
    watch, net = called(failures.append)
    net.weight.data += 1
    watch.look_again()
    evidence, _ = watch.evidence()
    watch.end()
    assert [own.drift for own in evidence] == [True, False]
    assert not failures


def test_an_optimizer_that_steps_for_the_first_time_later_is_told_of_once():
    failures, late = [], []
    watch, net = called(failures.append)
    watch.rest()
    watch.late = late.append
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        net(torch.ones(2, 3)).sum().backward()
        optimizer.step()
    watch.end()
    assert late == [optimizer]
    assert not failures
