"""Small programs with a known answer, for what each tool says of them."""

import torch
from torch import Tensor, nn


class Scene(nn.Module):
    """f1 is cut by a detach, f2 is frozen and gradient passes through it, spare is never used."""

    def __init__(self) -> None:
        super().__init__()
        self.f1, self.f0, self.f2, self.f3 = (nn.Linear(3, 3) for _ in range(4))
        self.spare = nn.Linear(3, 3)
        self.f2.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the loss."""
        h = self.f1(x).tanh().detach()  # the cut
        return self.f3(self.f2(self.f0(h))).sum()


class Forgotten(nn.Module):
    """Both layers get gradient; the optimizer that steps holds f2 alone."""

    def __init__(self) -> None:
        super().__init__()
        self.f1, self.f2 = nn.Linear(3, 3), nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the loss."""
        return self.f2(self.f1(x)).sum()


class NanForward(nn.Module):
    """A logarithm of what is negative."""

    def __init__(self) -> None:
        super().__init__()
        self.f1 = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return the loss, which is NaN."""
        h = self.f1(x).square().sum()
        return torch.log(-h)  # NaN begins


class NanBackward(nn.Module):
    """A root of zero: finite forward, NaN backward."""

    def __init__(self) -> None:
        super().__init__()
        self.f1 = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return the loss, which is finite."""
        h = (self.f1(x) * 0).square().sum()
        return torch.sqrt(h) * 0.0  # NaN begins


def line(marker: str) -> int:
    """Return the number of the line that ends in a comment."""
    with open(__file__) as file:
        return next(
            number for number, text in enumerate(file, 1) if text.rstrip().endswith(f"# {marker}")
        )
    raise LookupError(marker)


def nan_line(scene: type) -> int:
    """Return the line of a scene where NaN begins."""
    import inspect

    source, first = inspect.getsourcelines(scene)
    return first + next(i for i, text in enumerate(source) if "# NaN begins" in text)
