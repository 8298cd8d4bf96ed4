"""Everything private of torch that gradviz touches, in one room.

A file for each area. Each lists as ``ABILITIES`` what it needs: why, the versions it was seen in,
and what its loss costs. What a torch does not have is replaced by something that costs that one
ability, never the run and never the import; reports say so (:func:`notes`). The names below are
all that the rest of gradviz uses of it.
"""

import torch

from gradviz.recording.torch_inside import autograd, compilers, modes, modules, tensors
from gradviz.recording.torch_inside.ability import (
    NEWEST_TRIED,
    Ability,
    is_newer,
)
from gradviz.recording.torch_inside.autograd import (
    ACCUMULATOR,
    CHECKPOINT_NODE,
    ENGINE,
    HANDS_THROUGH,
    HAVE_NODE_HOOKS,
    HOOK_NODE,
    NUMBERED,
    READS_SAVED,
    REGISTERS_AT_NODES,
    CheckpointFunction,
    backward_is_compiled,
    current_node,
    function_saved,
    graph_was_freed,
    is_view,
    node_number,
    result_of,
    saved_list,
    saved_names,
    saved_tensor,
    sequence_number,
)
from gradviz.recording.torch_inside.called import (
    FOREACH,
    INDICES,
    MAKES_A_DUAL,
    REDUCES,
    SUBCLASSES,
    TAKES_A_DUAL,
    VALUES,
)
from gradviz.recording.torch_inside.compilers import (
    SCRIPTED,
    body_of,
    has_own_kernel,
    is_transforming,
    is_wrapped,
    names_in_script,
    parameters_of_script,
    putting_stance_back,
    something_is_compiled,
    unwrapped,
    written_by_schema,
)
from gradviz.recording.torch_inside.files import (
    AVERAGES,
    CONTEXTLIB,
    DECIDES_NOTHING,
    DERIVATIVES,
    FILES,
    FLAT_PARAMETERS,
    FOLDED,
    FOLDER,
    FUNCTIONAL,
    GRAD_MODE,
    GRAPHS,
    OF_ITS_OWN,
    OPTIMIZERS,
    OVERRIDES,
    REGIONS,
    SAMPLE,
    TRACER,
    TRANSFORMS,
)
from gradviz.recording.torch_inside.modes import (
    HAND_OVER,
    PLAIN_RESULTS,
    RECORD_FUNCTION,
    SET_GRAD_ENABLED,
    dispatch_modes,
    is_opaque,
    modes_that_end,
    modes_within,
    other_modes,
    push,
    set_grad_enabled,
    taken_out,
    taking_out,
    without_dispatch,
    without_dispatch_modes,
    without_torch_function,
)
from gradviz.recording.torch_inside.modules import (
    AFTER_STEPS,
    AT_MODULES,
    AT_PARAMETERS,
    BEFORE_STEPS,
    CALL_MODULE,
    MODULE_HOOKS,
    PARTS,
    STATE_DICT,
    all_parameters_of,
    backward_hooks_of,
    buffers_of,
    children_of,
    is_compiled,
    is_initialized,
    modules_of,
    named_parameters_of,
    parameters_of,
)
from gradviz.recording.torch_inside.schedulers import rates_given
from gradviz.recording.torch_inside.sharded import (
    holds_zeros,
    in_use,
    is_sharded,
    is_unit,
    own_part,
    parts_of,
    wholes,
)
from gradviz.recording.torch_inside.tensors import (
    ENTRANCES,
    SWAPS,
    TensorBase,
    detach,
    has_data,
    hooks_after,
    implementation,
    item,
    may_share,
    numpy,
    set_version,
    storage_address,
    tolist,
    version,
    view_base,
)

ABILITIES = (
    *autograd.ABILITIES,
    *modes.ABILITIES,
    *tensors.ABILITIES,
    *modules.ABILITIES,
    *compilers.ABILITIES,
)


def missing() -> tuple[Ability, ...]:
    """Return the abilities that this torch leaves gradviz without."""
    return tuple(ability for ability in ABILITIES if ability.missing)


def notes() -> tuple[str, ...]:
    """Return what a report has to say of this torch.

    A sentence for each ability that is missing.
    """
    return _NOTES


_NOTES = tuple(
    f"torch {torch.__version__} has no {' or '.join(f'torch.{path}' for path in ability.missing)}."
    f" {ability.cost}"
    for ability in missing()
)
