"""Random training steps as plain data, and as the Python source text that they stand for.

A :class:`Recipe` is a handful of integers; :func:`compose` turns it, always in the same way, into a
:class:`Program`: source text in which every statement has its own line, and the *sites*, the
statements that sever some of their inputs. A site can be neutralised: its line is replaced by one
that computes the same values, bit for bit, and lets gradient pass to what the site severs
(``through``, ``graft_`` and ``graft`` in oracle.py add a zero that has a history). Nothing else in
the text changes, so line numbers stay.

Every value of a program is a 3 x 4 matrix in double precision.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

HEAD = """\
import copy

import numpy as np
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
"""

FUNCTIONS = {
    "Opaque": (
        """
class Opaque(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        out = 2.0 * t
        ctx.mark_non_differentiable(out)
        return out

    @staticmethod
    def backward(ctx, g):
        return g
"""
    ),
    "Dead": (
        """
class Dead(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        return 3.0 * t

    @staticmethod
    def backward(ctx, g):
        return None
"""
    ),
    "HalfDead": (
        """
class HalfDead(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t, u):
        return t + 0.4 * u

    @staticmethod
    def backward(ctx, g):
        return g, None
"""
    ),
    "Sound": (
        """
class Sound(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        return 0.8 * t.detach()

    @staticmethod
    def backward(ctx, g):
        return 0.8 * g
"""
    ),
}

MODEL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin0 = nn.Linear(4, 4, dtype=torch.float64)
        self.lin1 = nn.Linear(4, 4, dtype=torch.float64)
        self.lin2 = nn.Linear(4, 4, dtype=torch.float64)
        self.p0 = nn.Parameter(torch.randn(4, dtype=torch.float64))
        self.p1 = nn.Parameter(torch.randn(3, 4, dtype=torch.float64))
        self.register_buffer("b0", torch.randn(3, 4, dtype=torch.float64))
        self.register_buffer("b1", torch.randn(3, 4, dtype=torch.float64))
        self.register_buffer("table", torch.randn(4, 4, dtype=torch.float64))
        self.seen = []

    def forward(self, x):
"""

PARAMETERS = (
    "p0",
    "p1",
    "lin0.weight",
    "lin0.bias",
    "lin1.weight",
    "lin1.bias",
    "lin2.weight",
    "lin2.bias",
)


@dataclass(frozen=True)
class Site:
    """A statement that severs some of its inputs.

    Attributes:
        line: 1-based line of the statement.
        kinds: What it may rightly be called.
        edits: The lines to replace, by number, for the gradient to pass.
        lines: Other lines that name it as well (the ``with torch.no_grad():`` above it).
        in_backward: It severs in its backward, which nobody sees where no gradient comes as far as
            it.
        block: Line that switches gradient off for it and for those after it; 0 outside such a
            block.
    """

    line: int
    kinds: frozenset[str]
    edits: Mapping[int, str]
    lines: frozenset[int] = frozenset()
    block: int = 0
    in_backward: bool = False


@dataclass(frozen=True)
class Recipe:
    """A program as plain numbers.

    Parts that are frozen, a seed, and steps ``(operation, a, b, c)``.
    """

    steps: tuple[tuple[str, int, int, int], ...]
    frozen: tuple[str, ...] = ()
    seed: int = 0

    def __str__(self) -> str:
        return f"{self!r}\n{compose(self).source()}"


@dataclass(frozen=True)
class Program:
    """Source text and its sites, by number."""

    lines: tuple[str, ...]
    sites: tuple[Site, ...]

    def source(self, neutral: frozenset[int] = frozenset()) -> str:
        """Return the text with the sites of these numbers neutralised."""
        lines = list(self.lines)
        for number in neutral:
            for line, text in self.sites[number].edits.items():
                lines[line - 1] = text
        return "\n".join(lines) + "\n"

    def sites_at(self, line: int) -> frozenset[int]:
        """Return the numbers of the sites that this line names."""
        return frozenset(
            number
            for number, site in enumerate(self.sites)
            if line == site.line or line in site.lines
        )

    def blocks_of(self, numbers: Iterable[int]) -> frozenset[int]:
        """Return these sites and those after them in the same block.

        Who names a line under no_grad names the no_grad.
        """
        starts = {
            self.sites[number].block: number
            for number in sorted(numbers, reverse=True)
            if self.sites[number].block
        }
        after = {
            number
            for number, site in enumerate(self.sites)
            if site.block in starts and number >= starts[site.block]
        }
        return frozenset(numbers) | after


@dataclass
class Value:
    """A name in the text. Values of one group share storage."""

    text: str
    group: int


@dataclass
class Writer:
    """Writes the body of ``forward`` and keeps what must be known for every statement to be legal.

    Attributes:
        pinned: Groups that no in-place operation may touch: saved for backward, a leaf, or shared
            with a severed alias.
        used: Modules whose weights were used and may not be written to any more.
        written: Modules whose weights were written to; neutralised, they are no parameters any
            more.
    """

    lines: list[str]
    frozen: tuple[str, ...]
    values: list[Value] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    pinned: set[int] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    names: int = 0

    def name(self, letter: str = "v") -> str:
        self.names += 1
        return f"{letter}{self.names}"

    def put(self, text: str, indent: int = 2) -> int:
        self.lines.append("    " * indent + text)
        return len(self.lines)

    def value(self, text: str, group: int | None = None, *, pinned: bool = False) -> Value:
        """Add a value that later statements may use.

        Its own group unless it is a view of another.
        """
        self.names += 1
        value = Value(text, self.names if group is None else group)
        if pinned:
            self.pinned.add(value.group)
        self.values.append(value)
        return value

    def save(self, *values: Value) -> None:
        self.pinned.update(value.group for value in values)
        if any(value.group == -3 for value in values):
            self.used.add("p1")

    def assign(
        self, expression: str, *, like: Value | None = None, pinned: bool = False, indent: int = 2
    ) -> tuple[Value, int]:
        value = self.value(self.name(), like.group if like else None, pinned=pinned)
        return value, self.put(f"{value.text} = {expression}", indent)

    def site(
        self,
        line: int,
        kinds: str,
        edits: Mapping[int, str],
        *lines: int,
        block: int = 0,
        in_backward: bool = False,
    ) -> None:
        """Add a site.

        ``{n}`` in an edit becomes its number, and the indentation of the replaced line is kept.
        """
        number = len(self.sites)
        whole = {}
        for where, text in edits.items():
            old = self.lines[where - 1]
            whole[where] = old[: len(old) - len(old.lstrip())] + text.replace("{n}", str(number))
        self.sites.append(
            Site(line, frozenset(kinds.split()), whole, frozenset(lines), block, in_backward)
        )

    def sever(
        self,
        expression: str,
        kinds: str,
        *sources: str,
        like: Value | None = None,
        in_backward: bool = False,
    ) -> Value:
        """Write ``v = expression``, which severs ``sources``."""
        value, line = self.assign(expression, like=like)
        self.site(
            line,
            kinds,
            {line: f"{value.text} = through({{n}}, {expression}, {', '.join(sources)})"},
            in_backward=in_backward,
        )
        return value

    def can_write(self, value: Value, source: Value | None = None) -> bool:
        return value.group not in self.pinned and (source is None or source.group != value.group)


Step = Callable[[Writer, Value, Value, int], None]
STEPS: dict[str, Step] = {}


def step(function: Step) -> Step:
    STEPS[function.__name__] = function
    return function


# What lets gradient pass


@step
def linear(w: Writer, a: Value, b: Value, c: int) -> None:
    w.save(a)
    w.used.add(f"lin{c % 3}")
    w.assign(f"self.lin{c % 3}({a.text})")


@step
def checkpointed(w: Writer, a: Value, b: Value, c: int) -> None:
    w.save(a)
    w.used.add(f"lin{c % 3}")
    w.assign(f"checkpoint(self.lin{c % 3}, {a.text}, use_reentrant=False)")


@step
def scale(w: Writer, a: Value, b: Value, c: int) -> None:
    w.save(a)
    w.used.add("p0")
    w.assign(f"{a.text} * self.p0")


@step
def parameter(w: Writer, a: Value, b: Value, c: int) -> None:
    w.used.add("p1")
    w.assign(f"self.p1 + 0.3 * {a.text}")


@step
def activation(w: Writer, a: Value, b: Value, c: int) -> None:
    w.save(a)
    w.assign(
        (
            f"torch.tanh({a.text})",
            f"nn.functional.gelu({a.text})",
            f"{a.text}.softmax(1)",
            f"torch.sin({a.text})",
        )[c % 4],
        pinned=True,
    )


@step
def multiply(w: Writer, a: Value, b: Value, c: int) -> None:
    w.save(a, b)
    w.assign(f"{a.text} * {b.text}.tanh()")


@step
def mix(w: Writer, a: Value, b: Value, c: int) -> None:
    w.assign(f"{a.text} + 0.7 * {b.text}")


@step
def join(w: Writer, a: Value, b: Value, c: int) -> None:
    w.assign(
        (
            f"torch.cat([{a.text}[:1], {b.text}[1:]])",
            f"torch.stack([{a.text}, {b.text}]).mean(0)",
            f"torch.where(torch.tensor([True, False, True, False]), {a.text}, {b.text})",
            f"torch.cat({a.text}.chunk(2, 1)[::-1], 1) - 0.2 * {b.text}",
        )[c % 4]
    )


@step
def view(w: Writer, a: Value, b: Value, c: int) -> None:
    w.assign(
        (
            f"{a.text}[:]",
            f"{a.text}.t().t()",
            f"{a.text}.view_as({a.text})",
            f"{a.text}.unsqueeze(0)[0]",
        )[c % 4],
        like=a,
    )


@step
def in_place(w: Writer, a: Value, b: Value, c: int) -> None:
    if not w.can_write(a, b):
        mix(w, a, b, c)
        return
    w.put(
        (
            f"{a.text}.add_(0.5 * {b.text})",
            f"{a.text}[1:] = {b.text}[:2]",
            f"{a.text}[:, :2].add_({b.text}[:, 2:])",
            f"{a.text}.mul_(0.9)",
            f"{a.text}[0].copy_({b.text}.sum(0))",
        )[c % 5]
    )


@step
def vanish(w: Writer, a: Value, b: Value, c: int) -> None:
    w.save(a, b)
    w.assign(
        (
            f"{b.text} + {a.text}.round()",
            f"{b.text} + torch.relu({a.text} - 1e6)",
            f"{a.text}.sign()",
            f"{b.text} + {a.text}.clamp(1e6, 2e6)",
            f"{b.text} + 0.0 * {a.text}",
        )[c % 5]
    )


@step
def sound_function(w: Writer, a: Value, b: Value, c: int) -> None:
    w.functions.add("Sound")
    w.assign(f"Sound.apply({a.text})")


@step
def noise(w: Writer, a: Value, b: Value, c: int) -> None:
    """Something leaves the graph and never comes back."""
    w.put(
        (
            f"self.seen.append({a.text}.detach().clone())",
            f"log = {a.text}.sum().item()",
            f"self.seen += [1] if {a.text}.sum() > 1e300 else []",
            f"text = f'{{float({a.text}.mean()):.3f}}'",
            f"spare = {a.text}.detach()",
            f"best = {a.text}.argmax(1).tolist()",
            f"plot = {a.text}.detach().numpy().copy()",
            f"norm = {a.text}.data.norm()",
            f"spare = self.lin{c % 3}({a.text})",
        )[c % 9]
    )
    if c % 9 == 8:
        w.save(a)
        w.used.add(f"lin{c % 3}")


# What severs


@step
def detach(w: Writer, a: Value, b: Value, c: int) -> None:
    w.save(a)
    w.sever(f"{a.text}.detach()", "detach", a.text, like=a)


@step
def detach_(w: Writer, a: Value, b: Value, c: int) -> None:
    value, _ = w.assign(f"1.1 * {a.text}")
    line = w.put(f"{value.text}.detach_()")
    w.site(
        line,
        "detach_ detach",
        {line: f"{value.text} = through({{n}}, {value.text}.detach(), {value.text})"},
    )


@step
def data_read(w: Writer, a: Value, b: Value, c: int) -> None:
    w.save(a)
    w.sever(f"{a.text}.data", "data detach", a.text, like=a)


@step
def data_write(w: Writer, a: Value, b: Value, c: int) -> None:
    if not w.can_write(a, b):
        data_read(w, a, b, c)
        return
    alias = f"{a.text}.data" if c % 2 else f"{a.text}.detach()"
    change = (f".add_(0.5 * {b.text})", f"[1:] = {b.text}[1:]", f".copy_({b.text})")[c % 3]
    kinds = "data detach copy_under_no_grad"
    graft = "graft_({n}, " + f"{a.text}, {b.text}{', whole=True' if c % 3 == 2 else ''})"
    if c % 5 > 2:
        name = w.name("d")
        above = w.put(f"{name} = {alias}")
        line = w.put(name + change)
        w.site(line, kinds, {line: f"{name}{change}; {graft}"}, above)
    else:
        line = w.put(alias + change)
        w.site(line, kinds, {line: f"{alias}{change}; {graft}"})


@step
def no_grad(w: Writer, a: Value, b: Value, c: int) -> None:
    block(w, a, b, c, "with torch.no_grad():", None, "no_grad")


@step
def grad_disabled(w: Writer, a: Value, b: Value, c: int) -> None:
    block(
        w,
        a,
        b,
        c,
        "torch.set_grad_enabled(False)",
        "torch.set_grad_enabled(True)",
        "set_grad_enabled no_grad",
    )


@step
def grad_disabled_with(w: Writer, a: Value, b: Value, c: int) -> None:
    block(w, a, b, c, "with torch.set_grad_enabled(False):", None, "set_grad_enabled no_grad")


def block(
    w: Writer, a: Value, b: Value, c: int, before: str, after: str | None, kinds: str
) -> None:
    """One or two statements with gradient switched off.

    What they yield can be used after the block.
    """
    start = w.put(before)
    indent = 2 if after else 3
    value = a
    for turn in range(1 + c % 2):
        layer = f"lin{(c + turn) % 3}"
        expression, sources = (
            (
                f"self.{layer}({value.text})",
                (value.text, f"self.{layer}.weight", f"self.{layer}.bias"),
            ),
            (f"{value.text} + 0.6 * {b.text}", (value.text, b.text)),
            (f"{value.text} * self.p0", (value.text, "self.p0")),
            (f"torch.tanh({value.text})", (value.text,)),
        )[(c // 2 + turn) % 4]
        w.used.update((layer, "p0"))
        value, line = w.assign(expression, indent=indent, pinned=True)
        w.site(
            line,
            kinds,
            {line: f"{value.text} = through({{n}}, {expression}, {', '.join(sources)})"},
            start,
            block=start,
        )
    if after:
        w.put(after)


@step
def inference_mode(w: Writer, a: Value, b: Value, c: int) -> None:
    start = w.put("with torch.inference_mode():")
    name = w.name("i")
    expression, sources = (
        f"self.lin{c % 3}({a.text})",
        (a.text, f"self.lin{c % 3}.weight", f"self.lin{c % 3}.bias"),
    )
    w.used.add(f"lin{c % 3}")
    line = w.put(f"{name} = {expression}", 3)
    w.site(
        line,
        "inference_mode no_grad",
        {line: f"{name} = through({{n}}, {expression}, {', '.join(sources)})"},
        start,
    )
    w.save(a)
    w.assign(f"{name}.clone()")


@step
def tensor_of_list(w: Writer, a: Value, b: Value, c: int) -> None:
    if c % 3 == 0:
        w.sever(
            f"torch.tensor({a.text}.tolist(), dtype=torch.float64)", "new_tensor item numpy", a.text
        )
    elif c % 3 == 1:
        losses = f"[{a.text}.sum(), {b.text}.mean()]"
        w.sever(
            f"0.3 * torch.tensor({losses}, dtype=torch.float64).sum() + self.b1",
            "new_tensor item",
            a.text,
            b.text,
        )
    else:
        w.sever(f"torch.tensor(np.array({a.text}.tolist()))", "new_tensor item numpy", a.text)


@step
def rewrap(w: Writer, a: Value, b: Value, c: int) -> None:
    w.save(a)
    w.sever(
        f"nn.Parameter({a.text})" if c % 2 else f"torch.autograd.Variable({a.text})",
        "new_tensor data detach",
        a.text,
        like=a,
    )


@step
def item(w: Writer, a: Value, b: Value, c: int) -> None:
    """A number leaves torch and comes back, also after arithmetic in Python."""
    w.save(b)
    number = w.name("n")
    expression = (
        f"{a.text}.sum().item()",
        f"float({a.text}.mean())",
        f"0.1 * {a.text}.mean().item() + 0.5",
        f"{a.text}.mean().tolist()",
        f"{a.text}.mean().detach().item()",
    )[c % 5]
    line = w.put(f"{number} = {expression}")
    w.site(line, "item numpy detach", {line: f"{number} = through({{n}}, {expression}, {a.text})"})
    used = (
        f"{b.text} * {number}",
        f"{b.text} + (1 - {number}) / 3",
        f"0.2 * {number} + {b.text}",
        f"{b.text} * (-{number})",
    )
    w.assign(used[(c // 5) % 4])


@step
def mean_of_items(w: Writer, a: Value, b: Value, c: int) -> None:
    number = w.name("n")
    list_of = f"[t.item() for t in ({a.text}.sum(), {b.text}.mean())]"
    expression = f"sum({list_of}) / len({list_of})" if c % 2 else f"sum({list_of})"
    line = w.put(f"{number} = {expression}")
    w.site(line, "item", {line: f"{number} = through({{n}}, {expression}, {a.text}, {b.text})"})
    w.assign(f"self.b1 * 0.5 + {number}")


@step
def numpy(w: Writer, a: Value, b: Value, c: int) -> None:
    expression = (
        f"torch.from_numpy({a.text}.detach().numpy() * 2.0)",
        f"torch.from_numpy(np.tanh({a.text}.detach().cpu().numpy()))",
        f"torch.as_tensor({a.text}.detach().numpy().copy())",
        f"torch.tensor({a.text}.detach().numpy())",
    )[c % 4]
    w.sever(expression, "numpy detach new_tensor", a.text)


@step
def cast(w: Writer, a: Value, b: Value, c: int) -> None:
    expression = (
        f"{a.text}.long().double()",
        f"{a.text}.to(torch.int64).double()",
        f"{a.text}.int().double() * 1.5",
    )[c % 3]
    w.sever(expression, "integer_cast", a.text)


@step
def select(w: Writer, a: Value, b: Value, c: int) -> None:
    """What is chosen depends on ``a``, what is taken comes from elsewhere."""
    w.save(a, b)
    if c % 7 == 6:
        index = w.name("k")
        line = w.put(f"{index} = {a.text}.argmax(1)")
        value, below = w.assign(f"self.table[{index} % 4][:, :4]")
        expression = f"self.table[{index} % 4][:, :4]"
        w.site(
            line,
            "non_differentiable",
            {below: f"{value.text} = through({{n}}, {expression}, {a.text})"},
        )
        return
    expression = (
        f"self.table[{a.text}.argmax(1)]",
        f"{b.text}.gather(1, {a.text}.topk(2, 1).indices).repeat(1, 2)",
        f"({a.text} > 0.1).double() + 0.2 * {b.text}",
        f"torch.where({a.text} > {a.text}.mean(), {b.text}, -0.5 * {b.text})",
        f"{b.text}[{a.text}[:, 0].argsort()]",
        f"self.table[{a.text}.sort(1, descending=True)[1][:, 0]]",
    )[c % 7]
    w.sever(expression, "non_differentiable", a.text)


@step
def blind_function(w: Writer, a: Value, b: Value, c: int) -> None:
    name = ("Opaque", "Dead", "HalfDead")[c % 3]
    w.functions.add(name)
    if name == "HalfDead":
        w.sever(f"HalfDead.apply({a.text}, {b.text})", "custom_function", b.text, in_backward=True)
    else:
        w.sever(f"{name}.apply({a.text})", "custom_function", a.text, in_backward=name == "Dead")


@step
def buffer_write(w: Writer, a: Value, b: Value, c: int) -> None:
    buffer = Value(f"self.b{c % 2}", -1 - c % 2)
    if not w.can_write(buffer, a):
        no_grad(w, a, b, c)
        return
    change = (
        f".copy_({a.text})",
        f"[1:].copy_({a.text}[1:])",
        f".mul_(0.9).add_(0.1 * {a.text})",
        f"[0] = {a.text}.mean(0)",
    )[c // 2 % 4]
    start = w.put("with torch.no_grad():")
    line = w.put(buffer.text + change, 3)
    whole = ", whole=True" if change.startswith(".copy_") else ""
    w.site(
        line,
        "copy_under_no_grad no_grad",
        {line: f"{buffer.text}{change}; graft_({{n}}, {buffer.text}, {a.text}{whole})"},
        start,
    )


@step
def write_under_no_grad(w: Writer, a: Value, b: Value, c: int) -> None:
    """As ``h.mul_(gain)`` under no_grad: the old history of ``a`` stays alive."""
    if not w.can_write(a, b):
        no_grad(w, a, b, c)
        return
    change = (f".add_(0.5 * {b.text})", ".mul_(self.p0)", f"[1:] = {b.text}[1:]")[c % 3]
    start = w.put("with torch.no_grad():")
    line = w.put(a.text + change, 3)
    source = "self.p0" if c % 3 == 1 else b.text
    w.used.add("p0")
    w.site(
        line,
        "copy_under_no_grad no_grad",
        {line: f"{a.text}{change}; graft_({{n}}, {a.text}, {source})"},
        start,
    )


@step
def weight_write(w: Writer, a: Value, b: Value, c: int) -> None:
    module, name = (("self", "p1"), ("self.lin0", "weight"), ("self.lin1", "bias"))[c % 3]
    target = f"{module}.{name}"
    if target.split(".")[1] in w.used or (target == "self.p1" and a.group == -3):
        no_grad(w, a, b, c)
        return
    w.written.add(target.split(".")[1])
    change = f".add_(0.1 * {a.text}.mean())"
    if c % 2:
        line = w.put(f"{target}.data{change}")
        w.site(
            line,
            "data copy_under_no_grad",
            {line: f"{target}.data{change}; graft({{n}}, {module}, {name!r}, {a.text})"},
        )
    else:
        start = w.put("with torch.no_grad():")
        line = w.put(target + change, 3)
        edit = f"{target}{change}; graft({{n}}, {module}, {name!r}, {a.text})"
        w.site(line, "copy_under_no_grad no_grad", {line: edit}, start)


@step
def gradient(w: Writer, a: Value, b: Value, c: int) -> None:
    """A gradient with respect to a leaf of its own, so that its value does not depend on what is
    neutralised.
    """
    w.save(a)
    name = w.name("q")
    w.put(f"{name} = torch.full((3, 4), 0.7, dtype=torch.float64, requires_grad=True)")
    w.sever(
        f"torch.autograd.grad(({a.text} * {name} ** 2).sum(), {name}, retain_graph=True)[0]",
        "grad_without_graph",
        a.text,
    )


@step
def deep_copy(w: Writer, a: Value, b: Value, c: int) -> None:
    if f"lin{c % 3}" in w.written:
        linear(w, a, b, c)
        return
    w.save(a)
    layer = f"self.lin{c % 3}"
    w.used.add(layer.removeprefix("self."))
    name = w.name("m")
    line = w.put(f"{name} = copy.deepcopy({layer})")
    value, below = w.assign(f"{name}({a.text})")
    edit = f"{value.text} = through({{n}}, {name}({a.text}), {layer}.weight, {layer}.bias)"
    w.site(line, "deepcopy data", {below: edit})


@step
def state_dict(w: Writer, a: Value, b: Value, c: int) -> None:
    if f"lin{c % 3}" in w.written:
        linear(w, a, b, c)
        return
    w.save(a)
    layer = f"self.lin{c % 3}"
    w.used.add(layer.removeprefix("self."))
    name = w.name("m")
    above = w.put(f"{name} = nn.Linear(4, 4, dtype=torch.float64)")
    line = w.put(f"{name}.load_state_dict({layer}.state_dict())")
    value, below = w.assign(f"{name}({a.text})")
    edit = f"{value.text} = through({{n}}, {name}({a.text}), {layer}.weight, {layer}.bias)"
    w.site(line, "copy_under_no_grad detach data no_grad deepcopy", {below: edit}, above)


# So that much is alive
OFTEN = (
    "linear",
    "linear",
    "linear",
    "scale",
    "parameter",
    "mix",
    "mix",
    "in_place",
    "multiply",
    "vanish",
)


def compose(recipe: Recipe) -> Program:
    """Turn a recipe into a program, always the same one."""
    needed: set[str] = set()
    text = HEAD
    for _ in range(2):  # the first pass finds out which classes the text needs above the model
        text = HEAD + "".join("\n" + FUNCTIONS[name] for name in sorted(needed)) + "\n" + MODEL
        writer = Writer(text.rstrip("\n").split("\n"), recipe.frozen)
        writer.values = [
            Value("self.b1", -2),
            Value("self.b0", -1),
            Value("self.p1", -3),
            Value("x", -4),
        ]
        writer.pinned = {-3}
        for operation, a, b, c in recipe.steps:
            values = writer.values
            first, second = values[-1 - a % len(values)], values[-1 - b % len(values)]
            STEPS[operation](writer, first, second, c)
            writer.used.update("p1" for value in (first, second) if value.group == -3)
        needed = writer.functions
    last = [value.text for value in writer.values[-1 - recipe.seed % 4 :]]
    writer.put(
        f"return ({last[-1]} * self.table[:3]).sum()"
        + "".join(f" + ({text} * 0.3 - 1.0).mean()" for text in last[:-1])
    )
    writer.lines += [
        "",
        "",
        "def step(before=lambda model: None):",
        f"    torch.manual_seed({recipe.seed})",
    ]
    writer.lines += ["    model = Net()", "    x = torch.randn(3, 4, dtype=torch.float64)"]
    for name in recipe.frozen:
        writer.lines.append(f"    model.{name}.requires_grad_(False)")
    writer.lines += ["    before(model)", "    return model(x), model"]
    return Program(tuple(writer.lines), tuple(writer.sites))


def recipes(longest: int = 12) -> st.SearchStrategy[Recipe]:
    """All recipes of up to this many steps."""
    operations = st.sampled_from([*sorted(STEPS), *OFTEN])
    recent = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 5))
    return st.builds(
        Recipe,
        steps=st.lists(
            st.tuples(operations, recent, st.integers(0, 7), st.integers(0, 34)),
            min_size=2,
            max_size=longest,
        ).map(tuple),
        frozen=st.lists(
            st.sampled_from(("lin0", "lin1", "lin2", "p0", "p1")), unique=True, max_size=2
        ).map(tuple),
        seed=st.integers(0, 50),
    )
