"""One spelling for each JSON value, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical(value: Any, *, allow_nan: bool = False) -> bytes:
    """JSON with sorted keys, no spaces and ASCII only; the same bytes in every process.

    Raises:
        ValueError: for NaN and infinities, unless they are allowed.
        TypeError: for what is no JSON value.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=allow_nan).encode("ascii")


def content_key(made_of: Mapping[str, Any]) -> str:
    """The key (64 hex digits) of what is made of these things."""
    return hashlib.sha256(canonical(made_of)).hexdigest()
