"""What runs code that is not Python any more: TorchScript, torch.compile, torch.func, torch.ops."""

import importlib
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gradviz.recording.torch_inside.ability import Ability, private

FUNCTIONAL = Ability(
    (
        "_C._functorch.peek_interpreter_stack",
        "_C._functorch.is_functorch_wrapped_tensor",
        "_C._functorch.get_unwrapped",
    ),
    "torch.func wraps the tensors of a function, and the history of the step is that of the"
    " tensor under all wrappers",
    "2.6 to 2.15",
    "What is cut inside torch.func (grad, vmap, jacrev ...) is not seen.",
)

SCRIPTS = Ability(
    ("_C.ScriptFunction", "_C.ScriptMethod"),
    "what TorchScript runs reaches no mode, so its graph is read",
    "2.6 to 2.15",
    "What TorchScript cuts is not seen.",
)

SCRIPT_PARTS = Ability(
    ("_C.ParameterDict", "_C.ModuleDict"),
    "a parameter that torch.jit.trace may have made a constant of is not called unused",
    "2.6 to 2.15",
    "A parameter that torch.jit.trace made a constant of is called unused.",
)

BODIES = Ability(
    ("_library.custom_ops.OPDEFS",),
    "what the body of a custom operator may read without being given it is not called unused",
    "2.6 to 2.15",
    "A parameter that only the body of a custom operator reads is called unused.",
)

ABILITIES = (FUNCTIONAL, SCRIPTS, SCRIPT_PARTS, BODIES)

# TorchScript: what a scripted or traced function and a method of a scripted module are called by;
# 2.6 to 2.15
SCRIPTED: tuple[Any, ...] = tuple(
    kind for kind in map(private, SCRIPTS.paths) if kind is not None and "__call__" in vars(kind)
)
_held_parameters, _held_modules = map(private, SCRIPT_PARTS.paths)


def parameters_of_script(owner: Any) -> list[tuple[tuple[str, ...], Tensor]]:
    """Return the parameters of what a scripted method belongs to, by path; empty where this torch
    does not tell.
    """
    if _held_parameters is None or _held_modules is None:
        return []
    inner = [
        ((name, *path), parameter)
        for name, module in _held_modules(owner).items()
        for path, parameter in parameters_of_script(module)
    ]
    return [*(((name,), parameter) for name, parameter in _held_parameters(owner).items()), *inner]


def names_in_script(owner: Any) -> tuple[set[str], set[str]] | None:
    """Return the names of parameters and modules in what a scripted method belongs to, and the
    names of the classes of all of it; None where this torch does not tell.
    """
    if _held_parameters is None or _held_modules is None or not hasattr(owner, "_type"):
        return None
    names = {name for name, _ in _held_parameters(owner).items()}
    classes = {owner._type().qualified_name()}
    for name, module in _held_modules(owner).items():
        inner = names_in_script(module)
        if inner is None:
            return None
        names |= {name, *inner[0]}
        classes |= inner[1]
    return names, classes


# torch.func

_running_transform, _is_wrapper, _unwrapped = map(private, FUNCTIONAL.paths)


def is_transforming() -> bool:
    """Say whether a transform of torch.func is running in this thread."""
    return _running_transform is not None and _running_transform() is not None


def is_wrapped(tensor: Tensor) -> bool:
    """Say whether a transform of torch.func has wrapped a tensor."""
    return _is_wrapper is not None and _unwrapped is not None and bool(_is_wrapper(tensor))


def unwrapped(tensor: Tensor) -> Tensor:
    """Return the tensor under the outermost wrapper of torch.func."""
    inner: Tensor = _unwrapped(tensor)
    return inner


# Compiling: what torch._dynamo has, if it was imported, which takes a second; 2.6 to 2.15. Without
# it, compiled code is taken to be there as soon as that is imported, and has torch's default stance
# after a trace.


def something_is_compiled() -> bool:
    """Say whether something may have been compiled."""
    module = sys.modules.get("torch._dynamo.eval_frame")
    if module is None:
        return False
    # None stands for what is never to be compiled
    backends = getattr(module, "cached_backends", None)
    return backends is None or any(backend is not None for backend in backends.values())


def putting_stance_back() -> Callable[[], object]:
    """Return what gives the compiler back the stance that it has now.

    In one call into C where torch keeps it where 2.6 to 2.15 do.
    """
    compiler = importlib.import_module("torch._dynamo.eval_frame")
    if hasattr(compiler, "_stance"):
        return partial(setattr, compiler, "_stance", compiler._stance)
    return partial(torch.compiler.set_stance, "default")


# Operators


# The dispatch keys of kernels that compute
_KERNELS = (
    "CPU CUDA MPS XPU CompositeExplicitAutograd CompositeImplicitAutograd Autograd AutogradCPU"
    " AutogradCUDA"
).split()


def body_of(func: Any) -> Any:
    """Return the Python function that an operator of ``torch.library.custom_op`` runs; None for any
    other function.
    """
    schema = getattr(func, "_schema", None)
    name = getattr(schema, "name", None) or getattr(func, "_qualified_op_name", "")
    return getattr((private(BODIES.paths[0]) or {}).get(name), "_init_fn", None)


def has_own_kernel(func: Any) -> bool:
    """Say whether an operator of ``torch.ops`` has a kernel in Python, from ``Library.impl``.

    ``library._impls`` is private; seen in 2.6 to 2.15. Without it, what such a kernel reads is said
    to be unused.
    """
    schema = getattr(func, "_schema", None)
    name = getattr(schema, "name", None) or getattr(func, "_qualified_op_name", None)
    made = private("library._impls") or ()
    return isinstance(name, str) and any(
        f"{name.replace('::', '/')}/{key}" in made for key in _KERNELS
    )


def written_by_schema(func: Any) -> list[tuple[int, str]]:
    """Return position and name of each argument that an operator of ``torch.ops`` declares to
    write.

    ``_schema`` and ``alias_info`` are private; seen in 2.6 to 2.15. Without them, what a custom
    operator writes is not followed.
    """
    if not hasattr(func, "_schema") and callable(getattr(func, "overloads", None)):
        func = getattr(func, next(iter(func.overloads()), ""), None)
    arguments = getattr(getattr(func, "_schema", None), "arguments", ())
    if not isinstance(arguments, (list, tuple)):
        return []  # something that has an attribute of any name, as a mock
    aliases = [getattr(argument, "alias_info", None) for argument in arguments]
    writes = [place for place, alias in enumerate(aliases) if alias is not None and alias.is_write]
    return [(place, arguments[place].name) for place in writes]
