"""Loops that run through many modules, and after which module each of their operations comes."""

from collections.abc import Hashable, Sequence

from gradviz.folding.flow import Flow
from gradviz.folding.modules import Modules, Room, Rooms
from gradviz.folding.opening import NodeKey
from gradviz.graph import NodeKind

STAGES = 4  # modules between which a loop may run and still be one box


def stages_of(
    flow: Flow, modules: Modules, rooms: Rooms, keys: Sequence[NodeKey]
) -> dict[int, Room]:
    """Return, for each operation of a loop that runs through many modules, the module it comes
    after.

    Told as one box such a loop would be a hub, with a line to each of the modules and back.
    """
    shown = [rooms.of[module].shown for module in modules.of]
    if len(set(shown)) <= STAGES:
        return {}
    # Of what comes before, in another room: its distance from the loss, and itself
    nearest: list[tuple[int, int] | None] = [None] * len(shown)
    for index in sorted(range(len(shown)), key=lambda index: -flow.distance[index]):
        for source in (
            edge.source
            for edge in flow.into[index]
            if flow.nodes[edge.source].kind is NodeKind.OPERATION
        ):
            stage = (
                nearest[source]
                if shown[source] is shown[index]
                else (flow.distance[source], source)
            )
            nearest[index] = min(filter(None, (stage, nearest[index])), default=None)
    stages = {
        node.index: shown[stage[1]]
        for node, stage in zip(flow.nodes, nearest, strict=True)
        if stage
        and shown[node.index].is_open
        and node.kind is NodeKind.OPERATION
        and node.index not in flow.cut_nodes
    }
    loops: dict[Hashable, set[Room]] = {}
    loop_of = {index: (keys[index][shown[index].spread], shown[index]) for index in stages}
    for index, room in stages.items():
        loops.setdefault(loop_of[index], set()).add(room)
    return {index: room for index, room in stages.items() if len(loops[loop_of[index]]) > STAGES}
