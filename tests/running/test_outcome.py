"""What a run says of training at its end, and the exit code that it can be asked for."""

import json

import pytest

TRAIN = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for step in range({rounds}):
    loss = model(torch.randn(5, 4)).square().mean()
    loss.backward()
    {between}
    if {steps}:
        optimizer.step()
        optimizer.zero_grad()
print("end")
"""


@pytest.mark.parametrize(
    ("between", "steps", "code", "end"),
    [
        ("pass", "True", 0, "gradviz: All 4 parameters train.\n"),
        ("pass", "step % 2", 0, "gradviz: All 4 parameters train.\n"),
        (
            "optimizer.zero_grad()",
            "True",
            1,
            (
                "gradviz: 0 of 4 parameters train; zero_grad() at train.py:10 clears their gradient"
                " before step().\n"
            ),
        ),
        (
            "pass",
            "False",
            1,
            "gradviz: 0 of 4 parameters train; optimizer never steps (made at train.py:6).\n",
        ),
    ],
)
def test_a_run_ends_with_a_sentence_and_fails_for_alarms_where_that_is_asked(
    scripts, between, steps, code, end
):
    scripts.write("train.py", TRAIN.format(rounds=4, between=between, steps=steps))
    ran = scripts.run("--fail-on-alarm", "train.py")
    assert (ran.code, ran.out, ran.end) == (code, "end\n", end)
    assert ("ALARM" in ran.err) == (code == 1)


@pytest.mark.parametrize(("steps", "is_long"), [("step < 8", True), ("step < 20", False)])
def test_it_says_where_backward_runs_on_long_after_the_last_step(scripts, steps, is_long):
    scripts.write("train.py", TRAIN.format(rounds=24, between="pass", steps=steps))
    end = scripts.run("train.py").end
    assert end.startswith("gradviz: All 4 parameters train")
    said = "the last of all 8 steps was made long before the end: backward() ran on without one"
    assert (said in end) == is_long


def test_an_optimizer_that_steps_late_is_awaited_after_the_last_call_told_of(scripts):
    scripts.write("train.py", TRAIN.format(rounds=12, between="pass", steps="step == 9"))
    assert scripts.run("train.py").end == "gradviz: All 4 parameters train.\n"


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (0, "0 of 4 parameters train; optimizer never steps (made at train.py:6)."),
        # Nobody knows what would have come
        (3, "No optimizer stepped while it was watched, so whether parameters train is not known."),
    ],
)
def test_a_script_that_ends_with_os_exit_gets_its_last_sentence_and_keeps_its_exit_code(
    scripts, status, end
):
    text = TRAIN.format(rounds=4, between="pass", steps="False").replace(
        'print("end")', f"import os\nos._exit({status})"
    )
    scripts.write("train.py", text)
    ran = scripts.run("train.py")
    assert (ran.code, ran.out) == (status, "")
    assert ran.end == f"gradviz: {end}\n"


def test_an_alarm_is_told_in_full_once(scripts):
    scripts.write("train.py", TRAIN.format(rounds=4, between="optimizer.zero_grad()", steps="True"))
    err = scripts.run("train.py").err
    assert err.count("ALARM") == err.count("clears their gradient before step()\n") == 1


def test_of_a_value_that_went_out_of_sight_no_line_says_that_it_is_unused_for_sure(scripts):
    scripts.write(
        "train.py",
        """\
        import sqlite3
        import torch
        from torch import nn
        enc, head = nn.Linear(4, 4), nn.Linear(4, 1)
        optimizer = torch.optim.SGD([*enc.parameters(), *head.parameters()], 0.1)
        table = sqlite3.connect(":memory:")
        table.execute("create table t(v real)")
        with torch.no_grad():
            table.executemany("insert into t values(?)", [(v,) for v in enc(torch.ones(1, 4))[0].tolist()])
        rows = [row[0] for row in table.execute("select 2*v + 1 from t")]
        head(torch.tensor([rows])).pow(2).mean().backward()
        optimizer.step()
        """,
    )
    ran = scripts.run("train.py")
    assert (
        "unused    enc.* (2 tensors, 20 values): whether their values went into this loss cannot be"
        " seen" in ran.said
    )
    assert (
        ran.end
        == "gradviz: 2 of 4 parameters train; enc.* (2) do not: whether their values went into the"
        " loss cannot be seen.\n"
    )
    assert not any(
        text in ran.err for text in ("not part of this loss", "no part of the loss", "Leave")
    )


LEARNED_STATE = """
import torch
from torch import nn
torch.manual_seed(0)
cell, start = nn.RNNCell(3, 5), nn.Parameter(torch.zeros(1, 5))
optimizer = torch.optim.Adam([*cell.parameters(), start])
state = start.expand(4, 5)
for chunk in range(4):
    state = cell(torch.randn(4, 3), {state})
    optimizer.zero_grad()
    state.square().mean().backward()
    optimizer.step()
    state = state.detach()
"""


@pytest.mark.parametrize(
    ("state", "code", "end"),
    [
        ("state", 0, "gradviz: All 5 parameters train; the last 3 steps leave start unchanged.\n"),
        (
            "state.detach()",
            1,
            "gradviz: 4 of 5 parameters train; start does not: cut off from the loss at"
            " train.py:9.\n",
        ),
    ],
)
def test_a_state_that_is_learned_trains_by_the_first_of_several_losses(scripts, state, code, end):
    scripts.write("train.py", LEARNED_STATE.format(state=state))
    ran = scripts.run("--fail-on-alarm", "train.py")
    assert (ran.code, ran.end) == (code, end)
    assert ("ALARM" in ran.err) == (code == 1)
    assert (": an earlier loss reached them" in ran.err) == (code == 0)


FROZEN_LATE = """
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 1))
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for number in range(12):
    if number == {when}:
        net[0].requires_grad_(False)
    optimizer.zero_grad()
    net(torch.ones(2, 3)).square().mean().backward()
    optimizer.step()
{last}
"""


def test_what_is_frozen_after_the_calls_that_were_watched_is_said_to_be_so(scripts):
    scripts.write("train.py", FROZEN_LATE.format(when=5, last=""))
    ran = scripts.run("--fail-on-alarm", "train.py")
    assert (ran.code, ran.end) == (
        0,
        "gradviz: 2 of 4 parameters train to the end; net.0.* (2) are frozen by the end (see"
        " train.py:8): 7 of the last 9 steps leave them unchanged.\n",
    )


@pytest.mark.parametrize(
    ("when", "says"),
    [
        (
            5,
            "2 of 4 parameters train to the end; net.0.* (2) are frozen by the end (see train.py:8):"
            " 7 of the last 9 steps leave them unchanged",
        ),
        (99, "All 4 parameters train"),
    ],
)
def test_what_is_frozen_late_is_told_of_a_model_that_is_gone_by_the_end(scripts, when, says):
    first, *rest = FROZEN_LATE.strip().format(when=when, last="pass").splitlines()
    body = "\n    ".join(rest)
    scripts.write("train.py", f"{first}\ndef main():\n    {body}\nmain()\n")
    assert scripts.run("train.py").end == f"gradviz: {says}.\n"


def test_what_is_frozen_once_it_is_trained_trains(scripts):
    scripts.write("train.py", FROZEN_LATE.format(when=99, last="net.requires_grad_(False)"))
    assert scripts.run("train.py").end == "gradviz: All 4 parameters train.\n"


GROWS = """
import torch
net = torch.nn.Sequential(torch.nn.Linear(3, 3))
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for number in range(12):
    if number == {when}:
        net.append(torch.nn.Linear(3, 3))
        {then}
    optimizer.zero_grad()
    net(torch.ones(2, 3)).square().mean().backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("when", "then", "end"),
    [
        (9, "pass", "gradient comes to them, and no optimizer holds them.\n"),
        (
            9,
            "optimizer.add_param_group({'params': net[-1].parameters()})",
            "whether they train is not known.\n",
        ),
        (99, "pass", "gradviz: All 2 parameters train.\n"),
    ],
)
def test_what_a_model_grows_in_its_last_steps_is_told(scripts, when, then, end):
    scripts.write("train.py", GROWS.format(when=when, then=then))
    ran = scripts.run("--fail-on-alarm", "train.py")
    assert (ran.code, ran.end.endswith(end)) == (0, True)
    assert ("net.1.* (2) came after" in ran.end) == (when == 9)


PUT_BACK = """
import torch
torch.manual_seed(0)
net = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for number in range(30):
    if number == 8:
        best = {key: own.clone() for key, own in net.state_dict().items()}
    if number > 8:
        net.load_state_dict(best)
    optimizer.zero_grad()
    net(torch.ones(2, 3)).square().mean().backward()
    optimizer.step()
    LAST
"""


@pytest.mark.parametrize(
    ("last", "is_undone"), [("pass", True), ("best = net.state_dict()", False)]
)
def test_steps_that_are_undone_late_are_told(scripts, last, is_undone):
    scripts.write("train.py", PUT_BACK.replace("LAST", last))
    end = scripts.run("train.py").end
    assert (
        "each step of optimizer that was looked at is undone before the next" in end
    ) == is_undone
    assert "All 2 parameters train" in end


ACTOR_CRITIC = """
import torch
actor, critic = torch.nn.Linear(3, 2), torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD([*actor.parameters(), *critic.parameters()], 0.1)
for number in range(4):
    advantage = torch.ones(2) - critic(torch.ones(2, 3)).squeeze(-1)
    policy = (actor(torch.randn(2, 3))[:, 0] * advantage.detach()).mean()
    value = {}.square().mean()
    optimizer.zero_grad()
    (policy + value).backward()
    optimizer.step()
"""


def test_a_line_that_cuts_off_a_term_of_the_loss_is_one_alarm(scripts):
    scripts.write("train.py", ACTOR_CRITIC.format("advantage.detach()"))
    ran = scripts.run("-o", "train.json", "train.py")
    alarms = json.loads((scripts.folder / "train.json").read_text())["training"]["alarms"]
    assert [alarm["why"] for alarm in alarms] == ["constant_term"]
    assert ran.end == (
        "gradviz: 2 of 4 parameters train; critic.* (2) do not: cut off from the loss at"
        " train.py:8.\n"
    )
    assert "train.py:8: value = advantage.detach()" in ran.err
    assert [
        line for line in ran.err.splitlines() if "ALARM" in line and "as after" not in line
    ] == [
        "gradviz: ALARM: optimizer (SGD) steps 2 parameters that no gradient reached, after"
        " backward 1"
    ]
    scripts.write("train.py", ACTOR_CRITIC.format("advantage"))
    assert "ALARM" not in scripts.run("train.py").err


HEADS = """
import torch
heads = torch.nn.ModuleList(torch.nn.Linear(3, 1) for _ in range({heads}))
optimizer = torch.optim.SGD(heads.parameters(), 0.1)
for number in range(12):
    optimizer.zero_grad()
    heads[{turn}](torch.ones(2, 3)).square().mean().backward()
    optimizer.step()
"""


@pytest.mark.parametrize(("heads", "turn"), [(2, "number % 2"), (5, "number % 5")])
def test_heads_that_are_trained_in_turn_raise_no_alarm(scripts, heads, turn):
    scripts.write("train.py", HEADS.format(heads=heads, turn=turn))
    ran = scripts.run("--fail-on-alarm", "train.py")
    assert "ALARM" not in ran.err
    assert "  unused so far: heads.1" in ran.err
    assert (ran.code, ran.end) == (0, f"gradviz: All {2 * heads} parameters train.\n")


def test_a_head_that_no_step_trains_is_an_alarm_once_that_is_sure(scripts):
    scripts.write("train.py", HEADS.format(heads=2, turn="0"))
    ran = scripts.run("--fail-on-alarm", "train.py")
    first = ran.err.index("ALARM: optimizer (SGD) steps 2 parameters that no gradient reached")
    assert ran.err.index("backward 2: as in backward 1") < first
    assert ran.code == 1
    assert ran.end == (
        "gradviz: 2 of 4 parameters train; heads.1.* (2) do not: they are no part of the loss.\n"
    )


STOPS = """
import torch
from torch import nn

a, b = nn.Linear(4, 8), nn.Linear(8, 1)
optimizer = torch.optim.Adam([*a.parameters(), *b.parameters()])
for epoch in range(12):
    hidden = a(torch.ones(5, 4)).relu()
    loss = b(hidden.detach() if epoch >= STOP else hidden).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


CUT_LATE = "2 of 4 parameters train to the end; a.* (2): no gradient comes any more: cut off at train.py:9."


@pytest.mark.parametrize(
    ("stop", "options", "end"),
    [
        (8, (), CUT_LATE),
        (8, ("--every", "1"), CUT_LATE),
        (8, ("--every", "3"), CUT_LATE),
        (12, (), "All 4 parameters train."),
        (12, ("--every", "1"), "All 4 parameters train."),
    ],
)
def test_what_stops_after_the_calls_that_were_watched_is_said(scripts, stop, options, end):
    scripts.write("train.py", STOPS.replace("STOP", str(stop)))
    assert scripts.run(*options, "train.py").end == f"gradviz: {end}\n"


LOSES = """
import torch
from torch import nn

def main():
    a, b, c = nn.Linear(4, 8), nn.Linear(8, 1), nn.Linear(8, 1)
    optimizer = torch.optim.Adam([*a.parameters(), *b.parameters(), *c.parameters()])
    for epoch in range(20):
        hidden = a(torch.ones(5, 4)).tanh()
        loss = b(hidden).square().mean() + FACTOR * c(hidden).square().mean()
        optimizer.zero_grad()
        loss.backward()
        BETWEEN
        optimizer.step()

main()
"""
LOST = "4 of 6 parameters train to the end; the last {} steps of optimizer find {} at {}.* (2): {}."


@pytest.mark.parametrize(
    ("factor", "between", "end"),
    [
        (
            "1",
            "if epoch > 7: a.zero_grad(set_to_none=False)",
            LOST.format(12, "no gradient", "a", "zero_grad() at train.py:13 clears what arrives"),
        ),
        (
            "max(0, 1 - epoch / 8)",
            "pass",
            LOST.format(12, "zeros", "c", "what arrives is zero, and becomes so at train.py:10"),
        ),
        ("1", "if epoch % 4 > 2: a.zero_grad()", "All 6 parameters train."),
        ("float(epoch % 4 < 3)", "pass", "All 6 parameters train."),
    ],
)
def test_gradient_that_is_lost_late_is_said_with_the_line(scripts, factor, between, end):
    scripts.write("train.py", LOSES.replace("FACTOR", factor).replace("BETWEEN", between))
    ran = scripts.run("--fail-on-alarm", "train.py")
    assert (ran.code, ran.end.startswith(f"gradviz: {end.removesuffix('.')}")) == (0, True)


@pytest.mark.parametrize(
    ("rounds", "options", "end"),
    [
        (13, (), " 10 later steps were counted; --every N reports on later calls."),
        (12, (), ""),
        (13, ("--every", "1"), ""),
    ],
)
def test_a_run_that_goes_on_for_long_says_what_was_not_reported_on(scripts, rounds, options, end):
    scripts.write("train.py", TRAIN.format(rounds=rounds, between="pass", steps="True"))
    assert scripts.run(*options, "train.py").end == f"gradviz: All 4 parameters train.{end}\n"


def test_an_alarm_about_what_a_later_step_trains_is_taken_back(scripts):
    scripts.write("train.py", HEADS.format(heads=2, turn="number // 8"))
    ran = scripts.run("--fail-on-alarm", "train.py")
    assert "ALARM: optimizer (SGD) steps 2 parameters that no gradient reached" in ran.err
    assert (
        "gradviz: heads.1.* (2) train by a later step: the alarm about them is taken back."
        in ran.err
    )
    assert (ran.code, ran.end) == (
        0,
        "gradviz: 2 of 4 parameters train to the end; the last 4 steps of optimizer leave heads.0.* (2)"
        " unchanged: no loss uses them any more.\n",
    )


def test_a_check_of_a_script_names_no_file_that_is_gone(rank_scripts):
    rank_scripts.write("train.py", TRAIN.format(rounds=4, between="pass", steps="True"))
    ran = rank_scripts.python("-m", "gradviz", "check", "train.py")
    assert "As expected" in ran.out
    assert "report.json" not in ran.err


def test_what_weight_decay_or_a_hand_moves_is_called_that(scripts):
    scripts.write(
        "train.py",
        """
        import copy, torch
        student, spare = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
        teacher = copy.deepcopy(student).requires_grad_(False)
        optimizer = torch.optim.AdamW([*student.parameters(), *spare.parameters()])
        for _ in range(4):
            x = torch.randn(4, 3)
            loss = (student(x) - teacher(x)).square().mean() + student(x).mean() + 0 * spare(x).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for mean, value in zip(teacher.parameters(), student.parameters()):
                    mean.lerp_(value, 0.1)
        """,
    )
    assert scripts.run("train.py").end == (
        "gradviz: 2 of 6 parameters train; spare.* (2) are moved by weight decay alone: the gradient"
        " at the step is all zero; teacher.* (2) are written without gradient at train.py:14.\n"
    )


LATE = """
import torch
from torch import nn

def fit():
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    for step in range(14):
        out = model(torch.ones(6, 4) if step == 9 else torch.randn(6, 4))
        loss = out.square().mean() - 0.01 * out.var().sqrt()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

fit()
"""


def test_of_a_nan_born_after_the_calls_that_were_watched_the_calls_to_watch_are_named(scripts):
    scripts.write("train.py", LATE)
    ran = scripts.run("train.py")
    assert "means     A gradient was NaN or infinite at step 10 of optimizer or the one" in ran.err
    assert "fix       gradviz run --backward 9,10 watches the calls before these steps" in ran.err
    again = scripts.run("--backward", "9,10", "train.py")
    assert again.end.endswith("NaN or infinity gets into them, born at train.py:11.\n")


BY_HAND = """
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), 0.05)
for step in range(24):
    optimizer.zero_grad()
    model(torch.randn(6, 4)).square().mean().backward()
    optimizer.step()
    if step == 12:
        model.weight.data.fill_(float("nan"))
"""


def test_of_calls_that_are_all_watched_the_first_with_a_nan_tells_the_line_and_not_a_later(scripts):
    scripts.write("train.py", BY_HAND)
    assert scripts.run("--every", "1", "train.py").end == (
        "gradviz: 0 of 2 parameters train; NaN or infinity gets into them, by way of what is done at"
        " train.py:13.\n"
    )


NOT_REGISTERED = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 3)
        self.shift = nn.Parameter(torch.zeros(3)){moved}

    def forward(self, x):
        return self.body(x) + self.shift

model = Net()
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for step in range(3):
    optimizer.zero_grad()
    model(torch.randn(5, 4)).square().mean().backward(retain_graph=True)
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("moved", "end"),
    [
        (
            ".double()",
            (
                "All 2 parameters train; a tensor of 3 values made with nn.Parameter at train.py:9"
                " is in no model, and no optimizer holds it."
            ),
        ),
        ("", "All 3 parameters train."),
    ],
)
def test_a_parameter_that_is_none_because_it_was_made_into_another_tensor_is_told_at_the_end(
    scripts, moved, end
):
    scripts.write("train.py", NOT_REGISTERED.format(moved=moved))
    assert scripts.run("train.py").end == f"gradviz: {end}\n"


def test_a_loss_that_is_never_finite_is_told_although_weights_are(scripts):
    scripts.write(
        "train.py",
        """\
        import torch
        from torch import nn

        model = nn.Linear(5, 5)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        out = torch.tensor([False, False, False, True, True])
        for step in range(3):
            chances = model(torch.randn(4, 5)).masked_fill(out, -torch.inf).log_softmax(-1)
            loss = -(chances * torch.eye(5)[0]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        """,
    )
    assert scripts.run("train.py").end == (
        "gradviz: All 2 parameters train; the loss is NaN or infinite in every call that was"
        " watched, and the first value that is not finite comes out at train.py:8.\n"
    )


def test_an_optimizer_to_which_no_gradient_came_is_told_where_an_error_ends_the_script(scripts):
    scripts.write(
        "train.py",
        """\
        import torch
        from torch import nn

        online, target = nn.Linear(4, 2), nn.Linear(4, 2)
        optimizer = torch.optim.SGD(online.parameters(), 0.1)
        target(torch.randn(3, 4)).sum().backward()
        print(online.weight.grad.norm())
        """,
    )
    ran = scripts.run("train.py")
    assert ran.code == 1
    assert ran.end == (
        "gradviz: No optimizer stepped while it was watched, so whether parameters train is not"
        " known; no gradient came to anything that optimizer holds.\n"
    )


def test_a_backward_that_raises_ends_the_last_sentence_and_is_no_step_that_never_came(scripts):
    scripts.write(
        "twice.py",
        """
        import torch
        from torch import nn

        makes, judges = nn.Linear(2, 3), nn.Linear(3, 1)
        of_makes = torch.optim.SGD(makes.parameters(), lr=0.1)
        of_judges = torch.optim.SGD(judges.parameters(), lr=0.1)
        score = judges(makes(torch.ones(5, 2))).square().mean()
        score.backward(retain_graph=True)
        of_judges.step()
        (-score).backward()
        of_makes.step()
        """,
    )
    ran = scripts.run("twice.py")
    assert ran.code == 1
    assert "never steps" not in ran.err
    assert ran.err.count("was changed in place at twice.py:10 (of_judges.step()).") == 1
    assert ran.err.splitlines()[-1] == (
        "gradviz: 2 of 4 parameters train; of 2 it is not known; backward() raised an error at"
        " twice.py:11, which ended the script."
    )


def test_an_error_that_a_script_catches_did_not_end_it(scripts):
    scripts.write(
        "caught.py",
        """
        import torch

        layer = torch.nn.Linear(2, 2)
        try:
            layer(torch.ones(3, 2)).backward()
        except RuntimeError:
            pass
        raise FileNotFoundError("data")
        """,
    )
    ran = scripts.run("caught.py")
    assert ran.code == 1
    assert "ended the script" not in ran.err


MICRO_BATCHES = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for number in range(6):
    loss = model(torch.randn(5, 4)).square().mean() / 3
    if {clears}:
        {clear}
    loss.backward()
    if number % 3 == 2:
        optimizer.step()
"""


@pytest.mark.parametrize(
    ("clears", "clear", "says"),
    [
        ("True", "optimizer.zero_grad()", True),
        ("True", "model.zero_grad(set_to_none=False)", True),
        ("True", "for p in model.parameters(): p.grad = None", True),
        ("number % 3 == 0", "optimizer.zero_grad()", False),
        ("number", "kept = [p.grad.clone() for p in model.parameters()]; model.zero_grad()", False),
        ("number", "for p in model.parameters(): p.grad = p.grad.clone()", False),
        ("True", "for p in model[0].parameters(): p.grad = None", False),
    ],
)
def test_what_micro_batches_brought_and_zero_grad_took_is_told_and_is_no_alarm(
    scripts, clears, clear, says
):
    scripts.write("train.py", MICRO_BATCHES.format(clears=clears, clear=clear))
    ran = scripts.run("train.py")
    cleared = f"what backward 1 and 2 brought, before the next backward, at train.py:10: {clear}"
    assert (f"  cleared   {cleared}" in ran.said, "cleared" in ran.said) == (says, says)
    clause = (
        "; what backward 1 and 2 brought came to no step of optimizer: train.py:10 cleared it first"
        " (to add it up, clear after the step alone)"
    )
    end = f"gradviz: All 4 parameters train{clause if says else ''}.\n"
    assert (ran.end, "ALARM" in ran.err) == (end, False)


def test_what_a_step_with_a_closure_has_evaluated_is_not_told_as_cleared(scripts):
    scripts.write(
        "train.py",
        """
import torch
from torch import nn
net = nn.Linear(4, 1)
opt = torch.optim.LBFGS(net.parameters(), 0.1, max_iter=5)
x = torch.randn(20, 4)
def closure():
    opt.zero_grad()
    loss = net(x).square().mean()
    loss.backward()
    return loss
for _ in range(6):
    opt.step(closure)
""",
    )
    ran = scripts.run("train.py")
    assert (ran.end, "cleared" in ran.err) == ("gradviz: All 2 parameters train.\n", False)


def test_what_was_asked_for_the_gradient_of_an_input_is_not_told_as_cleared(scripts):
    scripts.write(
        "train.py",
        """
import torch
from torch import nn
net = nn.Linear(4, 1)
opt = torch.optim.SGD(net.parameters(), 0.1)
def gradients(x):
    opt.zero_grad()
    net(x).square().mean().backward()
for _ in range(3):
    x = torch.randn(20, 4, requires_grad=True)
    gradients(x)
    gradients(x.detach() + 0.1 * x.grad.sign())
    opt.step()
""",
    )
    ran = scripts.run("train.py")
    assert (ran.end, "cleared" in ran.err) == ("gradviz: All 2 parameters train.\n", False)


ACTOR_AND_CRITIC = """import torch
from torch import nn
torch.manual_seed(0)
A, C = nn.Linear(4, 2), nn.Linear(4, 1)
oa, oc = (torch.optim.Adam(own.parameters(), 1e-2) for own in (A, C))
for i in range(3):
    x = torch.randn(8, 4)
    la, lc = A(x).pow(2).mean(), C(x).pow(2).mean() + {share}
    {line}
    oa.step()
    oc.step()
"""


@pytest.mark.parametrize(
    ("share", "line", "says"),
    [
        ("0", "oa.zero_grad(); oc.zero_grad(); la.backward(); lc.backward()", False),
        ("0", "oa.zero_grad(); la.backward(); oc.zero_grad(); lc.backward()", False),
        ("A(x).mean()", "for own in (la, lc): oa.zero_grad(); own.backward()", True),
    ],
)
def test_what_no_backward_had_brought_yet_is_not_told_as_cleared(scripts, share, line, says):
    scripts.write("train.py", ACTOR_AND_CRITIC.format(share=share, line=line))
    assert ("  cleared   " in scripts.run("--every", "1", "train.py").err) == says


IN_FORWARD = """
import torch
from torch import nn
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.late = nn.Linear(4, 4), None
        {at_first}
    def forward(self, x):
        {then}
        return proj(self.body(x))
net = Net()
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for step in range(4):
    optimizer.zero_grad()
    net(torch.randn(5, 4)).square().mean().backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("at_first", "then", "is_anew"),
    [
        ("pass", "proj = nn.Linear(4, 2)", True),
        ("self.proj = nn.Linear(4, 2)", "proj = self.proj", False),
        ("self.kept = []", "self.kept = proj = self.kept or nn.Linear(4, 2)", False),
    ],
)
def test_a_layer_that_every_forward_makes_is_told_with_the_line_that_makes_it(
    scripts, at_first, then, is_anew
):
    scripts.write("train.py", IN_FORWARD.format(at_first=at_first, then=then))
    ran = scripts.run("train.py")
    assert ("made anew in every forward" in ran.err) == is_anew
    assert ("code      train.py:11: proj = nn.Linear(4, 2)" in ran.err) == is_anew


HELD_STILL = """
import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for step in range(8):
    optimizer.zero_grad()
    net(torch.randn(5, 4)).square().mean().backward()
    if step < {steps}:
        for p in net[1].parameters():
            p.grad = None
    optimizer.step()
"""


@pytest.mark.parametrize(("steps", "is_alarm"), [(2, False), (8, True)])
def test_a_layer_that_is_held_still_for_a_while_is_no_alarm(scripts, steps, is_alarm):
    scripts.write("train.py", HELD_STILL.format(steps=steps))
    ran = scripts.run("train.py")
    assert ("ALARM" in ran.err) == is_alarm
    assert ran.end.startswith(f"gradviz: {'2 of 4' if is_alarm else 'All 4'} parameters train")
