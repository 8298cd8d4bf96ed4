"""What parameters are called, now and before, as the backward calls found them.

Parameters are known by identity; models are held weakly.
"""

import weakref
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from gradviz.facts.training import Heir
from gradviz.graph import Parameter, Place
from gradviz.judging.lodgers import lodgers
from gradviz.judging.model_names import Names
from gradviz.recording import torch_inside
from gradviz.training.bequests import Bequests
from gradviz.training.optimizers import Optimizers
from gradviz.training.owners import Owners
from gradviz.training.sampling import has_values
from gradviz.training.switches import Switches


class Identities:
    """The names of all parameters that were reported on.

    Attributes:
        names: Of parameters by identity, as of the last call.
        paths: Of modules by identity.
        switches: Modules with an attribute ``requires_grad = True``.
        joined: Parameters that the last call has found, and none before it, in a model of which
            one had found others.
        numels: How many elements each has, by name.
        inside: Names of what lies in the memory of each parameter, by its name.
        fed: The same of their gradients, as they were after the last call.
    """

    def __init__(self, owners: Owners) -> None:
        self.names: dict[int, str] = {}
        self.paths: dict[int, str] = {}
        self.switches = Switches()
        self.joined: list[Tensor] = []
        self.numels: dict[str, int] = {}
        self.inside: dict[str, tuple[str, ...]] = {}
        self.fed: dict[str, tuple[str, ...]] = {}
        self._first_names: dict[str, str] = {}  # by every name of each parameter
        self._owners = owners
        self._former: dict[int, str] = {}  # names of every call
        self._heirs: dict[int, tuple[str, ...]] = {}  # what all stands for one that was replaced
        self._replaced: dict[int, Place | None] = {}  # with their model, and by which line
        self._bequests = Bequests(owners)
        self._roots: dict[str, Callable[[], Any]] = {}
        self._modules: dict[int, weakref.ref[nn.Module]] = {}  # that hold each, as of the last call

    def take(
        self, reported: Mapping[str, Parameter], names_before: Names, roots: Mapping[str, Any]
    ) -> list[Tensor]:
        """Take note of what a backward call found, and return its parameters.

        Args:
            reported: What its report is about, by name.
            names_before: The names of parameters and modules.
            roots: The models by name.
        """
        tensors = {
            name: tensor for name, tensor in names_before.tensors.items() if name in reported
        }
        self.names = {id(tensor): name for name, tensor in tensors.items()}
        self.joined = self._joined(tensors)
        self._former.update(
            {
                key: names[0]
                for key, names in names_before.parameters.items()
                if names[0] in reported
            }
        )
        self.inside = lodgers(tensors)
        own = {name: tensor.grad for name, tensor in tensors.items() if self.inside}
        self.fed = lodgers({name: grad for name, grad in own.items() if grad is not None})
        self._first_names = {
            other: name
            for name, tensor in tensors.items()
            for other in names_before.parameters.get(id(tensor), (name,))
        }
        self.paths = dict(names_before.modules)
        self.switches.paths = list(names_before.switched_on)
        self.numels.update(
            {name: tensor.numel() for name, tensor in tensors.items() if has_values(tensor)}
        )
        self._roots = {
            name: weakref.ref(root) for name, root in roots.items() if isinstance(root, nn.Module)
        }
        self._modules = _holders(root for root in roots.values() if isinstance(root, nn.Module))
        return list(tensors.values())

    def _joined(self, tensors: Mapping[str, Tensor]) -> list[Tensor]:
        """Return those that no call before has found, of models of which one has found others."""
        former = {name for name, tensor in tensors.items() if id(tensor) in self._former}
        roots = {name.partition(".")[0] for name in former}
        return [
            tensor
            for name, tensor in tensors.items()
            if name not in former and name.partition(".")[0] in roots
        ]

    def followers(self, before: Mapping[int, str], rebound: Container[str]) -> dict[int, int]:
        """Return for each tensor that was made anew of itself the identity that it had.

        Args:
            before: The names of all parameters before this call.
            rebound: Names of those that were made anew.
        """
        keys = {name: key for key, name in before.items() if name in rebound}
        return {
            key: keys[name]
            for key, name in self.names.items()
            if name in keys and keys[name] != key
        }

    def gone(self, optimizers: Optimizers) -> frozenset[int]:
        """Return the identities of what went with its module since the last call.

        A parameter of a model that is built anew may get the identity of one of the model before.
        """
        held = frozenset(map(id, optimizers.parameters()))
        return frozenset(key for key, module in self._modules.items() if module() is None) - held

    def keep(self, alive: Container[int]) -> None:
        """Forget all parameters but these, given by identity: others may get that of one gone."""
        self.names = {key: name for key, name in self.names.items() if key in alive}
        self._former = {key: name for key, name in self._former.items() if key in alive}
        self._heirs = {key: names for key, names in self._heirs.items() if key in alive}
        self._replaced = {key: place for key, place in self._replaced.items() if key in alive}
        self._bequests.keep(alive)

    def parameters(self) -> Iterator[Tensor]:
        """Yield those of models that are still there."""
        for reference in self._roots.values():
            root = reference()
            if root is not None:
                yield from torch_inside.all_parameters_of(root)

    def came_later(self, optimizers: Optimizers) -> dict[str, bool]:
        """Return the parameters of models that have gradient and that no call that was watched has
        found, with whether an optimizer holds them.
        """
        held = frozenset(map(id, optimizers.parameters()))
        later: dict[str, bool] = {}
        for name, reference in self._roots.items():
            root = reference()
            self.switches.look(root, self.paths)
            for path, parameter in () if root is None else torch_inside.named_parameters_of(root):
                if parameter.grad is not None and id(parameter) not in self._former:
                    later[f"{name}.{path}"] = id(parameter) in held
        return later

    def look_inside(self) -> None:
        """See what lies in the memory of parameters now."""
        there = {
            self.names[id(tensor)]: tensor
            for tensor in self.parameters()
            if id(tensor) in self.names
        }
        if len(there) == len(self.names):
            self.inside = lodgers(there)

    def inherit(
        self, tensors: Iterable[Tensor], heirs: Mapping[str, Heir], optimizers: Optimizers
    ) -> None:
        """Take note of what was made of parameters that no model has any more.

        Args:
            tensors: Those of the last call.
            heirs: What it shows to be made of each that it cuts off, by name.
            optimizers: All there are.
        """
        there = frozenset(map(id, self.parameters()))
        named = {self.names[id(tensor)]: tensor for tensor in tensors}
        self._bequests.take(named, there, heirs, optimizers)

    def replaced(
        self, names: Mapping[int, tuple[str, ...]], place: Place | None, paths: Mapping[int, str]
    ) -> None:
        """A model stands where another stood whose parameters an optimizer still holds.

        Nothing is taken where some of these are known to have stood in a model that is there, or
        not known to have been any module's: copies that a script steps in place of its model.

        Args:
            names: What stands there for each of these, by identity.
            place: The line that put it there; None where that was not seen.
            paths: Those of modules, by identity.
        """
        if not any(
            self._name_before(key, paths) or not self._owners.is_of_module(key) for key in names
        ):
            self._former.update({key: own[0] for key, own in names.items()})
            self._heirs.update(names)
            self._replaced.update(dict.fromkeys(names, place))

    def replaced_at(self, new: int, old: int) -> Place | None:
        """Return the line that put one parameter where another stood; None where none was seen."""
        if self._bequests.is_left(old):
            return self._bequests.line_of(old)
        if old in self._replaced:
            return self._replaced[old]
        return self._owners.replaced_at(new, old, self.paths)

    def renamed(
        self,
        roots: Mapping[str, Any],
        names: Names,
        called: Callable[[nn.Module], str] = lambda module: "",
    ) -> dict[str, Any]:
        """Return the models with what was in one of them and is no longer by the name it had.

        Where another stands there, without it.

        Args:
            roots: Models, and tensors that optimizers hold and no model has, by name.
            names: The names of all parameters, these tensors among them.
            called: Returns what a module is called that has no parameter any more; empty where no
                variable leads to it.
        """
        renamed: dict[str, Any] = {}
        for name, root in roots.items():
            before = None
            if isinstance(root, Tensor):
                first = names.parameters[id(root)][0]  # a whole parameter has the name of its shard
                before = first if first != name else self._name_before(id(root), names.modules)
                before = before or self._name_in(self._owners.outermost(id(root)), root, called)
            if before is None or before == name:
                renamed[name] = root
            else:
                self._former[id(root)] = before
                every = [own for several in names.parameters.values() for own in several]
                every.remove(name)
                if not self._successors(id(root), before, every, names.modules):
                    renamed[before] = root
        return renamed

    def _name_in(
        self, module: nn.Module | None, tensor: Tensor, called: Callable[[nn.Module], str]
    ) -> str | None:
        """Return the name that a tensor had in a module that no variable may lead to."""
        name = "" if module is None else called(module)
        return self._owners.name_of(id(tensor), {id(module): name}) if name else None

    def _successors(
        self, key: int, name: str, now: Iterable[str], paths: Mapping[int, str]
    ) -> list[str]:
        """Return which parameters stand where one of that name and identity stood: by that name, or
        in a module that was put where that of it was.
        """
        now = list(now)
        own = _successors(name, now)
        place = None if own else self._owners.taken_over(key, paths)
        return own or [other for other in now if place and other.startswith(f"{place}.")]

    def _name_before(self, key: int, paths: Mapping[int, str]) -> str | None:
        return self._former.get(key) or self._owners.name_of(key, paths)

    def stale(self, optimizers: Optimizers) -> dict[str, tuple[int, int]]:
        """Return which parameter stands where what an optimizer holds stood.

        The identities of that, and of the optimizer.
        """
        stale: dict[str, tuple[int, int]] = {}
        # By hand, from what stands there: so it steps what it is to step
        fed = {id(tensor) for tensor in optimizers.parameters() if tensor.grad is not None}
        stepped = {self.names.get(id(tensor)) for tensor in optimizers.parameters()}
        for key, record in optimizers.records.items():
            for held in record.held:
                if held in self._replaced and held in fed:
                    continue
                name = None if held in self.names else self._name_before(held, self.paths)
                now = (
                    ()
                    if name is None
                    else self._successors(held, name, self._first_names, self.paths)
                )
                for successor in (*now, *self._heirs.get(held, ())):
                    first = self._first_names.get(successor, successor)
                    if first not in stepped:  # by what was given the optimizer since
                        stale.setdefault(first, (held, key))
        for name, identities in chain(
            self._bequests.stale(self.names, optimizers), self._ousted(stepped, optimizers)
        ):
            stale.setdefault(name, identities)
        return stale

    def _ousted(
        self, stepped: Container[str | None], optimizers: Optimizers
    ) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield what was put where a parameter stood after an optimizer was made that holds that,
        though it stands elsewhere still, tied to that place before.
        """
        unheld = [(new, name) for new, name in self.names.items() if name not in stepped]
        for key, record in optimizers.records.items() if unheld else ():
            if record.born is not None:
                for new, name in unheld:
                    old = self._owners.put_in_place_of(new, record.born)
                    if old in record.held and old in self.names:
                        yield name, (old, key)

    def is_inherited(self, key: int, optimizers: Optimizers) -> bool:
        """Say whether an optimizer holds what was made of a parameter that no model has."""
        return self._bequests.is_inherited(key, self.names, optimizers)

    def stale_in(self, optimizer: Optimizer, optimizers: Optimizers) -> list[str]:
        """Return what stands where others stood that an optimizer holds still, by name."""
        optimizers.record(optimizer).update()
        return [name for name, (_, key) in self.stale(optimizers).items() if key == id(optimizer)]


def _holders(roots: Iterable[nn.Module]) -> dict[int, weakref.ref[nn.Module]]:
    """Return the modules that hold each parameter of some models, by its identity."""
    return {
        id(parameter): weakref.ref(module)
        for root in roots
        for module in torch_inside.modules_of(root)
        for parameter in torch_inside.parameters_of(module).values()
        if parameter is not None
    }


def _successors(name: str, now: Iterable[str]) -> list[str]:
    """Return which parameters stand where one of that name stood.

    Itself, or what a parametrization of it is made of.
    """
    now = list(now)
    if name in now:
        return [name]
    module, _, own = name.rpartition(".")
    parts = (
        (f"{module}.{own}_", f"{module}.parametrizations.{own}.")
        if module
        else (f"{own}_", f"parametrizations.{own}.")
    )
    return [other for other in now if other.startswith(parts)]
