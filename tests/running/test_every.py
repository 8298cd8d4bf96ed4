"""A run that is watched to its end.

Its numbers over time, in a file that can be read meanwhile, and in bounded memory.
"""

import json
import math
import re

from gradviz.reports import read_json
from gradviz.series.rounds import by_rounds

TRAIN = """
    import json, os, sys, torch
    from torch import nn
    from gradviz.reports import read_json

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.randn(8, 3)
    norms, ratios = [], []
    for step in range(1, 101):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        before = model[0].weight.detach().clone()
        if step % 4 == 0:
            norms.append(float(torch.linalg.vector_norm(model[0].weight.grad, dtype=torch.float64)))
        optimizer.step()
        if step % 4 == 0:
            change = (model[0].weight.detach() - before).double()
            ratios.append(float(torch.linalg.vector_norm(change) / torch.linalg.vector_norm(before.double())))
        if os.path.exists("run.json") and step in (10, 50):
            print(len(read_json(open("run.json").read()).series.calls))
    json.dump([norms, ratios], open("by_hand.json", "w"))
"""


def test_the_series_of_a_run_is_what_the_script_measures_by_hand(scripts) -> None:
    scripts.write("train.py", TRAIN)
    ran = scripts.run("--every", "4", "--values", "-o", "run.json", "train.py")
    assert ran.code == 0, ran.err
    assert ran.out.split() == ["2", "12"]  # the file was whole while the run went on
    norms, ratios = json.loads((scripts.folder / "by_hand.json").read_text())
    document = json.loads((scripts.folder / "run.json").read_text())
    series = document["series"]
    line = series["parameters"][0]
    assert series["calls"] == list(range(4, 101, 4))
    assert line["name"] == "model.0.weight"
    assert all(
        math.isclose(one, other, rel_tol=1e-5)
        for one, other in zip(line["norms"], norms, strict=True)
    )
    assert all(
        math.isclose(one, other, rel_tol=1e-5)
        for one, other in zip(line["ratios"], ratios, strict=True)
    )
    assert line["zeros"] == [0.0] * 25
    assert line["turns"] == [{"call": 4, "verdict": "reached"}]
    assert len(document["backwards"]) <= 6
    assert document["training"]["backwards"] == 25
    assert document["training"]["steps"] == 100
    steps = [line for line in ran.err.splitlines() if "steps after" in line]
    assert len(steps) == 1
    assert "steps after backward 4, which reached all its parameters" in steps[0]
    # What is the same is said three times, and then at the tenth
    again = re.findall(r"backward (\d+), loss at .*, as in backward 4: ", ran.err)
    assert again == ["8", "12", "16", "44"]
    assert ran.err.count("from here on of such calls only the 10th") == 1


def test_between_the_calls_that_are_watched_nothing_is_traced_or_looked_at(scripts) -> None:
    scripts.write(
        "train.py",
        """
        import torch
        from torch.overrides import _get_current_function_mode_stack
        from gradviz.training import looking

        looks = []
        before = looking.StepLook.before
        looking.StepLook.before = lambda self, **given: (looks.append(step), before(self, **given))
        weight = torch.nn.Parameter(torch.ones(2))
        optimizer = torch.optim.SGD([weight], lr=0.1)
        traced = []
        for step in range(1, 61):
            if _get_current_function_mode_stack():
                traced.append(step)
            optimizer.zero_grad()
            (weight ** 2).sum().backward()
            optimizer.step()
        print(len(traced) <= 6, looks)
        """,
    )
    ran = scripts.run("--every", "20", "train.py")
    assert ran.out.splitlines() == [
        "True [1, 2, 4, 8, 16, 20, 32, 40, 60]"
    ]  # the first, each power of two, and those that follow watched calls


TAKING_TURNS = """
    import json, torch
    from torch import nn

    torch.manual_seed(0)
    g, d = nn.Linear(2, 2), nn.Linear(2, 1)
    of_g, of_d = torch.optim.SGD(g.parameters(), 0.1), torch.optim.SGD(d.parameters(), 0.1)
    norms = []
    for step in range(1, 21):
        fake = g(torch.randn(4, 2))
        of_d.zero_grad()
        (d(fake.detach()) - d(torch.randn(4, 2))).mean().backward()
        in_d = float(d.weight.grad.norm())
        of_d.step()
        of_g.zero_grad()
        d(fake).square().mean().backward()
        norms.append((float(g.weight.grad.norm()), in_d))
        of_g.step()
    json.dump(norms, open("by_hand.json", "w"))
"""


def test_of_losses_that_take_turns_all_are_seen_and_shown_is_what_trains(scripts) -> None:
    scripts.write("train.py", TAKING_TURNS)
    ran = scripts.run("--every", "10", "-o", "run.json", "train.py")
    assert ran.code == 0, ran.err
    series = read_json((scripts.folder / "run.json").read_text()).series
    # An even number is the generator's call; the discriminator's that follows is seen too
    assert series.calls == (10, 11, 20, 21, 30, 31, 40)
    assert series.rounds == (0, 0, 1, 1, 2, 2, 3)
    shown = by_rounds(series)
    lines = {line.name: line for line in shown.parameters}
    by_hand = json.loads((scripts.folder / "by_hand.json").read_text())
    expected = {
        "g.weight": [by_hand[at - 1][0] for at in (5, 10, 15)],
        "d.weight": [by_hand[at][1] for at in (5, 10, 15)],
    }
    for name, norms in expected.items():
        assert all(
            math.isclose(one, other, rel_tol=1e-5)
            for one, other in zip(lines[name].norms, norms, strict=True)
        )
        assert None not in lines[name].ratios
