"""Names by which records know the dataclasses that recipes are made of, whatever the class is called or moved to.

A name is given once and for good: a record that holds it is found by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

Kind = TypeVar("Kind", bound=type)

_kinds: dict[str, type] = {}


def stable_name(name: str) -> Callable[[Kind], Kind]:
    """Class decorator: let records know a dataclass by this name, in lower case with dashes, such as "swap-blocks".

    Raises:
        ValueError: the name has another form, or another class has it.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ValueError(f"{name!r} is no stable name: lower case, digits and dashes")

    def named(kind: Kind) -> Kind:
        first = _kinds.get(name, kind)
        if (first.__module__, first.__qualname__) != (kind.__module__, kind.__qualname__):
            raise ValueError(f"{_place(kind)} cannot be named {name!r}: {_place(first)} has that name")
        _kinds[name] = kind
        kind.__stable_name__ = name  # type: ignore[attr-defined]
        return kind

    return named


def name_of(kind: type) -> str:
    """The stable name of a class, which it does not have from its bases.

    Raises:
        TypeError: it has none.
    """
    name = vars(kind).get("__stable_name__")
    if not isinstance(name, str):
        raise TypeError(f'{_place(kind)} has no stable name for records: decorate it with @stable_name("...")')
    return name


def kind_of(name: str) -> type | None:
    """The class of this name among those that are loaded."""
    return _kinds.get(name)


def _place(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
