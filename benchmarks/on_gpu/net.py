"""A small net of every verdict, and a trace that can be left out."""

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

import gradviz


class Net(nn.Module):
    """Cut in its first layer, frozen in its second, with a spare one."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = (nn.Linear(64, 64) for _ in range(3))
        self.spare = nn.Linear(2, 2)
        self.second.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the loss."""
        h = self.first(x).relu().detach() + self.third(x)
        return self.second(nn.functional.dropout(h, 0.1)).square().mean()

    def made_for(self) -> Iterator[nn.Parameter]:
        """Return what an optimizer is given: all that are not frozen."""
        return (p for p in self.parameters() if p.requires_grad)


EXPECTED = {"first": "cut", "second": "frozen", "third": "reached", "spare": "unused"}


def is_right(report: gradviz.Report | None) -> bool:
    """Say whether the verdicts of :class:`Net` are what they should be."""
    return report is not None and all(
        parameter.verdict == EXPECTED[name.split(".")[0]]
        for name, parameter in report.parameters.items()
    )


def says_what_trains(report: gradviz.Report | None) -> bool:
    """Say whether the third layer alone is said to train."""
    return (
        report is not None
        and report.training is not None
        and all(
            fate.trains is (fate.name.split(".")[0] == "third")
            for fate in report.training.parameters
        )
    )


def watched(wanted: bool, values: bool = False) -> "contextlib.AbstractContextManager[Any]":
    """Return a trace, or a context that does nothing."""
    return gradviz.trace(values=values) if wanted else contextlib.nullcontext()
