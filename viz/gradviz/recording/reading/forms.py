"""What of a value has none of its numbers: its form, as it left torch, and its place in memory."""

import ast
from enum import StrEnum

from gradviz.recording.reading.parts import name_of

_FORM = frozenset(
    "shape size ndim dim numel nelement nbytes itemsize element_size stride strides dtype device"
    " layout flags is_contiguous storage_offset is_cuda __len__".split()
)
_SAME_FORM = frozenset("numpy detach cpu cuda tolist tobytes copy clone T".split())
_LEAVE = _SAME_FORM | frozenset("asarray array ascontiguousarray untyped_storage storage".split())
_OF_FORM = frozenset("shape size ndim zeros_like ones_like empty_like full_like is_tensor".split())
_PACKAGES = frozenset(("np", "numpy", "torch"))
_TYPES = frozenset("isinstance issubclass type hasattr callable".split())
_AS_MANY = frozenset("list tuple sorted memoryview".split())
_GROUPS = _AS_MANY | {"set", "frozenset"}  # of addresses; how many values differ, these say


class Followed(StrEnum):
    """What is known of a value that is followed."""

    VALUE = "value"  # it may be anything of what left
    WHOLE = "whole"  # as it left: its form is none of its numbers
    ADDRESS = "address"  # where it lies in memory: only who reads that has its numbers


def followed_from(exit: ast.AST) -> Followed:
    """Return what is known of the value of an expression by which a value leaves torch."""
    name = name_of(exit) if isinstance(exit, ast.Call) else ""
    if name == "data_ptr":
        return Followed.ADDRESS
    return Followed.WHOLE if name in _LEAVE else Followed.VALUE


def takes_none(node: ast.AST, parent: ast.AST, followed: Followed) -> bool:
    """Say whether an expression takes nothing of the numbers of one that it is made of."""
    if isinstance(parent, ast.Call) and node in parent.args:
        return _calls_for_none(node, parent, followed)
    return followed is Followed.WHOLE and isinstance(parent, ast.Attribute) and parent.attr in _FORM


def _calls_for_none(node: ast.AST, call: ast.Call, followed: Followed) -> bool:
    name = name_of(call)
    if isinstance(call.func, ast.Name):
        return name in _TYPES or (name == "len" and followed is not Followed.VALUE)
    if not isinstance(call.func, ast.Attribute) or node is not call.args[0]:
        return False
    owner = call.func.value
    of_package = isinstance(owner, ast.Name) and owner.id in _PACKAGES
    return followed is Followed.WHOLE and of_package and name in _OF_FORM


def _is_written(index: ast.AST) -> bool:
    """Say whether an index is written as it is: of what it takes the form is then known."""
    parts = (ast.Constant, ast.Slice, ast.Tuple, ast.UnaryOp, ast.USub, ast.Load)
    return all(isinstance(part, parts) for part in ast.walk(index))


def onward(node: ast.AST, parent: ast.AST, followed: Followed) -> Followed:
    """Return what is known of an expression by what is known of one that it is made of."""
    if isinstance(parent, ast.Attribute) and parent.attr == "data_ptr":
        return Followed.ADDRESS
    if isinstance(parent, ast.Call):
        kept = _GROUPS if followed is Followed.ADDRESS else _AS_MANY
        named = isinstance(parent.func, (ast.Name, ast.Attribute))
        same = named and (node is parent.func or name_of(parent) in kept)
        return followed if same else Followed.VALUE
    if followed is Followed.ADDRESS:
        groups = (ast.Tuple, ast.List, ast.Set, ast.Starred, ast.BinOp, ast.ListComp, ast.SetComp)
        return followed if isinstance(parent, (*groups, ast.GeneratorExp)) else Followed.VALUE
    same = isinstance(parent, ast.Attribute) and parent.attr in _SAME_FORM
    placed = isinstance(parent, ast.Subscript) and _is_written(parent.slice)
    return followed if same or placed else Followed.VALUE
