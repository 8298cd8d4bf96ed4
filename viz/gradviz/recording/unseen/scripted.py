"""Looks into what TorchScript runs, which Python never sees.

Its graph says which inputs it detaches, or uses where grad mode is off.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.reading.where import USER, level
from gradviz.recording.unseen.baked import bakes_nothing

# ("0",) is the first argument; ("", "fc", "weight") what the module of a method holds
Path = tuple[str, ...]

_SEVERING = {
    "aten::detach": CutKind.DETACH,
    "aten::detach_": CutKind.DETACH_,
    "prim::data": CutKind.DATA,
    "aten::item": CutKind.ITEM,
    "aten::Float": CutKind.ITEM,
    "aten::Int": CutKind.ITEM,
    "aten::Bool": CutKind.ITEM,
    "aten::FloatImplicit": CutKind.ITEM,
    "aten::IntImplicit": CutKind.ITEM,
    "aten::ScalarImplicit": CutKind.ITEM,
    "prim::tolist": CutKind.ITEM,
    **{
        f"aten::{name}": CutKind.NON_DIFFERENTIABLE
        for name in (
            "argmax argmin argsort gt lt ge le eq ne nonzero multinomial bernoulli searchsorted"
            " bucketize isnan isfinite"
        ).split()
    },
}
_PACKS = ("prim::TupleConstruct", "prim::ListConstruct")
_UNPACKS = ("prim::TupleUnpack", "prim::ListUnpack")
_LINEAR = frozenset(
    (
        *_PACKS,
        *_UNPACKS,
        *(
            f"aten::{name}"
            for name in (
                "add add_ sub sub_ rsub cat stack sum mean neg view reshape permute transpose t"
                " squeeze unsqueeze expand select slice flatten clone contiguous"
            ).split()
        ),
    )
)
_ITEM, _SETS = "aten::__getitem__", "aten::_set_item"
_WRITES = frozenset((_SETS, "aten::append", "aten::insert", "aten::extend", "aten::update"))
_WRITES_OVER = frozenset(("aten::copy_", "aten::fill_", "aten::zero_"))
_IN_PLACE = re.compile(r"[a-z0-9]_$")
# Of what they give, a part is what they are given first
_VIEWS = frozenset(
    f"aten::{name}"
    for name in (
        "select slice view reshape permute transpose t squeeze unsqueeze expand narrow detach"
        " flatten __getitem__"
    ).split()
)
_MOST = 256  # graphs whose flows are kept, by their text
_graphs: "dict[str, Flows]" = {}
_MODES = {
    "no_grad": CutKind.NO_GRAD,
    "inference_mode": CutKind.INFERENCE_MODE,
    "set_grad_enabled": CutKind.SET_GRAD_ENABLED,
}


class ScriptLine(NamedTuple):
    """A line of what TorchScript runs: its file, its number there, and the line itself as it was
    when it was scripted; nothing for what was traced.
    """

    file: str
    number: int
    code: str


class Severing(NamedTuple):
    """What severs: the operation with its line, and the line that switched grad mode off."""

    kind: CutKind
    operation: str
    line: ScriptLine | None = None
    block: ScriptLine | None = None


@dataclass(slots=True)
class MadeOf:
    """What a value in a graph is made of.

    Attributes:
        live: The inputs that gradient comes back to.
        dead: The inputs that it does not come back to, and what severs each.
        factors: Those of them that a derivative depends on, and that are not only added.
        module: The path of the module that the value is; None for any other.
        parts: Of a tuple.
        entries: Of a dictionary, where each key is a constant.
    """

    live: set[Path] = field(default_factory=set)
    dead: "dict[Path, Severing]" = field(default_factory=dict)
    factors: set[Path] = field(default_factory=set)
    module: Path | None = None
    parts: "list[MadeOf]" = field(default_factory=list)
    entries: "dict[str, MadeOf]" = field(default_factory=dict)

    def severed(self, by: "Severing") -> "MadeOf":
        """Return what it is made of where all of it is severed."""
        return MadeOf(dead={**dict.fromkeys(sorted(self.live), by), **self.dead})


class Flows(dict[str, MadeOf]):
    """What each value in a graph is made of, by its name.

    Attributes:
        bases: By the name of a view: that of what it shows.
        attributes: What attributes of modules are made of that the graph writes.
        paths: By the name of a value: the attribute that it is.
        results: What the results are made of.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bases: dict[str, str] = {}
        self.attributes: dict[Path, MadeOf] = {}
        self.paths: dict[str, Path] = {}
        self.results: tuple[MadeOf, ...] = ()

    def write(self, name: str, result: MadeOf, *, over: bool) -> None:
        """Take note that something was written into a value; ``over`` all that was in it."""
        met: set[str] = set()
        while name and name not in met:
            met.add(name)
            path = self.paths.get(name)
            before = [] if over else [self.get(name, MadeOf())]
            self[name] = joined([result, *before])
            if path is not None:
                self.attributes[path] = self[name]
            name, over = self.bases.get(name, ""), False


def flows_of(function: Any) -> Flows | None:
    """Return what each result of a scripted or traced function is made of, and each attribute that
    it writes.

    None where its graph cannot be read.
    """
    try:
        graph = function.inlined_graph
        text = str(graph)
        if text not in _graphs:
            if len(_graphs) >= _MOST:
                _graphs.clear()
            _graphs[text] = _read(graph)
        return _graphs[text]
    except (RuntimeError, AttributeError, IndexError):
        return None


def untold_in(function: Any, flows: Flows, constants: Sequence[Any]) -> list[Tensor]:
    """Return the parameters of a method that go where its results do not tell: a trace makes a
    constant of each number that Python made, and what is written into memory may stay there.
    """
    held = torch_inside.parameters_of_script(function.owner)
    if constants and _is_traced(function) and not bakes_nothing(function):
        return [parameter for _, parameter in held]
    if not _writes(function.inlined_graph.nodes()):
        return []
    met = {path for flow in flows.values() for path in (*flow.live, *flow.dead)}
    return [parameter for path, parameter in held if ("", *path) in met]


def _writes(nodes: Iterator[Any]) -> bool:
    """Say whether some node writes into memory: by torch's own schema, or into an attribute."""
    return any(
        node.kind() == "prim::SetAttr"
        or "!" in str(node.schema())
        or any(_writes(block.nodes()) for block in node.blocks())
        for node in nodes
    )


def folded_of(script: Any, whole: bool) -> list[Tensor]:
    """Return the parameters whose values may be in what a script becomes once it is frozen: those
    that it reads; all of them where not only ``forward`` is kept or that is not seen.
    """
    flows = None if whole else flows_of(script)
    parameters = script.named_parameters()
    if flows is None or _is_traced(script) or "prim::CallMethod" in str(script.inlined_graph):
        return [parameter for _, parameter in parameters]
    read = {path for flow in flows.values() for path in (*flow.live, *flow.dead)}
    return [parameter for name, parameter in parameters if ("", *name.split(".")) in read]


def _is_traced(function: Any) -> bool:
    nodes = function.inlined_graph.nodes()
    return any(_is_sized(value) for node in nodes for value in node.outputs())


def _is_sized(value: Any) -> bool:
    """Say whether the sizes of a value are known: those of what a trace has seen are."""
    kind = value.type()
    return kind.kind() == "TensorType" and kind.sizes() is not None


def constants_of(function: Any) -> list[Any]:
    """Return the tensors and numbers that a scripted or traced function has as constants: what
    freezing or tracing took in.
    """
    constants: list[Any] = []
    try:
        graph = function.inlined_graph
        for node in graph.findAllNodes("prim::Constant", recurse=True):
            kind = node.kindOf("value") if node.hasAttribute("value") else ""
            if kind in ("t", "f"):
                constants.append(getattr(node, kind)("value"))
    except (RuntimeError, AttributeError):
        return []
    return [torch_inside.item(value) if _is_number(value) else value for value in constants]


def _is_number(value: Any) -> bool:
    return isinstance(value, Tensor) and not value.dim() and value.is_floating_point()


def _read(graph: Any) -> Flows:
    flows = Flows()
    given = list(graph.inputs())
    method = (
        bool(given)
        and str(given[0].type()).startswith("__torch__")
        and given[0].debugName().startswith(("self", "s"))
    )
    for position, value in enumerate(given):
        if method and position == 0:
            flows[value.debugName()] = MadeOf(module=("",))
        else:
            path = (str(position - method),)
            flows[value.debugName()] = MadeOf({path})
    _follow(graph.nodes(), flows, [])
    results = [_of(value, flows) for value in graph.outputs()]
    flows.results = tuple(
        part
        for result in results
        for part in result.parts or [*result.entries.values()] or [result]
    )
    return flows


class _Mode(NamedTuple):
    kind: CutKind
    line: ScriptLine | None


def _follow(nodes: Iterator[Any], flows: Flows, modes: list[_Mode]) -> None:
    """Go through the nodes of a block; ``modes`` are the blocks without grad that are entered."""
    for node in nodes:
        given = [_of(value, flows) for value in node.inputs()]
        match node.kind():
            case "prim::Enter":
                mode = _mode_of(node)
                modes += [] if mode is None else [mode]
            case "prim::Exit":
                if modes and _mode_of(node) is not None:
                    modes.pop()
            case "prim::GetAttr" if given[0].module is not None:
                (out,) = node.outputs()
                path = (*given[0].module, node.s("name"))
                flows[out.debugName()] = flows.attributes.get(path) or _attribute(out, path)
                flows.paths[out.debugName()] = path
            case "prim::SetAttr" if given[0].module is not None:
                flows.attributes[(*given[0].module, node.s("name"))] = given[1]
            case "prim::If" | "prim::Loop" as kind:
                _branch(node, kind, given, flows, modes)
            case kind:
                _operation(node, kind, given, flows, modes)


def _attribute(value: Any, path: Path) -> MadeOf:
    """Return what an attribute of a module is made of: a tensor of itself, else it is a module."""
    kind = str(value.type())
    is_tensor = "Tensor" in kind or kind.startswith("Float")
    return MadeOf({path}) if is_tensor else MadeOf(module=path)


def _operation(
    node: Any, kind: str, given: list[MadeOf], flows: Flows, modes: Sequence[_Mode]
) -> None:
    """Note what the results of an operation are made of: of all that it is given, severed where it
    severs or stands in a block without grad.
    """
    result = _severed_by(node, kind, joined(given), modes)
    if kind in _PACKS:
        result.parts = given
    elif kind in _WRITES or (kind.startswith("aten::") and _IN_PLACE.search(kind)):
        _write(node, kind, given, result, flows)
    elif kind == "prim::DictConstruct":
        result.entries = _entries(node, given)
    parts = given[0].parts if kind in _UNPACKS and given else []
    entry = given[0].entries.get(_constant(node, 1)) if kind == _ITEM and given else None
    for position, out in enumerate(node.outputs()):
        flows[out.debugName()] = entry or (parts[position] if position < len(parts) else result)
        if kind in _VIEWS:
            flows.bases[out.debugName()] = next(iter(node.inputs())).debugName()


def _severed_by(node: Any, kind: str, given: MadeOf, modes: Sequence[_Mode]) -> MadeOf:
    """Return what an operation makes of all that it is given, severed where it severs."""
    own, mode = _SEVERING.get(kind), modes[-1] if modes else None
    severs = own or (None if mode is None else mode.kind)
    if severs is not None and given.live:
        block = None if own or mode is None else mode.line
        name = kind.rpartition("::")[2]
        return given.severed(Severing(severs, name, _line_of(node), block))
    if kind not in _LINEAR and given.live:
        given.factors |= given.dead.keys()
    return given


def _write(node: Any, kind: str, given: list[MadeOf], result: MadeOf, flows: Flows) -> None:
    """Note what is in a list, a dictionary or a tensor that an operation writes into."""
    target = next(iter(node.inputs())).debugName()
    entries = {**given[0].entries}
    if kind in _WRITES_OVER:
        result = joined(given[1:]) if result.live or not result.dead else result
    flows.write(target, result, over=kind in _WRITES_OVER)
    key = _constant(node, 1)
    if kind == _SETS and key and (entries or not (given[0].live or given[0].dead)):
        flows[target].entries = {**entries, key: given[2]}


def _entries(node: Any, given: Sequence[MadeOf]) -> dict[str, MadeOf]:
    keys = [_constant(node, position) for position in range(0, len(given), 2)]
    return dict(zip(keys, given[1::2], strict=True)) if all(keys) else {}


def _constant(node: Any, position: int) -> str:
    """Return the text that is an input of a node by its place; empty for any other value."""
    inputs = list(node.inputs())
    if position >= len(inputs):
        return ""
    maker = inputs[position].node()
    is_text = maker.kind() == "prim::Constant" and maker.hasAttribute("value")
    return str(maker.s("value")) if is_text and maker.kindOf("value") == "s" else ""


def _branch(
    node: Any, kind: str, given: Sequence[MadeOf], flows: Flows, modes: list[_Mode]
) -> None:
    blocks = list(node.blocks())
    outs = list(node.outputs())
    carried = list(given[2:]) if kind == "prim::Loop" else []
    # Once round a loop shows what it hands on, twice what becomes of that
    for _ in range(3 if carried else 1):
        results: list[list[MadeOf]] = []
        for block in blocks:
            for position, value in enumerate(
                list(block.inputs())[1:] if kind == "prim::Loop" else []
            ):
                flows[value.debugName()] = (
                    carried[position] if position < len(carried) else MadeOf()
                )
            _follow(block.nodes(), flows, modes)
            values = [_of(value, flows) for value in block.outputs()]
            results.append(values[1:] if kind == "prim::Loop" else values)
        whole = [joined(some) for some in zip(*results, strict=False)]
        carried = [joined(pair) for pair in zip(carried, whole, strict=False)] if carried else whole
    for position, out in enumerate(outs):
        flows[out.debugName()] = carried[position] if position < len(carried) else MadeOf()


def _of(value: Any, flows: Mapping[str, MadeOf]) -> MadeOf:
    return flows.get(value.debugName()) or MadeOf()


def joined(flows: Sequence[MadeOf]) -> MadeOf:
    """Return what several values together are made of."""
    whole = MadeOf()
    for flow in flows:
        whole.live |= flow.live
        whole.factors |= flow.factors
        whole.dead |= {path: kind for path, kind in flow.dead.items() if path not in whole.dead}
    return whole


def _mode_of(node: Any) -> _Mode | None:
    """Return the block without grad that is entered or left; None for any other block."""
    entered = next(iter(node.inputs()))
    kind = _MODES.get(str(entered.type()).rpartition(".")[2])
    return None if kind is None else _Mode(kind, _line_of(entered.node()))


# As torch writes down where a node is from: of what was scripted, and of what was traced
_SCRIPTED = re.compile(r'File "(.+)", line (\d+)')
_TRACED = re.compile(r"^(.+)\((\d+)\): ", re.MULTILINE)
_MARKED = re.compile(r"^(.*)\n *~+(?: <--- HERE)?$", re.MULTILINE)
_LOADED = re.compile(
    r"^Serialized  ", re.MULTILINE
)  # begins where the line stands in what was loaded


def _line_of(node: Any) -> ScriptLine | None:
    """Return the user's own line that a node is from; None where torch does not tell."""
    text, *loaded = _LOADED.split(node.sourceRange())
    first, marked = _SCRIPTED.search(text), _MARKED.search(text)
    if first is not None:
        if marked is None or level(first[1]) != USER:
            return None
        return ScriptLine(first[1], int(first[2]), marked[1].strip())
    traced = ((file, int(number)) for file, number in _TRACED.findall(text) if not loaded)
    return next((ScriptLine(*frame, "") for frame in traced if level(frame[0]) == USER), None)


def tensors_at(path: Path, function: Any, args: Sequence[Any]) -> list[Tensor]:
    """Return the tensors that a path leads to in a call of a function: one, or those of a list."""
    value: Any = None
    if path[0]:
        position = int(path[0])
        value = args[position] if position < len(args) else None
    else:
        value = function.owner
        for name in path[1:]:
            value = value.getattr(name)
    return tensors_of(value)


def tensors_of(value: Any) -> list[Tensor]:
    """Return the tensors that a script is given or gives, alone or in lists and dictionaries."""
    if isinstance(value, Tensor):
        return [value]
    items = value.values() if isinstance(value, dict) else value
    is_many = isinstance(value, (list, tuple, dict))
    return [tensor for item in (items if is_many else ()) for tensor in tensors_of(item)]


def arguments(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """Return the arguments of a call in the order of the graph's inputs."""
    names = [argument.name for argument in function.schema.arguments]
    names = names[1:] if names[:1] == ["self"] else names
    return [*args, *(kwargs.get(name) for name in names[len(args) :])]
