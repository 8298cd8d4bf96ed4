"""What is trained after the calls that were watched is watched too, where it is new."""

import json

import pytest

LOOP = """
    import torch
    from torch import nn

    def train(model, optimizer, rounds=6):
        for _ in range(rounds):
            optimizer.zero_grad()
            model(torch.ones(4, 3)).square().mean().backward()
            optimizer.step()

    torch.manual_seed(0)
"""
TWO = (
    LOOP
    + """
    first = nn.Linear(3, 2)
    train(first, torch.optim.SGD(first.parameters(), 0.01))
    second = nn.Linear(3, 2)
    train(second, torch.optim.Adam(second.parameters(), 0.01))
"""
)


def calls(ran):
    return [line for line in ran.said.splitlines() if line.startswith("gradviz: backward")]


def test_an_optimizer_made_later_is_watched_for_three_calls_that_are_counted_on(warm_scripts):
    warm_scripts.write("train.py", TWO)
    ran = warm_scripts.run("-o", "report.json", "train.py")
    assert len(calls(ran)) == 6
    assert (
        "gradviz: Adam is made at train.py:16, after the calls that were watched: those that follow"
        " are watched too, and numbered on from backward 4; those in between have no number."
        in ran.said
    )
    assert ran.end == "gradviz: All 4 parameters train.\n"
    training = json.loads((warm_scripts.folder / "report.json").read_text())["training"]
    assert [optimizer["class"] for optimizer in training["optimizers"]] == ["SGD", "Adam"]


def test_calls_that_were_asked_for_by_number_are_all_there_is(warm_scripts):
    warm_scripts.write("train.py", TWO)
    assert len(calls(warm_scripts.run("--backward", "1,2", "train.py"))) == 2


def test_an_optimizer_of_a_line_that_made_one_before_is_not_new(warm_scripts):
    warm_scripts.write(
        "train.py",
        LOOP
        + """
    for _ in range(4):
        model = nn.Linear(3, 2)
        train(model, torch.optim.SGD(model.parameters(), 0.01))
    """,
    )
    assert len(calls(warm_scripts.run("train.py"))) == 3


def test_an_optimizer_of_such_a_line_is_not_new_where_another_is_still_to_step(warm_scripts):
    warm_scripts.write(
        "train.py",
        LOOP
        + """
    model = nn.Linear(3, 2)
    never = torch.optim.SGD(nn.Linear(3, 2).parameters(), 0.01)
    for _ in range(4):
        code = nn.Linear(3, 2)
        train(code, torch.optim.SGD(code.parameters(), 0.01))
    """,
    )
    assert len(calls(warm_scripts.run("train.py"))) == 3


def test_the_same_line_is_a_phase_where_it_trains_another_part_of_the_model(warm_scripts):
    warm_scripts.write(
        "train.py",
        LOOP
        + """
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    for part in reversed(model):
        model.requires_grad_(False)
        part.requires_grad_(True)
        train(model, torch.optim.SGD(part.parameters(), 0.01))
    """,
    )
    ran = warm_scripts.run("train.py")
    assert len(calls(ran)) == 6
    assert ran.end == "gradviz: All 4 parameters train.\n"


def test_the_same_line_is_a_phase_where_it_trains_a_model_of_other_shapes(warm_scripts):
    warm_scripts.write(
        "train.py",
        LOOP
        + """
    def fit(model):
        train(model, torch.optim.SGD(model.parameters(), 0.01))

    for width in (4, 2, 2):
        fit(nn.Linear(3, width))
    """,
    )
    assert len(calls(warm_scripts.run("train.py"))) == 6


def test_no_more_than_four_later_phases_are_watched(warm_scripts):
    lines = "\n    ".join(
        f"model_{number} = nn.Linear(3, 2)\n"
        f"    train(model_{number}, torch.optim.SGD(model_{number}.parameters(), 0.01))"
        for number in range(7)
    )
    warm_scripts.write("train.py", f"{LOOP}\n    {lines}\n")
    assert len(calls(warm_scripts.run("train.py"))) == 3 + 4 * 3


@pytest.mark.parametrize(("data", "is_seen"), [("features", False), ("torch.ones(4, 2)", True)])
def test_what_the_script_made_unwatched_may_be_of_what_was_used_before(warm_scripts, data, is_seen):
    warm_scripts.write(
        "train.py",
        LOOP
        + f"""
    model = nn.ModuleDict({{"body": nn.Linear(3, 2), "idle": nn.Linear(3, 2)}})
    train(model["body"], torch.optim.SGD(model.parameters(), 0.01))
    with torch.no_grad():
        features = model["body"](torch.rand(4, 3))
    head = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(head.parameters(), 0.01)
    for _ in range(3):
        optimizer.zero_grad()
        head({data}).square().mean().backward()
        optimizer.step()
""",
    )
    warm_scripts.run("-o", "report.json", "train.py")
    written = json.loads((warm_scripts.folder / "report.json").read_text())
    told = {item["name"]: item for item in written["backwards"][-1]["parameters"]}
    assert {told[f"model.{name}.weight"]["verdict"] for name in ("body", "idle")} == {"unused"}
    assert not told["model.idle.weight"].get("uncertain")
    assert bool(told["model.body.weight"].get("uncertain")) is not is_seen


def test_a_phase_waits_until_its_optimizer_has_stepped(warm_scripts):
    warm_scripts.write(
        "train.py",
        LOOP
        + """
    often, seldom = nn.Linear(3, 2), nn.Linear(3, 2)
    steps = torch.optim.SGD(often.parameters(), 0.01), torch.optim.SGD(seldom.parameters(), 0.01)
    for _ in range(4):
        train(often, steps[0], rounds=5)
        train(seldom, steps[1], rounds=1)
    """,
    )
    ran = warm_scripts.run("train.py")
    assert "steps[1] steps for the first time at train.py:9" in ran.said
    assert calls(ran)[-1].startswith("gradviz: backward 9, ")
    assert "gradviz: optimizer (SGD) steps after backward 9" in ran.said


def test_no_trace_begins_in_a_block_of_the_scripts_own_that_ends_before_it(warm_scripts):
    warm_scripts.write(
        "train.py",
        TWO
        + """
    with torch.device("meta"):
        torch.optim.Adagrad(second.parameters(), 0.01)
    print(torch.ones(1).device)
    train(second, torch.optim.SGD(second.parameters(), 0.01))
    """,
    )
    ran = warm_scripts.run("train.py")
    assert ran.out == "cpu\n"
    assert "Adagrad" not in ran.said
    assert len(calls(ran)) == 9


def test_what_an_optimizer_raises_as_it_is_made_goes_to_the_script(warm_scripts):
    warm_scripts.write(
        "train.py",
        TWO
        + """
    try:
        torch.optim.SGD([], 0.1)
    except ValueError as error:
        print(error)
    """,
    )
    ran = warm_scripts.run("train.py")
    assert ran.out == "optimizer got an empty parameter list\n"
    assert "stopped watching" not in ran.err


def test_a_phase_is_watched_where_the_script_has_set_a_default_device(warm_scripts):
    warm_scripts.write(
        "train.py",
        TWO
        + """
    torch.set_default_device("cpu")
    third = nn.Linear(3, 2)
    train(third, torch.optim.Adagrad(third.parameters(), 0.01))
    torch.set_default_device(None)
    print(torch.overrides._get_current_function_mode_stack())
    """,
    )
    ran = warm_scripts.run("train.py")
    assert ran.out == "[]\n"
    assert "Adagrad is made" in ran.said
    assert len(calls(ran)) == 9
    assert ran.end == "gradviz: All 6 parameters train.\n"


def test_a_model_that_is_built_anew_for_each_backward_is_not_moved_by_hand(warm_scripts):
    warm_scripts.write(
        "train.py",
        """
        import torch
        from torch import nn

        def check(seed):
            torch.manual_seed(seed)
            net = nn.Linear(3, 2)
            net(torch.ones(4, 3)).square().mean().backward()

        for seed in range(6):
            check(seed)
        """,
    )
    ran = warm_scripts.run("train.py")
    assert "ALARM" not in ran.said
    assert ran.end == (
        "gradviz: No optimizer stepped while it was watched, so whether parameters train is not"
        " known.\n"
    )


GROWS = """
import torch
from torch import nn

def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    for number in range(20):
        if number == 6:
            net.insert(2, nn.Linear(8, 8))
            {then}
        optimizer.zero_grad()
        net(torch.randn(16, 4)).square().mean().backward()
        optimizer.step()

main()
"""


@pytest.mark.parametrize(
    ("then", "code", "end"),
    [
        ("pass", 1, "4 of 6 parameters train; net.2.* (2) do not: no optimizer holds them"),
        ('optimizer.add_param_group({"params": net[2].parameters()})', 0, "All 6 parameters train"),
    ],
)
def test_what_comes_into_a_model_late_is_watched(warm_scripts, then, code, end):
    warm_scripts.write("train.py", GROWS.replace("{then}", then))
    ran = warm_scripts.run("--fail-on-alarm", "train.py")
    assert "gradviz: 2 parameters came into a model, after the calls that were watched" in ran.said
    assert (ran.code, ran.end.startswith(f"gradviz: {end}")) == (code, True)


TWO_LOSSES = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    body, left, right = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(4, 1)
    every = [*body.parameters(), *left.parameters(), *right.parameters()]
    optimizer = torch.optim.SGD(every, lr=0.01)
    for step in range(24):
        optimizer.zero_grad()
        x = torch.randn(8, 3)
        (left(body(x)) - 1).square().mean().backward()
        if WIPES:
            for parameter in left.parameters():
                parameter.grad = None
        (right(body(x)) - 1).square().mean().backward()
        optimizer.step()
"""


@pytest.mark.parametrize(
    ("wipes", "watched", "end"),
    [
        ("step > 8", 7, "4 of 6 parameters train to the end; the last 15 steps of optimizer find"),
        ("8 < step < 15", 7, "All 6 parameters train."),
        ("False", 3, "All 6 parameters train."),
    ],
)
def test_of_several_losses_before_each_step_whole_rounds_are_watched(
    warm_scripts, wipes, watched, end
):
    warm_scripts.write("train.py", TWO_LOSSES.replace("WIPES", wipes))
    ran = warm_scripts.run("train.py")
    assert len(calls(ran)) == watched
    assert ran.end.startswith(f"gradviz: {end}")
    assert "unused    right.* (2 tensors, 5 values): not part" not in ran.said


IN_A_THREAD = """
    import threading
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)

    def work():
        for step in range(24):
            optimizer.zero_grad()
            (net(torch.randn(8, 3)) - 1).square().mean().backward()
            if WIPES:
                for parameter in net[2].parameters():
                    parameter.grad.mul_(0)
            optimizer.step()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
"""


@pytest.mark.parametrize(
    ("wipes", "end"),
    [
        (
            "step > 8",
            "2 of 4 parameters train to the end; the last 15 steps of optimizer find zeros at"
            " net.2.* (2): why is not known, as they ran in a thread that is not traced.",
        ),
        ("8 < step < 15", "All 4 parameters train."),
    ],
)
def test_what_stalls_in_a_thread_that_is_not_traced_is_told_without_a_reason(
    warm_scripts, wipes, end
):
    warm_scripts.write("train.py", IN_A_THREAD.replace("WIPES", wipes))
    assert warm_scripts.run("train.py").end.startswith(f"gradviz: {end}")


RATE_FIRST = """
import torch
from torch import nn
torch.manual_seed(0)
net, x = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)), torch.randn(5, 3)
before = {key: value.clone() for key, value in net.state_dict().items()}
def train(optimizer):
    for _ in range(4):
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()
train(torch.optim.SGD(net.parameters(), 0.1))
net.load_state_dict(before)
net[0].requires_grad_(False)
train(torch.optim.Adam(net[1].parameters()))
net[0].requires_grad_(True)
train(torch.optim.Adam([{"params": net.parameters()}]))
"""


def test_what_held_at_the_end_of_a_phase_is_not_said_of_the_end(scripts):
    scripts.write("train.py", RATE_FIRST)
    assert scripts.run("train.py").end == "gradviz: All 4 parameters train.\n"
