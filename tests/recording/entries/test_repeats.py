"""A loop without gradient is as long on the tape as it is in the program."""

import numpy as np
import torch
from torch import nn

import gradviz
from gradviz.recording.entries.repeats import Repeats


def calls_of(trace):
    return len(trace._tape.calls)


def sampled(net, rounds):
    x = torch.ones(1, 4)
    with torch.no_grad():
        for _ in range(rounds):
            x = net(x) + 1
    return x


def test_rounds_of_a_loop_that_feeds_back_are_the_same_calls_from_the_third_on():
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    lengths = set()
    for rounds in (4, 40):
        with gradviz.trace() as trace:
            x = sampled(net, rounds)
            loss = (net(x) * x).sum()
        lengths.add(calls_of(trace))
        report = trace.report(loss, net)
        assert report.parameters["0.weight"].partial
        assert [cut.code for cut in report.parameters["0.weight"].cuts] == ["x = net(x) + 1"]
    assert len(lengths) == 1


def test_a_loop_over_two_networks_keeps_them_apart():
    nets = {"first": nn.Linear(4, 4), "second": nn.Linear(4, 4)}
    gain = nn.Parameter(torch.ones(1))
    with gradviz.trace() as trace:
        for _ in range(3):
            made = []
            for net in nets.values():
                with torch.no_grad():
                    y = net(torch.ones(1, 4)) * 2
                made.append(y + 1)
        loss = (made[1] * gain).sum()
    report = trace.report(loss, {**nets, "gain": gain})
    assert str(report.parameters["second.weight"].verdict) == "cut"
    assert str(report.parameters["first.weight"].verdict) == "unused"


def test_a_network_that_comes_in_late_is_seen():
    early, late, gain = nn.Linear(4, 4), nn.Linear(4, 4), nn.Parameter(torch.ones(1))
    x = torch.ones(1, 4)
    with gradviz.trace() as trace:
        for turn in range(40):
            net = late if turn == 30 else early
            with torch.no_grad():
                x = torch.tanh(net(x))
        loss = (x * gain).sum()
    report = trace.report(loss, {"early": early, "late": late, "gain": gain})
    assert str(report.parameters["late.weight"].verdict) == "cut"
    assert str(report.parameters["early.weight"].verdict) == "cut"


def test_a_rollout_through_numpy_ends_as_a_short_one_does():
    actor = nn.Linear(3, 3)
    told = []
    for steps in (8, 80):
        taken, seen, obs, state = (
            torch.zeros(steps, 3),
            torch.zeros(steps, 3),
            torch.zeros(3),
            np.zeros(3),
        )
        with gradviz.trace() as trace:
            for step in range(steps):
                seen[step] = obs
                with torch.no_grad():
                    action = actor(obs)
                taken[step] = action
                state = np.clip(0.5 * state + action.numpy(), -1, 1)
                obs = torch.Tensor(state)
            loss = (actor(seen) - taken).pow(2).mean()
        report = trace.report(loss, actor)
        told.append(
            (
                str(report.parameters["weight"].verdict),
                [(cut.kind, cut.line) for cut in report.cuts],
                len(report.graph.nodes),
            )
        )
    assert told[0] == told[1]


def test_calls_are_the_same_where_the_same_lies_behind_what_went_in():
    repeats = Repeats()
    repeats.add(10, "f", ((1, True),), {1})
    repeats.add(11, "g", ((10, False),), set())
    assert repeats.find("f", ((1, True),)) == 10
    assert repeats.find("f", ((2, True),)) == 0
    assert repeats.find("f", ((1, False),)) == 0
    repeats.add(12, "f", ((11, False), (1, True)), {1})
    repeats.add(13, "g", ((12, False),), set())
    assert repeats.find("f", ((13, False), (1, True))) == 12
    repeats.add(14, "h", ((13, False),), set())
    repeats.add(15, "g", ((14, False),), set())
    assert repeats.find("f", ((15, False), (1, True))) == 0  # behind it lies h as well


def test_what_has_an_autograd_node_behind_it_is_like_nothing_else():
    repeats = Repeats()
    repeats.add(10, "f", ((5, True),), set())
    repeats.add(11, "g", ((10, False),), set())
    repeats.add(12, "f", ((6, True),), set())
    assert repeats.find("g", ((12, False),)) == 0
    assert repeats.find("g", ((10, False),)) == 11


def chosen(actor, rounds):
    """Play an environment whose state is plain numbers that come from what the actor chose."""
    obs = torch.zeros(3)
    for turn in range(rounds):
        with torch.no_grad():
            action = actor(obs).argmax().item()
        obs = torch.tensor([float(action), turn % 7, 0.5])
    return obs


def test_rounds_that_feed_back_plain_numbers_are_the_same_calls():
    actor = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3))
    lengths = []
    for rounds in (10, 60):
        with gradviz.trace() as trace:
            obs = chosen(actor, rounds)
            loss = actor(obs).sum()
        lengths.append(calls_of(trace))
        cuts = trace.report(loss, actor).parameters["0.weight"].cuts
        assert [str(cut.kind) for cut in cuts] == ["no_grad"]
    assert lengths[1] <= lengths[0] + 5


def test_numbers_that_are_gathered_in_a_list_are_the_same_calls_too():
    policy, gain = nn.Linear(3, 3), nn.Parameter(torch.ones(1))
    lengths = []
    for rounds in (10, 60):
        with gradviz.trace() as trace:
            rewards, number = [], 0.5
            for _ in range(rounds):
                with torch.no_grad():
                    number = policy(torch.tensor([number, 1.0, 2.0])).sum().item()
                rewards.append(number)
            loss = (torch.tensor(rewards) * gain).sum()
        lengths.append(calls_of(trace))
        report = trace.report(loss, {"policy": policy, "gain": gain})
        assert str(report.parameters["policy.weight"].verdict) == "cut"
        assert str(report.parameters["gain"].verdict) == "reached"
    assert lengths[1] <= lengths[0] + 5


def test_numbers_of_a_network_that_comes_in_late_are_no_repetition():
    early, late, gain = nn.Linear(3, 3), nn.Linear(3, 3), nn.Parameter(torch.ones(1))
    number = 0.5
    with gradviz.trace() as trace:
        for turn in range(40):
            net = late if turn == 30 else early
            number = net(torch.tensor([number, 1.0, 2.0])).sum().item() * 0.1
        loss = gain * number
    report = trace.report(loss, {"early": early, "late": late, "gain": gain})
    assert str(report.parameters["late.weight"].verdict) == "cut"
    assert str(report.parameters["early.weight"].verdict) == "cut"


def test_a_loop_whose_numbers_go_nowhere_cuts_nothing():
    watched, model = nn.Linear(3, 3), nn.Linear(3, 1)
    with gradviz.trace() as trace:
        best = 0.0
        for _ in range(30):
            with torch.no_grad():
                best = max(best, watched(torch.ones(3)).sum().item())
        loss = model(torch.ones(3)).sum()
    report = trace.report(loss, {"watched": watched, "model": model})
    assert not report.cuts
    assert str(report.parameters["model.weight"].verdict) == "reached"
