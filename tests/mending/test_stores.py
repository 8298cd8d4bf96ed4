"""What lies in a store of limited size is of the past, and meant to carry no gradient."""

import textwrap

import pytest

from gradviz.mending.source import SourceFile
from gradviz.mending.stores import is_stored

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
