"""What is true of a random program, found out without gradviz.

By gradients, by perturbing, and by neutralising what severs.

The truth of a parameter's verdict:

- frozen: ``requires_grad`` is False.
- reached, zero: ``torch.autograd.grad`` and a fresh run with ``backward()`` agree that a gradient
  arrives, and whether it is all zero.
- cut, unused: no gradient arrives. It is cut if changing the parameter moves the loss, and unused
  if it does not even have a route in the program with every site neutralised. Where it has such a
  route and yet nothing moves (an index that stays the same), both will do.

A parameter is partial if its gradient changes once every site is neutralised, and it is not if no
site lies between it and the loss.

A judgement must say so, and its cuts must stand the counterfactual: with the sites that it names
neutralised, and nothing else, every parameter gets the very gradient that it gets with all sites
neutralised; the cuts in front of one parameter suffice to bring gradient to it; gradient comes as
far as each cut that is named (the first one in the data flow is named, not one behind it); and no
line is named that severs nothing.
"""

import linecache
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fuzz.programs import Program

Gradients = dict[str, Tensor | None]
_numbers = count()


@dataclass(frozen=True)
class NamedCut:
    """One cut that a judge names.

    Its kind, its line, the parameters behind it, and the lines behind it that sever again.
    """

    kind: str
    line: int
    parameters: tuple[str, ...]
    also: tuple[int, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """What a judge says of a program: verdict and partial flag by parameter, and the cuts."""

    verdicts: dict[str, str]
    partial: dict[str, bool]
    cuts: tuple[NamedCut, ...]


class Ghost(torch.autograd.Function):
    """A zero of any shape with a history: it sends a generic gradient to each of its sources."""

    @staticmethod
    def forward(ctx: Any, shape: torch.Size, probe: Tensor, *sources: Tensor) -> Tensor:
        ctx.shapes = [source.shape for source in sources]
        return torch.zeros(shape, dtype=torch.float64)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (grad,) = grads
        amount = (grad * _irregular(grad.shape, 0.37)).sum()
        return None, amount, *(amount * _irregular(shape, 0.61) for shape in ctx.shapes)


def _irregular(shape: torch.Size, phase: float) -> Tensor:
    """Numbers without a pattern, so that no two routes cancel by accident."""
    return (
        (torch.arange(shape.numel(), dtype=torch.float64) * 1.7 + phase)
        .sin()
        .add(0.05)
        .reshape(shape)
    )


class Run:
    """One run of a program, with some of its sites neutralised.

    Attributes:
        loss: What the program returned.
        parameters: The model's parameters as they were before the forward pass.
        probes: By site that was neutralised and ran: a leaf that went into what it yields.
        ghosts: By site: the zeros that were added, whose history is what the site would have
            severed.
    """

    def __init__(
        self,
        program: Program,
        neutral: Iterable[int] = (),
        before: Callable[[nn.Module], None] | None = None,
    ) -> None:
        self.probes: dict[int, Tensor] = {}
        self.ghosts: dict[int, list[Tensor]] = {}
        self.parameters: dict[str, nn.Parameter] = {}
        # By identity of what was written into: what its values come from, as far as that was severed
        self._grafted: dict[int, list[Tensor]] = {}
        namespace: dict[str, Any] = {
            "__name__": "fuzz_program",
            "through": self._through,
            "graft_": self._graft_,
            "graft": self._graft,
        }
        source = program.source(frozenset(neutral))
        path = str(Path(tempfile.gettempdir()) / "fuzz" / f"program_{next(_numbers)}.py")
        self.path = path
        self.source = source
        exec(compile(source, path, "exec"), namespace)
        self._step = namespace["step"]
        self._before = before

    def start(self) -> tuple[Tensor, nn.Module]:
        """Run the step and return what it returns."""

        def before(model: nn.Module) -> None:
            self.parameters = dict(model.named_parameters())
            if self._before is not None:
                self._before(model)

        try:
            loss, model = self._step(before)
        finally:
            torch.set_grad_enabled(True)
        self.loss = loss
        return loss, model

    def gradients(self) -> Gradients:
        """Gradients of all trainable parameters by ``torch.autograd.grad``; the graph stays."""
        return self._grad(
            self.loss, {name: p for name, p in self.parameters.items() if p.requires_grad}
        )

    def gradients_by_backward(self) -> Gradients:
        """The same by ``backward()``."""
        if self.loss.requires_grad:
            self.loss.backward()  # type: ignore[no-untyped-call]
        return {name: p.grad for name, p in self.parameters.items() if p.requires_grad}

    def sites_before_loss(self) -> set[int]:
        """Neutralised sites whose yield goes into the loss."""
        found = self._grad(self.loss, {str(site): probe for site, probe in self.probes.items()})
        return {int(site) for site, grad in found.items() if grad is not None}

    def behind(self, site: int) -> set[str]:
        """Trainable parameters whose gradient comes as far as a neutralised site."""
        trainable = {name: p for name, p in self.parameters.items() if p.requires_grad}
        found = [self._grad(ghost.sum(), trainable) for ghost in self.ghosts.get(site, ())]
        return {name for grads in found for name, grad in grads.items() if grad is not None}

    @staticmethod
    def _grad(of: Tensor, leaves: dict[str, Any]) -> Gradients:
        if not of.requires_grad or not leaves:
            return dict.fromkeys(leaves)
        grads = torch.autograd.grad(of, list(leaves.values()), allow_unused=True, retain_graph=True)
        return dict(zip(leaves, grads, strict=True))

    def _ghost(self, site: int, shape: torch.Size, sources: tuple[Tensor, ...]) -> Tensor:
        if site not in self.probes:
            self.probes[site] = torch.zeros((), dtype=torch.float64, requires_grad=True)
        ghost: Tensor = Ghost.apply(shape, self.probes[site], *sources)
        self.ghosts.setdefault(site, []).append(ghost)
        return ghost

    def _through(self, site: int, value: Any, *sources: Tensor) -> Tensor:
        """Return ``value`` unchanged, with gradient passing to ``sources``."""
        with torch.inference_mode(False), torch.enable_grad():
            value = torch.as_tensor(value, dtype=torch.float64)
            if value.is_inference():
                value = value.clone()
            return value + self._ghost(site, value.shape, sources)

    def _graft_(self, site: int, target: Tensor, *sources: Tensor, whole: bool = False) -> None:
        """Let gradient pass from ``target``, in place, to ``sources``; where it was written over as
        a ``whole``, no more to those of what was written into it before.
        """
        with torch.enable_grad():
            ghost = self._ghost(site, target.shape, sources)
            before = self._grafted.setdefault(id(target), [])
            target.add_(ghost - sum(before) if whole else ghost)
            before[:] = [ghost] if whole else [*before, ghost]

    def _graft(self, site: int, module: nn.Module, name: str, *sources: Tensor) -> None:
        """Let gradient pass from a parameter of ``module`` to ``sources`` wherever it is used from
        now on.
        """
        with torch.enable_grad():
            old = getattr(module, name)
            new = old + self._ghost(site, old.shape, sources)
        module._parameters.pop(name, None)
        setattr(module, name, new)


class Truth:
    """All that is known of a program. Each run is made when it is first asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.plain = self._run(())
        self.every = self._run(range(len(program.sites)))
        assert torch.equal(self.plain.loss.detach(), self.every.loss.detach()), (
            "neutralising the sites must not change the loss"
        )
        self.gradients = self.plain.gradients()
        self.healed = self.every.gradients()

    def _run(self, neutral: Iterable[int]) -> Run:
        run = Run(self.program, neutral)
        run.start()
        return run

    @cached_property
    def sites(self) -> dict[int, set[str]]:
        """The sites between the loss and some trainable parameters, and those parameters."""
        found = {site: self.every.behind(site) for site in self.every.sites_before_loss()}
        return {site: behind for site, behind in found.items() if behind}

    @cached_property
    def unseen(self) -> set[int]:
        """Sites that sever in a backward that does not run, or with no parameter behind.

        Nobody can see those without running it.
        """
        found = set()
        for site in self.sites:
            if self.program.sites[site].in_backward:
                alone = self._run({site})
                if not alone.behind(site) or not alone.sites_before_loss():
                    found.add(site)
        return found

    @cached_property
    def verdicts(self) -> dict[str, set[str]]:
        """The verdicts that will do for each parameter."""
        fresh = self._run(())
        by_backward = fresh.gradients_by_backward()
        found = {}
        for name, parameter in self.plain.parameters.items():
            if not parameter.requires_grad:
                found[name] = {"frozen"}
                continue
            grad = self.gradients[name]
            assert _same(grad, by_backward[name]), (
                f"autograd.grad and backward() disagree about {name}"
            )
            if grad is not None:
                found[name] = {"reached"} if bool((grad != 0).any()) else {"zero"}
            elif self.healed[name] is None:
                assert not self.moves(name, tries=1), (
                    f"{name} moves the loss and has no route even with every site neutralised"
                )
                found[name] = {"unused"}
            else:
                found[name] = {"cut"} if self.moves(name) else {"cut", "unused"}
        return found

    @cached_property
    def partial(self) -> dict[str, bool | None]:
        """Whether each parameter is partial; None where both will do."""
        between = set[str]().union(*self.sites.values()) if self.sites else set()
        found: dict[str, bool | None] = {}
        for name, parameter in self.plain.parameters.items():
            if not parameter.requires_grad or self.gradients[name] is None or name not in between:
                found[name] = False
            else:
                found[name] = None if _close(self.gradients[name], self.healed[name]) else True
        return found

    def moves(self, name: str, tries: int = 4) -> bool:
        """Whether perturbing a parameter moves the loss: several magnitudes, several directions."""
        for attempt in range(tries):
            for magnitude in (0.3, 3.0, 30.0):
                generator = torch.Generator().manual_seed(attempt)

                def before(
                    model: nn.Module,
                    magnitude: float = magnitude,
                    generator: torch.Generator = generator,
                ) -> None:
                    parameter = model.get_parameter(name)
                    parameter.data.add_(
                        magnitude
                        * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                    )

                run = Run(self.program, (), before)
                loss, _ = run.start()
                if not torch.equal(loss.detach(), self.plain.loss.detach()):
                    return True
        return False

    def complaints(self, judgement: Judgement) -> list[str]:
        """Return what is wrong with a judgement, a sentence each; empty if it is right."""
        found = []
        for name, allowed in self.verdicts.items():
            said = judgement.verdicts.get(name, "missing")
            if said not in allowed:
                found.append(f"{name}: said {said}, is {' or '.join(sorted(allowed))}")
            partial = self.partial[name]
            if said == "cut" or partial is None:
                continue
            if judgement.partial.get(name, False) != partial:
                found.append(
                    f"{name}: said {'partial' if not partial else 'not partial'}, is"
                    f" {'partial' if partial else 'not'}"
                )

        named = set(self.unseen)
        sites_of: dict[NamedCut, tuple[set[int], set[int]]] = {}
        for cut in judgement.cuts:
            here = self.program.sites_at(cut.line)
            also = (
                set(
                    self.program.blocks_of(
                        {
                            *here,
                            *(site for line in cut.also for site in self.program.sites_at(line)),
                        }
                    )
                )
                - here
            )
            named |= here | also
            sites_of[cut] = (set(here), also)
            idle = [
                line
                for line in (cut.line, *cut.also)
                if not self.program.sites_at(line) & self.sites.keys()
            ]
            found += [
                f"line {line} severs nothing: {self.program.lines[line - 1].strip()}"
                for line in idle
            ]
            if here and not any(cut.kind in self.program.sites[site].kinds for site in here):
                found.append(
                    f"line {cut.line}: said {cut.kind}, is"
                    f" {' or '.join(sorted(self.program.sites[min(here)].kinds))}"
                )
            behind = set[str]().union(*(self.sites.get(site, ()) for site in here))
            found += [
                f"line {cut.line} does not sever {name}"
                for name in cut.parameters
                if name not in behind
            ]

        healed = self.every if named >= self.sites.keys() else self._run(named)
        for name, grad in healed.gradients().items():
            if not _close(grad, self.healed[name]):
                missing = sorted(
                    self.program.sites[s].line
                    for s, behind in self.sites.items()
                    if name in behind and s not in named
                )
                found.append(f"{name}: another line severs it, not named (of {missing})")
        for name, said in judgement.verdicts.items():
            if said != "cut" or "cut" not in self.verdicts[name]:
                continue
            mine = self.unseen.union(
                *(here | also for cut, (here, also) in sites_of.items() if name in cut.parameters)
            )
            if self._run(mine).gradients()[name] is None:
                found.append(f"{name}: with the cuts in front of it neutralised, still no gradient")
        for cut, (here, _) in sites_of.items():
            if here & self.sites.keys():
                alone = self._run(here | self.unseen)
                first = {name for site in here for name in alone.behind(site)}
                found += [
                    f"line {cut.line} is not the first to sever {name}"
                    for name in sorted(set(cut.parameters) - first)
                ]
        return found


def _same(a: Tensor | None, b: Tensor | None) -> bool:
    if a is None or b is None:
        return a is b
    return torch.equal(a.nan_to_num(nan=7e7), b.nan_to_num(nan=7e7))


def _close(a: Tensor | None, b: Tensor | None) -> bool:
    """Whether two gradients are the same up to rounding; sums may be taken in another order."""
    if a is None or b is None:
        return a is b
    return torch.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)


def gradviz_judge(program: Program) -> Judgement:
    """Let gradviz judge a program, through its public API alone."""
    import gradviz
    from gradviz.reports import read_json

    run = Run(program)
    lines = run.source.splitlines(keepends=True)
    linecache.cache[run.path] = (len(run.source), None, lines, run.path)
    try:
        with gradviz.trace() as trace:
            loss, model = run.start()
            if loss.requires_grad:
                loss.backward()
        report = trace.report(loss, model)
        assert read_json(report.to_json()) == report
    finally:
        del linecache.cache[run.path]
    return Judgement(
        verdicts={name: str(p.verdict) for name, p in report.parameters.items()},
        partial={name: p.partial for name, p in report.parameters.items()},
        cuts=tuple(
            NamedCut(
                str(cut.kind),
                cut.line,
                cut.parameters,
                tuple(place.line for place in cut.also if place.file == run.path),
            )
            for cut in report.cuts
            if cut.file == run.path
        ),
    )
