"""What the ways to freeze a layer cost on the article's net."""

import torch

from gradviz.article import STRATEGIES, Net
from gradviz.costing.freezing import ways
from gradviz.costing.measure import Cost, measure
from gradviz.costing.table import LEGEND, text

_RUNS = 200  # a step takes a fraction of a millisecond


def costs(at: str = "f2", runs: int = _RUNS) -> dict[str, Cost]:
    """Return what each way to freeze a layer of the article's net costs, by name."""
    torch.set_num_threads(1)
    net, x = Net(STRATEGIES["none"], at), torch.tensor([[1.0]])
    return measure(ways(net, at, lambda: net(x).sum()), runs)


def table(at: str) -> str:
    """Return the table, and what its columns are."""
    return f"\n{text(costs(at))}{LEGEND}\n"
