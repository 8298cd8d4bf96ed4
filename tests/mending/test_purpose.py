"""What looks like a stop-gradient on purpose is left alone, and nothing else is."""

import textwrap
from dataclasses import replace

import pytest

from gradviz.graph import Parameter, Place, Verdict
from gradviz.mending.problems import Problem
from gradviz.mending.purpose import is_meant, is_stored
from gradviz.mending.source import SourceFile

PARAMETERS = {
    "encoder.weight": Parameter(name="encoder.weight", shape=(2, 2), verdict=Verdict.CUT),
    "head.weight": Parameter(name="head.weight", shape=(1, 2), verdict=Verdict.REACHED),
}


def meant(code, *, kind, operation, **fields):
    problem = Problem(
        kind=kind,
        operation=operation,
        places=(Place("train.py", 1, code),),
        parameters=("encoder.weight",),
        **fields,
    )
    return is_meant(problem, PARAMETERS, {"train.py": SourceFile("train.py", code.encode())})


@pytest.mark.parametrize(
    "code",
    [
        "loss = model(embeddings, labels=labels).loss",
        "h = checkpoint(block, target, use_reentrant=True)",
        "past = checkpoint_sequential(blocks, 2, past)",
    ],
)
def test_a_checkpoint_saves_memory_and_is_never_meant_to_stop_gradient(code):
    assert not meant(code, kind="checkpoint", operation="checkpoint()")


@pytest.mark.parametrize(
    "code", ["target = encoder(x).detach()", "h = self.teacher(x).detach()", "y = ema(x).detach()"]
)
def test_a_detach_whose_line_says_what_it_is_for_is_meant(code):
    assert meant(code, kind="detach", operation="detach()")


def test_a_detach_that_cuts_what_gets_nothing_else_is_not_meant():
    assert not meant("h = encoder(x).detach()", kind="detach", operation="detach()")


def test_what_no_optimizer_holds_is_meant_whatever_its_line_says():
    assert meant("h = encoder(x).detach()", kind="detach", operation="detach()", held=False)


@pytest.mark.parametrize(
    "code",
    [
        "loss = f(-d(real)) + f(d(x.detach()))",
        "t.data.mul_(0.9).add_(s.data, alpha=0.1)",
        "t.data = 0.9 * t.data + 0.1 * s.data",
    ],
)
def test_a_step_of_a_critic_and_a_mean_of_weights_are_meant(code):
    kind = "data" if ".data" in code else "detach"
    assert meant(code, kind=kind, operation=kind)


@pytest.mark.parametrize("code", ["loss = f(d(x.detach()))", "h.data.mul_(gain)"])
def test_a_value_that_is_judged_alone_and_a_write_of_no_weights_are_not_meant(code):
    kind = "data" if ".data" in code else "detach"
    assert not meant(code, kind=kind, operation=kind)


def test_what_comes_before_a_layer_of_its_shape_is_no_target_network():
    parameters = {
        name: Parameter(name=name, shape=(2, 2), verdict=verdict)
        for name, verdict in (("a.weight", Verdict.CUT), ("b.weight", Verdict.REACHED))
    }
    problem = Problem(
        kind="no_grad",
        operation="torch.no_grad()",
        places=(Place("train.py", 1),),
        parameters=("a.weight",),
    )
    sources = {"train.py": SourceFile("train.py", b"h = a(x)")}
    assert is_meant(problem, parameters, sources)
    assert not is_meant(replace(problem, feeds=frozenset({"b.weight"})), parameters, sources)


POOL = """
    class Pool:
        def query(self, images):
            out = []
            for image in images.data:
                if len(self.images) < self.size:
                    self.images.append(image)
                    out.append(image)
            return out
    """
DEQUE = """
    from collections import deque
    recent = deque(maxlen=100)
    def keep(features):
        rows = features.detach().unbind()
        recent.extend(rows)
    """
RING = """
    class Bank:
        def write(self, keys):
            kept = keys.detach()
            self.rows[self.at] = kept
            self.at = (self.at + 1) % 8
    """
CALLED = """
    class Replay:
        def push(self, state):
            self.memory.append(state)
            self.memory = self.memory[-100:]
    def act(replay, encoder, x):
        replay.push(encoder(x).detach())
    """
DRAWN = """
    import random
    memory = []
    def act(encoder, x):
        memory.append(encoder(x).detach())
        return random.choice(memory)
    """


@pytest.mark.parametrize(
    ("text", "line"), [(POOL, 5), (DEQUE, 5), (RING, 4), (CALLED, 7), (DRAWN, 5)]
)
def test_what_is_put_into_a_store_whose_size_is_limited_is_stored(text, line):
    assert is_stored(line, _source(text))


LOCAL = """
    def step(encoder, rows):
        out = []
        for row in rows:
            out.append(encoder(row).detach())
        return out[-2:]
    """
UNLIMITED = """
    class Output:
        def add(self, penalty):
            self.penalties.append(float(penalty))
        def total(self):
            return sum(self.penalties) if len(self.penalties) > 0 else 0
    """
SLICE = """
    class Table:
        def grow(self, old):
            self.weight.data[: old.count] = old.weight.data
    """
ELSEWHERE = """
    from collections import deque
    class Net:
        def __init__(self):
            self.recent = deque(maxlen=8)
        def forward(self, x):
            h = self.encoder(x).detach()
            self.recent.append(x)
            return self.head(h)
    """


@pytest.mark.parametrize(("text", "line"), [(LOCAL, 5), (UNLIMITED, 4), (SLICE, 4), (ELSEWHERE, 7)])
def test_what_is_used_in_the_same_step_is_not(text, line):
    assert not is_stored(line, _source(text))


def _source(text):
    return SourceFile("step.py", textwrap.dedent(text).encode())
