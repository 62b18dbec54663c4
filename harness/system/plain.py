"""Values that travel between processes, into files and onto terminals: numbers and text as Python itself has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AS_IT_IS = {type(None), bool, int, float, bytes}


def plain(value: Any) -> Any:
    """A value made of None, bool, int, float, str, bytes, list, tuple and dict alone, all text valid UTF-8.

    Numbers, arrays and tensors of numpy and torch become those of Python; half a surrogate pair becomes its escape;
    what is nothing of this becomes its text.
    """
    kind = type(value)
    if kind in _AS_IT_IS or (kind is str and value.isascii()):
        return value
    if isinstance(value, str):
        return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    if kind is dict or (kind is not list and isinstance(value, Mapping)):
        return {plain(key): plain(one) for key, one in value.items()}
    for number in (int, float):
        if isinstance(value, number):
            return number(value)
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(map(plain, value))
    to_list = getattr(value, "tolist", None)
    return plain(to_list() if to_list is not None else str(value))


def visible(text: object) -> str:
    """Text with its control and direction-changing characters made visible."""
    said = str(text)
    if said.isprintable():
        return said
    return "".join(char if char.isprintable() or char == "\n" else f"\\u{ord(char):04x}" for char in said)


def one_line(text: object, most: int = 1000) -> str:
    """The same on one line, of which at most so many characters are shown."""
    line = visible(text).replace("\n", " ")
    return line if len(line) <= most else f"{line[:most]} ... ({len(line)} characters)"
