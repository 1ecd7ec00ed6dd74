"""The cattrs converter, which makes objects of what users write, or says where it is wrong and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from unibatch.core.structuring import StructureError

T = TypeVar("T")


def _exactly(*accepted: type) -> Callable[[Any, Any], Any]:
    """A hook that takes a value of exactly these types as it is, and refuses one that would have to be converted."""

    def hook(value: Any, _: Any) -> Any:
        if type(value) not in accepted:
            raise TypeError(f"expected {accepted[0].__name__}, got {type(value).__name__}")
        return value

    return hook


def _first_problem(exc: BaseException, path: str = "$") -> StructureError:
    """The first of the problems that cattrs collected, with its path."""
    if isinstance(exc, cattrs.ForbiddenExtraKeysError):
        return StructureError(f"{path}.{min(exc.extra_fields)}", "unknown key")
    if isinstance(exc, cattrs.BaseValidationError):
        inner = exc.exceptions[0]
        for note in getattr(inner, "__notes__", ()):
            if isinstance(note, cattrs.AttributeValidationNote):
                path = f"{path}.{note.name}"
            elif isinstance(note, cattrs.IterableValidationNote):
                path = f"{path}[{note.index!r}]" if isinstance(note.index, int) else f"{path}.{note.index}"
        return _first_problem(inner, path)
    if isinstance(exc, KeyError):
        return StructureError(path, "missing")
    if isinstance(exc, AttributeError):  # of a method that only a mapping has
        return StructureError(path, "not a table")
    return StructureError(path, str(exc))


def _structure_table(cls: type[T], made: cattrs.Converter) -> Callable[[Any, Any], T]:
    """A hook that makes a ``cls`` of a mapping, and refuses anything else."""
    fill = make_dict_structure_fn(cls, made, _cattrs_forbid_extra_keys=True)

    def hook(value: Any, _: Any) -> T:
        if not isinstance(value, dict):
            raise TypeError("not a table")
        return fill(value, cls)

    return hook


def _make_converter() -> cattrs.Converter:
    made = cattrs.Converter(forbid_extra_keys=True)
    made.register_structure_hook(str, _exactly(str))
    made.register_structure_hook(int, _exactly(int))
    made.register_structure_hook(float, _exactly(float, int))
    made.register_structure_hook(bool, _exactly(bool))
    made.register_structure_hook_factory(attrs.has, lambda cls: _structure_table(cls, made))
    return made


_converter = _make_converter()


def structured(value: Any, cls: type[T]) -> T:
    """What `unibatch.core.structuring.structure` returns, and raises with the place and the reason.

    Raises:
        StructureError: A value has the wrong type, a required key is missing, or a key is unknown.
    """
    try:
        return _converter.structure(value, cls)
    except (cattrs.BaseValidationError, cattrs.ForbiddenExtraKeysError, TypeError) as exc:
        raise _first_problem(exc) from exc
