"""Modules: what they hold, their calls, and the hooks that torch calls for all of them and for
optimizers.

What a module holds is read from where it is kept, since the methods that list it may be overridden
and skip what repeats.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from gradviz.recording.torch_inside.ability import Ability, private_code

CALLS = Ability(
    ("nn.Module._call_impl.__code__",),
    "the frame of a module's call says which module runs",
    "2.6 to 2.15",
    "The modules that operations run in are not known.",
)

STATES = Ability(
    ("nn.Module._save_to_state_dict.__code__",),
    "state_dict() detaches what it copies, which is no cut of the user's",
    "2.6 to 2.15",
    "What state_dict() copies may be named as detached in torch's own line.",
)

ABILITIES = (CALLS, STATES)

CALL_MODULE = private_code("nn.Module._call_impl.__code__")
STATE_DICT = private_code("nn.Module._save_to_state_dict.__code__")


def _holder(module: nn.Module) -> nn.Module:
    """Return what holds a module's parts.

    Of a traced one, the script module that it was compiled to.
    """
    holder: nn.Module = module.__dict__.get("_actual_script_module", module)
    return holder


def parameters_of(module: nn.Module) -> dict[str, Tensor | None]:
    """Return the parameters of one module by name.

    Those of one whose ``__init__`` has not got so far are none.
    """
    return _as_dict(_holder(module).__dict__.get("_parameters"))


def buffers_of(module: nn.Module) -> dict[str, Tensor | None]:
    """Return the buffers of one module by name."""
    return _as_dict(_holder(module).__dict__.get("_buffers"))


def children_of(module: nn.Module) -> dict[str, nn.Module | None]:
    """Return the modules that one module holds, by name."""
    return _as_dict(_holder(module).__dict__.get("_modules"))


def _as_dict(parts: Any) -> dict[str, Any]:
    """Return a module's parts; a script module has them in something that is like a dict."""
    return parts if isinstance(parts, dict) else dict(parts.items() if parts is not None else ())


def modules_of(module: nn.Module) -> Iterator[nn.Module]:
    """Yield a module and all that it holds, each once, also where one is inside itself."""
    met, stack = {id(module)}, [module]
    while stack:
        inner = stack.pop()
        yield inner
        for child in reversed(children_of(inner).values()):
            if child is not None and id(child) not in met:
                met.add(id(child))
                stack.append(child)


def all_parameters_of(module: nn.Module) -> Iterator[Tensor]:
    """Yield the parameters of a module and of all that it holds."""
    for inner in modules_of(module):
        yield from (
            parameter for parameter in parameters_of(inner).values() if parameter is not None
        )


def named_parameters_of(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the parameters of a module and of all that it holds, each once with its path."""
    met, stack = {id(module)}, [("", module)]
    while stack:
        path, inner = stack.pop()
        for name, parameter in parameters_of(inner).items():
            if parameter is not None and id(parameter) not in met:
                met.add(id(parameter))
                yield f"{path}{name}", parameter
        for name, child in reversed(children_of(inner).items()):
            if child is not None and id(child) not in met:
                met.add(id(child))
                stack.append((f"{path}{name}.", child))


def is_initialized(module: nn.Module) -> bool:
    """Say whether ``nn.Module.__init__`` has run."""
    return "_modules" in module.__dict__


def is_compiled(module: nn.Module) -> bool:
    """Say whether a module is what ``torch.compile`` made of another, or was compiled in place."""
    return (
        "_orig_mod" in children_of(module) or module.__dict__.get("_compiled_call_impl") is not None
    )


# Methods that register a hook on a module's backward, and where the module keeps it; with _global
# in front, where torch.nn.modules.module keeps those of all modules. As in 2.6 to 2.15; where one
# is gone, its hooks are named by the line of the forward
MODULE_HOOKS: Mapping[str, str] = {
    "register_full_backward_hook": "_backward_hooks",
    "register_full_backward_pre_hook": "_backward_pre_hooks",
    "register_backward_hook": "_backward_hooks",
}


def backward_hooks_of(module: nn.Module, method: str) -> tuple[Any, ...]:
    """Return the hooks on the backward of a module that a method registered, its own first."""
    name = MODULE_HOOKS[method]
    own = module.__dict__.get(name) or {}
    shared = getattr(torch.nn.modules.module, f"_global{name}", {})
    return (*own.values(), *shared.values())


# How a module's __dict__ holds its parts
PARTS = frozenset(("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"))

# Hooks that torch calls for every optimizer or module: where the module of the function that adds
# one keeps them, in 2.6 to 2.15, and that function
BEFORE_STEPS = ("_global_optimizer_pre_hooks", register_optimizer_step_pre_hook)
AFTER_STEPS = ("_global_optimizer_post_hooks", register_optimizer_step_post_hook)
AT_PARAMETERS = (
    "_global_parameter_registration_hooks",
    register_module_parameter_registration_hook,
)
AT_MODULES = ("_global_module_registration_hooks", register_module_module_registration_hook)
